// One call in a worker: arguments, results, errors.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { currentTask, Pool } from 'multiproc';
import { self, threads } from '../support/start-method';
import { noLeaksOfPools } from './support';

noLeaksOfPools();

test('f runs in another process or thread, and its result comes back', async () => {
  await using pool = new Pool(2);
  const [pid, where, sum] = await pool.apply((a: number, b: number) => [process.pid, self(), a + b] as const, [2, 3.5]);
  expect(sum).toBe(5.5);
  expect(where).not.toBe(self());
  expect(pid === process.pid).toBe(threads);
  expect(pool.pids).toContain(pid);
});

test('args may be left out', async () => {
  await using pool = new Pool(1);
  expect(await pool.apply((...args: unknown[]) => args.length)).toBe(0);
  expect(await pool.apply(() => 'x', [])).toBe('x');
});

const VALUES: [string, unknown][] = [
  ['0', 0],
  ['-0', -0],
  ['NaN', NaN],
  ['Infinity', -Infinity],
  ['2^23', 2 ** 23],
  ['-2^23', -(2 ** 23)],
  ['2^31 - 1', 2 ** 31 - 1],
  ['-2^31', -(2 ** 31)],
  ['2^31', 2 ** 31],
  ['2^53', 2 ** 53],
  ['0.1', 0.1],
  ['5e-324', 5e-324],
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
  ['the empty string', ''],
  ['a short string', 'grüße'],
  ['a string with a NUL', 'a\0b'],
  ['48 characters', 'é'.repeat(48)],
  ['49 characters', 'é'.repeat(49)],
  ['text beyond Latin-1', '日本語 🎉'],
  ['a lone surrogate', '\ud800x'],
  ['a bigint', 2n ** 70n],
  ['an object', { a: [1, 'x', { b: null }], u: undefined }],
  ['a Map', new Map([[1, { a: 2 }]])],
  ['a Date', new Date(7)],
  ['a typed array', new Float64Array([1.5, 2.5])],
  ['100 kB of text', 'x'.repeat(100_000)],
];

describe('there and back', () => {
  let pool: Pool;
  beforeAll(() => void (pool = new Pool(1)));
  afterAll(() => pool.terminate());

  test.for(VALUES)('%s', async ([, value]) => {
    const back = await pool.apply((x: unknown) => x, [value]);
    expect(back).toStrictEqual(value);
    if (typeof value === 'number') expect(Object.is(back, value)).toBe(true);
    expect(await pool.map((x: unknown) => x, [value, value])).toStrictEqual([value, value]);
  });
});

test('5 MB of bytes, there and back', async () => {
  await using pool = new Pool(2);
  const bytes = Buffer.alloc(5_000_000, 7);
  const back = await pool.apply((x: Uint8Array) => x, [new Uint8Array(bytes)]);
  expect(Buffer.compare(back, bytes)).toBe(0);
});

test('many arguments', async () => {
  await using pool = new Pool(1);
  const args = Array.from({ length: 1000 }, (_, i) => i);
  expect(await pool.apply((...all: number[]) => all.reduce((a, b) => a + b), args)).toBe(499_500);
});

test('arguments are as they were at the call', async () => {
  await using pool = new Pool(1);
  const list = [1, 2];
  const sum = pool.apply((xs: number[]) => xs.reduce((a, b) => a + b), [list]);
  list.push(100);
  expect(await sum).toBe(3);
});

test('a captured variable is as it was at the call', async () => {
  await using pool = new Pool(1);
  let factor = 2;
  const times = (n: number) => n * factor;
  const first = pool.apply(times, [10]);
  factor = 3;
  const second = pool.apply(times, [10]);
  expect(await Promise.all([first, second])).toEqual([20, 30]);
});

test('an async function is awaited, and so is a thenable', async () => {
  await using pool = new Pool(1);
  expect(await pool.apply(async (n: number) => n + 1, [1])).toBe(2);
  expect(await pool.apply(() => new Promise((resolve) => setTimeout(resolve, 5, 'late')))).toBe('late');
  expect(await pool.apply(() => ({ then: (resolve: (x: number) => void) => resolve(5) }) as unknown as number)).toBe(5);
});

test('a worker has one task at a time, asynchronous ones too', async () => {
  await using pool = new Pool(1);
  const tasks = Array.from({ length: 10 }, () =>
    pool.apply(async () => {
      const g = globalThis as { running?: number };
      g.running = (g.running ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 2));
      return g.running--;
    }),
  );
  expect(await Promise.all(tasks)).toEqual(Array(10).fill(1));
});

test('20,000 tasks at once, each with its own result', async () => {
  await using pool = new Pool(2);
  const increment = (n: number) => n + 1;
  const tasks = Array.from({ length: 20_000 }, (_, i) => pool.apply(increment, [i]));
  expect(await Promise.all(tasks)).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
  expect(pool.stats).toMatchObject({ done: 20_000, failed: 0, queued: 0, running: 0 });
});

