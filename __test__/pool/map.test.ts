// map, starmap, mapSettled: results in order, whatever the items are and however they are cut into chunks.
import { describe, expect, test } from 'vitest';
import { Pool } from 'multiproc';
import { self } from '../support/start-method';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

test('the article: x ** x in the workers', async () => {
  await using pool = new Pool(2);
  expect(await pool.map((x) => x ** x, [5, 9, 8])).toEqual([3125, 387420489, 16777216]);
});

test('f gets the item alone', async () => {
  await using pool = new Pool(1);
  expect(await pool.map((...args: unknown[]) => args, ['a', 'b'])).toEqual([['a'], ['b']]);
  expect(await pool.map(parseInt as (s: string) => number, ['10', '10', '10'])).toEqual([10, 10, 10]);
});

describe.for([1, 2, 3])('%i workers', (workers) => {
  test.for([0, 1, 63, 64, 1000, 100_000])('%i numbers', async (n) => {
    await using pool = new Pool(workers);
    expect(await pool.map((x) => x * x, upTo(n))).toEqual(upTo(n).map((x) => x * x));
  });
});

test('1e6 numbers', async () => {
  await using pool = new Pool(2);
  const out = await pool.map((x) => x * 2, upTo(1e6));
  expect(out.length).toBe(1e6);
  expect(out.every((x, i) => x === 2 * i)).toBe(true);
});

test('numbers are exact: -0, NaN, infinities, fractions', async () => {
  await using pool = new Pool(2);
  const special = [-0, NaN, Infinity, -Infinity, 5e-324, 0.1, 2 ** 53, 1.7976931348623157e308];
  const items = upTo(800).map((i) => special[i % special.length]);
  const out = await pool.map((x) => x, items);
  expect(out.every((x, i) => Object.is(x, items[i]))).toBe(true);
});

describe('numbers with results of other kinds in between', () => {
  const RESULTS: [string, (x: number) => unknown][] = [
    ['null', (x) => (x % 997 === 5 ? null : x)],
    ['strings', (x) => `s${x}`],
    ['objects now and then', (x) => (x % 1000 === 999 ? { x } : x)],
    ['promises', (x) => (x % 5000 === 1 ? Promise.resolve(x) : x)],
    ['functions', (x) => (x % 5000 === 1 ? undefined : x)],
  ];
  test.for(RESULTS)('%s', async ([, f]) => {
    await using pool = new Pool(2);
    expect(await pool.map(f, upTo(20_000))).toEqual(await Promise.all(upTo(20_000).map(f)));
  });
});

test('items of every kind, small and large', async () => {
  await using pool = new Pool(2);
  const items = [null, undefined, true, 'a', 'x'.repeat(100_000), { a: [1] }, 1n, new Date(5), new Map([[1, 2]]), 1.5];
  const many = upTo(500).map((i) => items[i % items.length]);
  expect(await pool.map((x) => x, many)).toStrictEqual(many);
});

test('typed arrays, sets, generators and async iterables are items too', async () => {
  await using pool = new Pool(2);
  const double = (x: number) => 2 * x;
  expect(await pool.map(double, new Float64Array([1.5, 2]))).toEqual([3, 4]);
  expect(await pool.map(double, new Set([1, 2]))).toEqual([2, 4]);
  expect(
    await pool.map(
      double,
      (function* () {
        yield* [1, 2, 3];
      })(),
    ),
  ).toEqual([2, 4, 6]);
  async function* slow() {
    for (let i = 0; i < 1000; i++) {
      if (i % 100 === 0) await null;
      yield i;
    }
  }
  expect(await pool.map(double, slow())).toEqual(upTo(1000).map(double));
});

test('holes are undefined', async () => {
  await using pool = new Pool(1);
  // oxlint-disable-next-line no-sparse-arrays
  expect(await pool.map((x) => x === undefined, [1, , 3])).toEqual([false, true, false]);
});

test('items are as they were at the call', async () => {
  await using pool = new Pool(1);
  const items = [{ n: 1 }, { n: 2 }];
  const numbers = upTo(1000);
  const both = Promise.all([pool.map((x) => x.n, items), pool.map((x) => x, numbers)]);
  items[1].n = 50;
  items.push({ n: 3 });
  numbers.fill(-1);
  expect(await both).toEqual([[1, 2], upTo(1000)]);
});

