// pool.stream(): what a generator in a worker yields, in order, a bounded distance ahead.
import { describe, expect, test } from 'vitest';
import {
  Lock,
  Pool,
  PoolClosedError,
  PoolTerminatedError,
  Queue,
  SerializationError,
  TaskTimeoutError,
  WorkerDiedError,
} from 'multiproc';
import { result } from '../support/program';
import { die } from '../support/start-method';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

function* count(from: number, to: number): Generator<number> {
  for (let i = from; i < to; i++) yield i;
}

test('yields what a generator yields, with arguments and captured values', async () => {
  await using pool = new Pool(2);
  const factor = 3;
  const values: AsyncGenerator<number, void, undefined> = pool.stream(
    function* (n: number) {
      for (let i = 0; i < n; i++) yield i * factor;
    },
    [4],
  );
  expect(await all(values)).toEqual([0, 3, 6, 9]);
  expect(await all(pool.stream(count, [5, 5]))).toEqual([]);
  expect(await all(pool.stream(count, [0, 1000]))).toEqual(upTo(1000));
});

test('async generators, and whatever else is iterable', async () => {
  await using pool = new Pool(1);
  const slow = async function* () {
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield { i };
    }
  };
  expect(await all(pool.stream(slow))).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
  expect(await all(pool.stream(() => new Set(['a', 'b'])))).toEqual(['a', 'b']);
  await expect(all(pool.stream((() => 5) as never))).rejects.toThrow('what f returns must be iterable, got number');
});

test('several at once, and tasks beside them', async () => {
  await using pool = new Pool(2);
  const lists = await Promise.all([
    all(pool.stream(count, [0, 50])),
    all(pool.stream(count, [50, 90])),
    pool.apply(() => 7),
  ]);
  expect(lists).toEqual([upTo(50), upTo(90).slice(50), 7]);
});

test('is at most `buffered` values ahead, and begins at the call', async () => {
  await using pool = new Pool(1);
  const yielded = new Queue<number>();
  const telling = function* (told: Queue<number>) {
    for (let i = 0; i < 20; i++) {
      told.putSync(i);
      yield i;
    }
  };
  const stream = pool.stream(telling, [yielded], { buffered: 4 });
  for (let i = 0; i < 5; i++) await yielded.get();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(yielded.size).toBe(0);
  expect(await all(stream)).toEqual(upTo(20));
});

describe('leaving', () => {
  test.each(['break', 'return before next', 'asyncDispose'])(
    'by %s ends the generator, whose finally runs',
    async (way) => {
      await using pool = new Pool(1);
      const told = new Queue<string>();
      const endless = function* (to: Queue<string>) {
        try {
          to.putSync('begun');
          for (let i = 0; ; i++) yield i;
        } finally {
          to.putSync('finally');
        }
      };
      const stream = pool.stream(endless, [told], { buffered: 2, abortGrace: 60_000 });
      if (way === 'break') {
        for await (const value of stream) if (value === 3) break;
      } else {
        expect(await told.get()).toBe('begun');
        if (way === 'asyncDispose') await stream[Symbol.asyncDispose]();
        else await stream.return();
        told.putSync('begun');
      }
      expect(await told.get()).toBe('begun');
      expect(await told.get()).toBe('finally');
      expect(await stream.next()).toEqual({ done: true, value: undefined });
      expect(await pool.apply(() => 'well')).toBe('well');
      expect(pool.stats.workersStarted).toBe(1);
    },
  );

  test('a generator that does not yield any more is ended after the grace', async () => {
    await using pool = new Pool(1);
    const stuck = function* () {
      yield 1;
      for (;;);
    };
    const stream = pool.stream(stuck, [], { abortGrace: 50 });
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await stream.return();
    expect(await pool.apply(() => 'well')).toBe('well');
  });
});

