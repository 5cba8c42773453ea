// close, terminate, join, disposal, and what the end of a pool means for its tasks.
import { describe, expect, test } from 'vitest';
import { Pool, PoolClosedError, PoolTerminatedError, ProcessError, Queue, TimeoutError } from 'multiproc';
import { runs } from '../support/proc';
import { self, threads } from '../support/start-method';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

const never = () => new Promise<never>(() => {});

test('close: what was submitted still runs, nothing more is taken, workers end', async () => {
  const pool = new Pool(2);
  const tasks = Promise.all([
    ...upTo(100).map((i) => pool.apply((x: number) => x, [i])),
    pool.map((x) => x, upTo(1000)),
  ]);
  pool.close();
  pool.close();
  await expect(pool.apply(() => 1)).rejects.toThrow(PoolClosedError);
  await expect(pool.map((x) => x, [1])).rejects.toThrow(PoolClosedError);
  expect(() => pool.imap((x) => x, [1])).toThrow(PoolClosedError);
  expect(() => pool.applySync(() => 1)).toThrow(PoolClosedError);
  await pool.join();
  expect(pool.pids).toEqual([]);
  expect(await tasks).toEqual([...upTo(100), upTo(1000)]);
});

test('workers end by themselves: exit handlers run', async () => {
  const { mkdtempSync, readdirSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'end-'));
  try {
    for (const end of ['close', 'terminate'] as const) {
      const pool = new Pool(2);
      const pid = await pool.apply(
        (path: string) => {
          const where = self();
          process.on('exit', () => process.getBuiltinModule('node:fs').writeFileSync(`${path}/${where}`, ''));
          return where;
        },
        [folder],
      );
      await pool[end]();
      await pool.join();
      expect(readdirSync(folder)).toContain(String(pid));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('terminate', () => {
  test('rejects what runs, what waits and what is submitted later, and ends the workers', async () => {
    const pool = new Pool(2);
    await pool.map((x) => x, upTo(8), { chunkSize: 1 });
    const { pids } = pool;
    const begun = new Queue<boolean>();
    const endless = (told: Queue<boolean>): never => {
      told.putSync(true);
      for (;;);
    };
    const waiting = (told: Queue<boolean>) => {
      told.putSync(true);
      return new Promise(() => {});
    };
    // Both workers are taken before more is submitted: a second one that is still booting would rightly begin with the
    // task of the highest priority.
    const running = [pool.apply(endless, [begun]), pool.apply(waiting, [begun])];
    await begun.get();
    await begun.get();
    const tasks = [
      ...running,
      pool.map(never, upTo(100)),
      ...upTo(500).map(() => pool.apply(() => 1)),
      pool.apply(() => 1, [], { priority: 3 }),
      pool.imap(never, upTo(10)).next(),
    ];
    await new Promise((resolve) => setTimeout(resolve, 50));
    await pool.terminate();
    for (const task of tasks) await expect(task).rejects.toThrow(PoolTerminatedError);
    await expect(pool.apply(() => 1)).rejects.toThrow(PoolTerminatedError);
    expect(pool.pids).toEqual([]);
    if (!threads) expect(pids.some(runs)).toBe(false);
    expect(pool.stats).toMatchObject({ queued: 0, running: 0 });
    await pool.terminate();
  });

  test('such rejections never count as unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      {
        await using pool = new Pool(1);
        void pool.apply(never);
        void pool.apply(() => 1);
        void pool.map(never, upTo(10));
        void pool.mapSettled(never, upTo(10));
        const stream = pool.imap(never, upTo(10));
        void stream.next();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });

  test('before any worker started, and of a pool that did nothing', async () => {
    const pool = new Pool(2);
    const task = pool.apply(() => 1);
    await pool.terminate();
    await expect(task).rejects.toThrow(PoolTerminatedError);
    await new Pool(2).terminate();
  });
});

test('join needs close or terminate before it, and has a timeout', async () => {
  const pool = new Pool(1);
  await expect(pool.join()).rejects.toThrow(ProcessError);
  expect(() => pool.joinSync()).toThrow(ProcessError);
  const slow = pool.apply(() => new Promise((resolve) => setTimeout(resolve, 300)));
  pool.close();
  await expect(pool.join({ timeout: 10 })).rejects.toThrow(TimeoutError);
  await pool.join();
  await slow;
});

test('await using ends the workers', async () => {
  let ended: Pool;
  let pid: number;
  {
    await using pool = new Pool(1);
    ended = pool;
    pid = await pool.apply(() => process.pid);
  }
  expect(ended.pids).toEqual([]);
  expect(runs(pid)).toBe(threads);
});

test('a pool within a task', async () => {
  await using pool = new Pool(1);
  const sum = await pool.apply(async () => {
    await using inner = new Pool(2);
    const squares = await inner.map((x: number) => x * x, [1, 2, 3]);
    return squares.reduce((a, b) => a + b);
  });
  expect(sum).toBe(14);
});