test('an item that two positions share is a copy at each', async () => {
  await using pool = new Pool(1);
  const shared = { n: 0 };
  expect(await pool.map((x) => ++x.n, [shared, shared, shared])).toEqual([1, 1, 1]);
});

test.for([1, 7, 1000, 1e9])('chunkSize %i', async (chunkSize) => {
  await using pool = new Pool(2);
  expect(await pool.map((x) => x + 1, upTo(3000), { chunkSize })).toEqual(upTo(3000).map((x) => x + 1));
  expect(await pool.map((x) => x, upTo(300).map(String), { chunkSize })).toEqual(upTo(300).map(String));
});

test('starmap spreads', async () => {
  await using pool = new Pool(2);
  expect(
    await pool.starmap(
      (a: number, b: number) => a * b,
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ).toEqual([2, 12]);
  expect(await pool.starmap(() => 'none', [[], []])).toEqual(['none', 'none']);
});

test('slow items go to all workers', async () => {
  await using pool = new Pool(2);
  const pids = await pool.map(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return self();
  }, upTo(20));
  expect(new Set(pids).size).toBe(2);
});

describe('errors', () => {
  const failOdd = (x: number) => {
    if (x % 2 === 1) throw new TypeError(`odd ${x}`);
    return x;
  };

  test('map settles when all have, with the error of the first position that failed', async () => {
    await using pool = new Pool(2);
    const error = await pool.map(failOdd, upTo(500)).catch((e: unknown) => e as Error);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'odd 1' });
    expect((error as Error).stack).toMatch(/at pool\.map \(in worker (process|thread) \S+\)[^]*map\.test/);
    expect(pool.stats).toMatchObject({ done: 250, failed: 250, queued: 0, running: 0 });
  });

  test('mapSettled has every outcome', async () => {
    await using pool = new Pool(2);
    const outcomes = await pool.mapSettled(failOdd, upTo(300));
    expect(outcomes.map((o) => o.status)).toEqual(upTo(300).map((x) => (x % 2 ? 'rejected' : 'fulfilled')));
    expect(outcomes[7]).toMatchObject({ reason: { message: 'odd 7' } });
    expect(outcomes[8]).toEqual({ status: 'fulfilled', value: 8 });
  });

  test('stopOnError ends the rest', async () => {
    await using pool = new Pool(2);
    const slow = (x: number) => {
      if (x === 0) throw new Error('first');
      const end = Date.now() + 50;
      while (Date.now() < end);
      return x;
    };
    await expect(pool.map(slow, upTo(1000), { stopOnError: true, chunkSize: 1 })).rejects.toThrow('first');
    expect(pool.stats.queued).toBe(0);
    expect(await pool.apply(() => 'alive')).toBe('alive');
  });

  test('an iterable that throws ends the map after what came before it', async () => {
    await using pool = new Pool(1);
    const items = () =>
      (function* () {
        yield 1;
        throw new Error('no more');
      })();
    await expect(pool.map((x) => x, items())).rejects.toThrow('no more');
    expect(pool.stats.done).toBe(1);
  });

  test('an item that cannot be sent: SerializationError with its path, and nothing runs', async () => {
    await using pool = new Pool(1);
    await expect(pool.map((x) => x, [1, { a: new WeakSet() }])).rejects.toMatchObject({
      code: 'ERR_SERIALIZATION',
      path: 'items[1].a',
    });
    expect(pool.stats).toMatchObject({ queued: 0, done: 0, workersStarted: 0 });
  });
});

test('progress is told, up to the end', async () => {
  await using pool = new Pool(2);
  const seen: [number, number | undefined][] = [];
  await pool.map((x) => x, upTo(5000), { progress: (done, total) => seen.push([done, total]) });
  expect(seen.at(-1)).toEqual([5000, 5000]);
  expect(seen.every(([done], i) => i === 0 || done > seen[i - 1][0])).toBe(true);
});

test('several maps and calls at once', async () => {
  await using pool = new Pool(2);
  const work = upTo(10).flatMap((k) => [
    pool.map((x) => x + 1, upTo(2000)).then((out) => out[k]),
    pool.apply((x: number) => x + 1, [k]),
  ]);
  expect(await Promise.all(work)).toEqual(upTo(10).flatMap((k) => [k + 1, k + 1]));
});