describe('ends with an error', () => {
  test('of the generator, after what came before it', async () => {
    await using pool = new Pool(1);
    const failing = function* () {
      yield 1;
      yield 2;
      throw new RangeError('enough');
    };
    const stream = pool.stream(failing);
    expect(await stream.next()).toMatchObject({ value: 1 });
    expect(await stream.next()).toMatchObject({ value: 2 });
    await expect(stream.next()).rejects.toThrow(new RangeError('enough'));
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('of a value that can not be sent', async () => {
    await using pool = new Pool(1);
    const stream = pool.stream(function* () {
      yield 1;
      yield new WeakMap();
    });
    expect(await stream.next()).toMatchObject({ value: 1 });
    await expect(stream.next()).rejects.toThrow(SerializationError);
  });

  test('of a worker that died, whatever the pool retries', async () => {
    await using pool = new Pool(1, { retries: 3 });
    const dying = async function* (kill: () => void) {
      yield 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      kill();
      await new Promise(() => {});
      yield 2;
    };
    const stream = pool.stream(dying, [die]);
    expect(await stream.next()).toMatchObject({ value: 1 });
    await expect(stream.next()).rejects.toThrow(WorkerDiedError);
    expect(await pool.apply(() => 'well')).toBe('well');
  });

  test('of its time limit; of its signal, at once', async () => {
    await using pool = new Pool(1);
    const endless = async function* () {
      for (let i = 0; ; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield i;
      }
    };
    await expect(all(pool.stream(endless, [], { timeout: 200 }))).rejects.toThrow(TaskTimeoutError);
    const aborted = new AbortController();
    const stream = pool.stream(endless, [], { signal: aborted.signal });
    await stream.next();
    aborted.abort(new Error('no more'));
    await expect(stream.next()).rejects.toThrow('no more');
  });

  test('of the pool', async () => {
    const pool = new Pool(1);
    const stream = pool.stream(async function* () {
      yield 1;
      await new Promise(() => {});
    });
    expect(await stream.next()).toMatchObject({ value: 1 });
    const next = stream.next();
    next.catch(() => {});
    await pool.terminate();
    await expect(next).rejects.toThrow(PoolTerminatedError);
    expect(() => pool.stream(count, [0, 1])).toThrow(PoolTerminatedError);
  });
});

describe('throws at the call', () => {
  const socket = new WeakMap();
  test.each([
    ['no function', [5], TypeError, /f must be a function, got 5/],
    ['no list of arguments', [count, 5], TypeError, /args must be an array/],
    ['buffered 0', [count, [0, 1], { buffered: 0 }], RangeError, /options\.buffered/],
    ['a wrong timeout', [count, [0, 1], { timeout: -1 }], RangeError, /options\.timeout/],
    ['a function that can not be sent', [() => [socket]], SerializationError, /^cannot send f → variable 'socket'/],
    ['an argument that can not be sent', [count, [socket]], SerializationError, /^cannot send args\[0\]/],
  ] as const)('%s', async (_, args, type, message) => {
    await using pool = new Pool(1);
    const call = () => (pool.stream as (...args: readonly unknown[]) => unknown).apply(pool, [...args]);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(pool.stats).toMatchObject({ queued: 0, running: 0 });
  });

  test('a closed pool', async () => {
    const pool = new Pool(1);
    pool.close();
    expect(() => pool.stream(count, [0, 1])).toThrow(PoolClosedError);
    await pool.join();
  });
});

describe('that nobody reads', () => {
  test.each(['join', 'joinSync'] as const)('does not keep the pool from its end: %s()', async (way) => {
    const pool = new Pool(1);
    const stream = pool.stream(count, [0, 300], { buffered: 3 });
    pool.close();
    await pool[way]({ timeout: 60_000 });
    expect(await all(stream)).toEqual(upTo(300));
  });

  test('does not keep the program from its end', async () => {
    expect(await result('stream-unread')).toEqual([0]);
  });
});

test('handles among the values are the same objects here', async () => {
  await using pool = new Pool(1);
  const lock = new Lock();
  const got = await all(
    pool.stream(function* () {
      yield lock;
      yield [lock, 'x'.repeat(100_000)];
    }),
  );
  expect(got[0]).toBe(lock);
  expect((got[1] as unknown[])[0]).toBe(lock);
});
