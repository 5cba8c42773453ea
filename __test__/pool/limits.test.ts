// What ends a task early: its time limit, its AbortSignal.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { currentTask, Pool, TaskTimeoutError } from 'multiproc';
import { self } from '../support/start-method';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

const endless = () => {
  for (;;);
};
const never = () => new Promise<never>(() => {});

describe('timeout', () => {
  test.for([
    ['a busy loop', endless],
    ['a promise that never settles', never],
  ] as const)('%s: TaskTimeoutError, and the worker is replaced', async ([, f]) => {
    await using pool = new Pool(1);
    const pid = await pool.apply(self);
    await expect(pool.apply(f, [], { timeout: 50, abortGrace: 20 })).rejects.toThrow(TaskTimeoutError);
    const next = await pool.apply(self);
    expect(next).not.toBe(pid);
  });

  test('its error has the stack of whoever submitted the task', async () => {
    await using pool = new Pool(1);
    const settings = { timeout: 20, abortGrace: 0 };
    const byApply = await pool.apply(endless, [], settings).catch((error: Error) => error.stack);
    const byMap = await pool.map(endless, [1], settings).catch((error: Error) => error.stack);
    expect(byApply).toMatch(/^TaskTimeoutError: .* 20 ms\n    at pool\.apply \(in worker .*\n.*limits\.test\.ts:\d+/);
    expect(byMap).toMatch(/^TaskTimeoutError: .* 20 ms\n    at pool\.map \(in worker .*\n.*limits\.test\.ts:\d+/);
  });

  test('counts from the start of the task, not from its submission', async () => {
    await using pool = new Pool(1);
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, ms));
    const tasks = upTo(6).map(() => pool.apply(wait, [100], { timeout: 400 }));
    expect(await Promise.all(tasks)).toEqual(Array(6).fill(100));
  });

  test('counts for each item of a map', async () => {
    await using pool = new Pool(2);
    const f = (x: number) => {
      if (x === 3) for (;;);
      return x;
    };
    const outcomes = await pool.mapSettled(f, upTo(8), { timeout: 100, abortGrace: 20 });
    expect(outcomes.map((o) => o.status)).toEqual(upTo(8).map((x) => (x === 3 ? 'rejected' : 'fulfilled')));
    expect(outcomes[3]).toMatchObject({ reason: { code: 'ERR_TASK_TIMEOUT' } });
  });

  test('a task that heeds currentTask().signal keeps its worker', async () => {
    await using pool = new Pool(1);
    const pid = await pool.apply(self);
    const heeding = () =>
      new Promise((_, reject) => currentTask()!.signal.addEventListener('abort', () => reject(new Error('heard'))));
    await expect(pool.apply(heeding, [], { timeout: 50, abortGrace: 20_000 })).rejects.toThrow(TaskTimeoutError);
    expect(await pool.apply(self)).toBe(pid);
  });

  test('other tasks of the worker are not harmed', async () => {
    await using pool = new Pool(2);
    await Promise.all(upTo(100).map(() => pool.apply(() => 1)));
    const tasks = upTo(200).map((i) => pool.apply((x: number) => x, [i]));
    const late = pool.apply(endless, [], { timeout: 50, abortGrace: 20 });
    const after = upTo(200).map((i) => pool.apply((x: number) => x, [i]));
    await expect(late).rejects.toThrow(TaskTimeoutError);
    expect(await Promise.all([...tasks, ...after])).toEqual([...upTo(200), ...upTo(200)]);
  });
});

describe('signal', () => {
  test('aborted already: rejects with its reason, and nothing runs', async () => {
    await using pool = new Pool(1);
    const reason = new Error('too late');
    await expect(pool.apply(() => 1, [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(pool.map((x) => x, [1], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(pool.stats.workersStarted).toBe(0);
  });

  test('a queued task never runs', async () => {
    await using pool = new Pool(1);
    const controller = new AbortController();
    const busy = pool.apply(() => new Promise((resolve) => setTimeout(resolve, 100, 'busy')));
    const queued = pool.apply(() => process.exit(1), [], { signal: controller.signal });
    setTimeout(() => controller.abort('no'), 20);
    await expect(queued).rejects.toBe('no');
    expect(await busy).toBe('busy');
    expect(await pool.apply(() => 'next')).toBe('next');
    expect(pool.stats.workersDied).toBe(0);
  });

  test('a running task rejects at once; its worker is killed after the grace', async () => {
    await using pool = new Pool(1);
    const pid = await pool.apply(self);
    const controller = new AbortController();
    const task = pool.apply(endless, [], { signal: controller.signal, abortGrace: 50 });
    setTimeout(() => controller.abort(), 50);
    await expect(task).rejects.toMatchObject({ name: 'AbortError' });
    expect(await pool.apply(self)).not.toBe(pid);
  });

  test('a map ends', async () => {
    await using pool = new Pool(2);
    const controller = new AbortController();
    const map = pool.map(never, upTo(100), { signal: controller.signal, abortGrace: 20 });
    setTimeout(() => controller.abort('stop'), 100);
    await expect(map).rejects.toBe('stop');
    expect(await pool.map((x) => x + 1, [1, 2])).toEqual([2, 3]);
  });

  test('one signal ends many tasks with a single listener: Node warns of a leak at the eleventh', async () => {
    await using pool = new Pool(1);
    const controller = new AbortController();
    const { signal } = controller;
    const tasks = upTo(50).map(() => pool.apply(never, [], { signal, abortGrace: 0 }));
    tasks.push(pool.map(never, [1, 2], { signal, abortGrace: 0 }) as Promise<never>);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort('all');
    expect((await Promise.allSettled(tasks)).map((task) => (task as PromiseRejectedResult).reason as unknown)).toEqual(
      Array(51).fill('all'),
    );
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    expect(await pool.apply(() => 1)).toBe(1);
  });

  test('a settled task leaves no listener behind', async () => {
    await using pool = new Pool(1);
    const { signal } = new AbortController();
    let listeners = 0;
    const count = (by: number, method: 'addEventListener' | 'removeEventListener') => {
      const original = signal[method].bind(signal) as (...args: unknown[]) => void;
      signal[method] = (...args: unknown[]) => {
        listeners += by;
        original(...args);
      };
    };
    count(1, 'addEventListener');
    count(-1, 'removeEventListener');
    await Promise.all(upTo(10).map(() => pool.apply(() => 1, [], { signal })));
    await pool.map((x) => x, [1, 2], { signal });
    expect(listeners).toBe(0);
  });
});