test('more functions than a worker keeps', async () => {
  await using pool = new Pool(2);
  const tasks = Array.from({ length: 800 }, (_, i) => pool.apply(() => i));
  expect(await Promise.all(tasks)).toEqual(Array.from({ length: 800 }, (_, i) => i));
  const again = Array.from({ length: 800 }, (_, i) => pool.apply(() => i));
  expect(await Promise.all(again)).toEqual(Array.from({ length: 800 }, (_, i) => i));
});

test('a large function', async () => {
  await using pool = new Pool(2);
  const table = Array.from({ length: 20_000 }, (_, i) => `row ${i}`);
  expect(await Promise.all([1, 5, 19_999].map((i) => pool.apply((k: number) => table[k], [i])))).toEqual([
    'row 1',
    'row 5',
    'row 19999',
  ]);
});

describe('what a task throws', () => {
  test('has its class, message, data, and both stacks: the worker’s, then the caller’s', async () => {
    await using pool = new Pool(1);
    const error = await pool
      .apply(function inWorker() {
        throw Object.assign(new RangeError('too far', { cause: new TypeError('why') }), { limit: 7 });
      })
      .catch((e: unknown) => e as RangeError & { limit: number });
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far', limit: 7 });
    expect((error as Error).cause).toBeInstanceOf(TypeError);
    const { stack } = error as Error;
    expect(stack).toMatch(
      /inWorker[^]*at pool\.apply \(in worker (process \d+|thread ThreadPoolWorker-1)\)[^]*apply\.test/,
    );
    expect(stack).not.toMatch(/dist\/(pool|worker)/);
  });

  test('shows which of two places submitted it, and after many tasks still a place of its function', async () => {
    await using pool = new Pool(1);
    const fails = (): never => {
      throw new Error('here');
    };
    const stackOf = (outcome: Promise<unknown>): Promise<string> => outcome.then(String, (e: Error) => e.stack!);
    const firstPlace = (): Promise<string> => stackOf(pool.apply(fails));
    const secondPlace = (): Promise<string> => stackOf(pool.apply(fails));
    for (let i = 0; i < 4; i++) {
      expect(await firstPlace()).toMatch(/at firstPlace/);
      expect(await secondPlace()).toMatch(/at secondPlace/);
    }
    for (const stack of await Promise.all(Array.from({ length: 1000 }, firstPlace)))
      expect(stack).toMatch(/at \w+Place/);
    // Some time later it is exact again.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await secondPlace()).toMatch(/at secondPlace/);
  });

  test.for([
    ['null', null],
    ['undefined', undefined],
    ['a string', 'text'],
    ['an object', { a: 1 }],
  ] as const)('%s arrives as it is', async ([, thrown]) => {
    await using pool = new Pool(1);
    const outcome = pool.apply(
      (x: unknown) => {
        throw x;
      },
      [thrown],
    );
    expect(
      await outcome.then(
        () => 'no',
        (e: unknown) => ({ e }),
      ),
    ).toStrictEqual({ e: thrown });
  });

  test('may be frozen, or have getters that throw', async () => {
    await using pool = new Pool(1);
    await expect(
      pool.apply(() => {
        throw Object.freeze(new Error('cold'));
      }),
    ).rejects.toThrow('cold');
    await expect(
      pool.apply(() => {
        throw Object.defineProperty(new Error('sly'), 'x', { enumerable: true, get: () => process.exit(1) });
      }),
    ).rejects.toThrow('sly');
  });

  test('a rejection arrives as a throw does', async () => {
    await using pool = new Pool(1);
    await expect(pool.apply(() => Promise.reject(new TypeError('later')))).rejects.toThrow(new TypeError('later'));
  });

  test('a result that cannot be sent is a SerializationError, and the worker lives', async () => {
    await using pool = new Pool(1);
    const pid = await pool.apply(() => process.pid);
    await expect(pool.apply(() => ({ a: [new WeakMap()] }))).rejects.toMatchObject({
      code: 'ERR_SERIALIZATION',
      path: 'result.a[0]',
    });
    expect(await pool.apply(() => process.pid)).toBe(pid);
  });
});

test('currentTask() says which task runs, and is undefined elsewhere', async () => {
  expect(currentTask()).toBeUndefined();
  await using pool = new Pool(1);
  const seen = await Promise.all(
    [1, 2].map(() => pool.apply(() => (({ id, attempt }) => ({ id, attempt }))(currentTask()!))),
  );
  expect(seen.map((task) => task.attempt)).toEqual([1, 1]);
  expect(seen[0].id).not.toBe(seen[1].id);
  expect(await pool.apply(() => currentTask()!.signal.aborted)).toBe(false);
});

test('report() hands values to onReport, in order, before the task settles', async () => {
  await using pool = new Pool(1);
  const reports: unknown[] = [];
  const done = await pool.apply(
    async () => {
      for (const step of [1, 'two', { three: 3 }]) currentTask()!.report(step);
      return 'done';
    },
    [],
    { onReport: (value) => reports.push(value) },
  );
  expect(done).toBe('done');
  expect(reports).toEqual([1, 'two', { three: 3 }]);
});
