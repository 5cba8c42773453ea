// Workers that end between tasks: idle for longer than idleTimeout, or larger than maxMemory.
import { describe, expect, test } from 'vitest';
import { Pool, sharedArray } from 'multiproc';
import { threads } from '../support/start-method';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 3000 && !holds(); i++) await sleep(10);
  expect(holds()).toBe(true);
}

describe('idleTimeout', () => {
  test('ends workers that are idle; others start when there is work', async () => {
    await using pool = new Pool(3, { idleTimeout: 50 });
    const nap = () => new Promise((resolve) => setTimeout(resolve, 20));
    await pool.map(nap, upTo(6), { chunkSize: 1 });
    expect(pool.pids.length).toBeGreaterThan(0);
    await until(() => pool.pids.length === 0);
    expect(pool.stats.workersDied).toBe(0);
    expect(await pool.map((x) => x + 1, [1, 2, 3])).toEqual([2, 3, 4]);
    await until(() => pool.pids.length === 0);
  });

  test('minProcesses stay', async () => {
    await using pool = new Pool(3, { idleTimeout: 30, minProcesses: 1 });
    await pool.map(() => new Promise((resolve) => setTimeout(resolve, 20)), upTo(6), { chunkSize: 1 });
    await until(() => pool.pids.length === 1);
    await sleep(200);
    expect(pool.pids).toHaveLength(1);
    expect(await pool.apply(() => 7)).toBe(7);
  });

  test('of 0, one task after the other, none is lost', async () => {
    await using pool = new Pool(2, { idleTimeout: 0 });
    for (let i = 0; i < 8; i++) {
      expect(await pool.apply((x: number) => x, [i])).toBe(i);
      await sleep(i % 3);
    }
    expect(await pool.map((x) => x, upTo(500))).toEqual(upTo(500));
    await until(() => pool.pids.length === 0);
    expect(pool.applySync((x: number) => x * 2, [4])).toBe(8);
    expect(pool.stats).toMatchObject({ failed: 0, workersDied: 0 });
  });

  test('a worker with a long task is not idle', async () => {
    await using pool = new Pool(1, { idleTimeout: 20 });
    const first = await pool.apply(() => new Promise<string>((resolve) => setTimeout(() => resolve('done'), 300)));
    expect(first).toBe('done');
    expect(pool.stats.workersStarted).toBe(1);
  });
});

describe.skipIf(threads)('maxMemory (threads share their memory)', () => {
  const fill = (megabytes: number) => {
    (globalThis as { kept?: Buffer }).kept = Buffer.alloc(megabytes << 20, 1);
    return process.pid;
  };

  test('replaces a worker that is too large, between two tasks', async () => {
    await using pool = new Pool(1, { maxMemory: 300 << 20 });
    const small = await pool.apply(fill, [1]);
    await sleep(1500);
    expect(await pool.apply(fill, [1])).toBe(small);
    const large = await pool.apply(fill, [400]);
    expect(large).toBe(small);
    await until(() => !pool.pids.includes(large));
    expect(await pool.apply(fill, [1])).not.toBe(large);
    expect(pool.stats).toMatchObject({ failed: 0, workersDied: 0, workersStarted: 2 });
  });

  test('what waits behind its task runs elsewhere, once', async () => {
    await using pool = new Pool(1, { maxMemory: 300 << 20 });
    const slow = (x: number) => {
      if (x === 0) (globalThis as { kept?: Buffer }).kept = Buffer.alloc(400 << 20, 1);
      return new Promise<number>((resolve) => setTimeout(() => resolve(x), x === 0 ? 2500 : 5));
    };
    expect(await Promise.all(upTo(20).map((x) => pool.apply(slow, [x])))).toEqual(upTo(20));
    expect(pool.stats).toMatchObject({ done: 20, failed: 0, retried: 0, workersDied: 0, workersStarted: 2 });
  });

  test('shared arrays do not count', async () => {
    await using pool = new Pool(1, { maxMemory: 300 << 20 });
    const shared = sharedArray(Uint8Array, 400 << 20);
    const touch = (bytes: Uint8Array) => {
      for (let i = 0; i < bytes.length; i += 4096) bytes[i] = 1;
      return process.pid;
    };
    const pid = await pool.apply(touch, [shared]);
    await sleep(2200);
    expect(await pool.apply(() => process.pid)).toBe(pid);
  });
});
