// Options of pools and tasks: initializer, maxTasksPerChild, retries, priority, key, maxQueued.
import { describe, expect, test } from 'vitest';
import { currentProcess, currentTask, Pool, QueueFullError, WorkerDiedError } from 'multiproc';
import { DEATH, die, self } from '../support/start-method';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

const spin = (ms: number) => {
  const end = Date.now() + ms;
  while (Date.now() < end);
  return ms;
};

describe('initializer', () => {
  test('runs in each worker before its first task, and may be asynchronous', async () => {
    const initializer = async (x: number) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      (globalThis as { ready?: number }).ready = x;
    };
    await using pool = new Pool(2, { initializer, initArgs: [7] });
    expect(await pool.map(() => (globalThis as { ready?: number }).ready, upTo(20), { chunkSize: 1 })).toEqual(
      Array(20).fill(7),
    );
  });

  test('that throws: every task, later ones too, rejects with that', async () => {
    await using pool = new Pool({
      processes: 2,
      initializer: () => {
        throw new TypeError('not today');
      },
    });
    const tasks = [pool.apply(() => 1), pool.apply(() => 2), pool.map((x) => x, upTo(100))];
    for (const task of tasks) await expect(task).rejects.toThrow(new TypeError('not today'));
    await expect(pool.apply(() => 3)).rejects.toThrow('not today');
    expect(() => pool.applySync(() => 3)).toThrow('not today');
    expect(pool.stats.workersStarted).toBeLessThanOrEqual(2);
  });

  test.for([
    ['exits', (): void => process.exit(3), { exitCode: 3, signal: null }],
    ['dies', die, DEATH],
  ] as const)(
    'that %s: the tasks reject after a few tries, without a storm of processes',
    async ([, initializer, end]) => {
      await using pool = new Pool(2, { initializer });
      await expect(pool.apply(() => 1)).rejects.toMatchObject({ code: 'ERR_WORKER_DIED', ...end });
      expect(pool.stats.workersStarted).toBeLessThanOrEqual(10);
    },
  );

  test('that cannot be sent: SerializationError from the constructor', () => {
    const socket = new WeakMap();
    expect(() => new Pool(1, { initializer: () => socket })).toThrow(
      expect.objectContaining({ code: 'ERR_SERIALIZATION', path: "options.initializer → variable 'socket'" }),
    );
    expect(() => new Pool(1, { initializer: () => 1, initArgs: [1, socket] })).toThrow(
      expect.objectContaining({ code: 'ERR_SERIALIZATION', path: 'options.initArgs[1]' }),
    );
  });
});

test('maxTasksPerChild: no process runs more, and nobody notices', async () => {
  await using pool = new Pool(2, { maxTasksPerChild: 3 });
  const count = () => {
    const g = globalThis as { tasks?: number };
    return (g.tasks = (g.tasks ?? 0) + 1);
  };
  expect(Math.max(...(await Promise.all(upTo(14).map(() => pool.apply(count)))))).toBeLessThanOrEqual(3);
  expect(Math.max(...(await pool.map(count, upTo(14))))).toBeLessThanOrEqual(3);
  expect(pool.stats.workersStarted).toBeGreaterThanOrEqual(9);
  expect(pool.stats.workersDied).toBe(0);
});

describe('retries', () => {
  test('a task whose worker died runs again, and knows it', async () => {
    await using pool = new Pool(2);
    const attempt = await pool.apply(
      () => {
        const { attempt } = currentTask()!;
        if (attempt < 3) process.exit(1);
        return attempt;
      },
      [],
      { retries: 2 },
    );
    expect(attempt).toBe(3);
    expect(pool.stats).toMatchObject({ retried: 2, done: 1, failed: 0 });
  });

  test('a task that ends every worker it meets rejects alone', async () => {
    await using pool = new Pool(2, { retries: 2 });
    const outcomes = await pool.mapSettled((x) => (x === 50 ? process.exit(3) : x), upTo(100));
    expect(outcomes[50]).toMatchObject({ reason: { code: 'ERR_WORKER_DIED', exitCode: 3 } });
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(99);
    expect(pool.stats.retried).toBe(2);
    await expect(pool.apply(() => process.exit(3))).rejects.toThrow(WorkerDiedError);
    expect(pool.stats.retried).toBe(4);
  });
});

test('priority: higher first, equal ones in order', async () => {
  await using pool = new Pool(1);
  await pool.apply(() => 1);
  const order: string[] = [];
  const submit = (name: string, priority?: number) =>
    pool.apply(() => 1, [], priority === undefined ? undefined : { priority }).then(() => order.push(name));
  const first = pool.apply(spin, [100]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all([
    first,
    submit('plain 1'),
    submit('low', -1),
    submit('high 1', 5),
    submit('plain 2'),
    submit('higher', 6),
    submit('high 2', 5),
  ]);
  expect(order).toEqual(['higher', 'high 1', 'high 2', 'plain 1', 'plain 2', 'low']);
});

test('key: tasks of one key run on one worker', async () => {
  await using pool = new Pool(3);
  const workers = await Promise.all(upTo(60).map((i) => pool.apply(self, [], { key: `key ${i % 4}` })));
  for (const key of upTo(4)) expect(new Set(workers.filter((_, i) => i % 4 === key)).size).toBe(1);
  expect(new Set(workers).size).toBeGreaterThan(1);
  expect(new Set(await pool.map(() => self(), upTo(50), { key: 'key 1', chunkSize: 1 }))).toEqual(
    new Set([workers[1]]),
  );
});

test('key: goes to another worker when its own has died', async () => {
  await using pool = new Pool(2);
  const first = await pool.apply(self, [], { key: 1 });
  await expect(pool.apply(die, [], { key: 1 })).rejects.toThrow(WorkerDiedError);
  const later = await Promise.all(upTo(5).map(() => pool.apply(self, [], { key: 1, retries: 1 })));
  expect(new Set(later).size).toBe(1);
  expect(later[0]).not.toBe(first);
});

test('maxQueued: one more is a QueueFullError, and nothing else is lost', async () => {
  await using pool = new Pool(1, { maxQueued: 3 });
  const outcomes = await Promise.allSettled(upTo(20).map(() => pool.apply(spin, [5])));
  const full = outcomes.filter((o) => o.status === 'rejected');
  expect(full.length).toBeGreaterThanOrEqual(10);
  for (const { reason } of full) expect(reason).toBeInstanceOf(QueueFullError);
  expect(outcomes.filter((o) => o.status === 'fulfilled').length).toBeGreaterThanOrEqual(3);
  expect(await pool.apply(() => 'later')).toBe('later');
});

test('workers start as load asks, minProcesses at once', async () => {
  await using lazy = new Pool(4);
  expect(lazy.pids).toEqual([]);
  expect(lazy.processes).toBe(4);
  await lazy.apply(() => 1);
  await lazy.apply(() => 1);
  expect(lazy.pids).toHaveLength(1);
  await using eager = new Pool(4, { minProcesses: 3 });
  expect(eager.pids).toHaveLength(3);
});

test('names', async () => {
  await using pool = new Pool(1, { name: 'crunch' });
  const name = await pool.apply(() => currentProcess().name);
  expect(name).toBe('crunch-1');
});
