// A test of the user's that replaces timers and clocks, as jest's and vitest's fake timers do: what this library waits for is real.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Event, Lock, Pool, Process, Queue } from 'multiproc';
import { noLeaksOfPools } from './support';

noLeaksOfPools();

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'queueMicrotask',
      'performance',
      'hrtime',
      'Date',
    ],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

test('tasks, maps and their limits', async () => {
  await using pool = new Pool(2);
  expect(await pool.apply((n: number) => n + 1, [1])).toBe(2);
  expect(await pool.map((n) => n * 2, [1, 2, 3])).toEqual([2, 4, 6]);
  const endless = () => {
    for (;;);
  };
  await expect(pool.apply(endless, [], { timeout: 50, abortGrace: 20 })).rejects.toThrow('longer than 50 ms');
  const all: number[] = [];
  for await (const n of pool.imap((x: number) => x, [1, 2, 3])) all.push(n);
  expect(all).toEqual([1, 2, 3]);
});

test('waits with a timeout', async () => {
  const lock = new Lock();
  lock.acquireSync();
  expect(await lock.acquire({ timeout: 20 })).toBe(false);
  expect(await new Event().wait({ timeout: 20 })).toBe(false);
  await expect(new Queue().get({ timeout: 20 })).rejects.toThrow('empty');
  expect(() => new Queue().getSync({ timeout: 20 })).toThrow('empty');
  lock.release();
});

test('the end of a process', async () => {
  const process = new Process({ target: () => setTimeout(() => {}, 20) }).start();
  expect(await process.join({ timeout: 100_000 })).toBe(0);
  const endless = new Process({ target: () => setInterval(() => {}, 1000) }).start();
  expect(await endless.join({ timeout: 20 })).toBe(null);
  await endless[Symbol.asyncDispose]();
  expect(endless.exitCode).toBe(-15);
});
