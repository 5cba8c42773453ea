// Results as they come: imap, imapUnordered, imapSettled.
import { expect, test } from 'vitest';
import { Pool } from 'multiproc';
import { noLeaksOfPools, upTo } from './support';
import { until } from '../support/until';

noLeaksOfPools();

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const x of stream) out.push(x);
  return out;
}

test('imap gives results in order', async () => {
  await using pool = new Pool(2);
  expect(await all(pool.imap((x) => x * 2, upTo(5000)))).toEqual(upTo(5000).map((x) => x * 2));
  expect(await all(pool.imap((x) => x, []))).toEqual([]);
});

test('imapUnordered gives all', async () => {
  await using pool = new Pool(2);
  const out = await all(pool.imapUnordered((x) => x * 2, upTo(3000)));
  expect(out.sort((a, b) => a - b)).toEqual(upTo(3000).map((x) => x * 2));
});

test('imapUnordered does not wait for a slow one', async () => {
  await using pool = new Pool(2);
  const wait = (ms: number) => new Promise<number>((resolve) => setTimeout(resolve, ms, ms));
  expect(await all(pool.imapUnordered(wait, [600, 1, 2], { chunkSize: 1 }))).toEqual([1, 2, 600]);
});

test('imapSettled gives failed ones too, with their position', async () => {
  await using pool = new Pool(2);
  const out = await all(
    pool.imapSettled(
      (x) => {
        if (x === 2) throw new Error('two');
        return x;
      },
      [1, 2, 3],
    ),
  );
  expect(out.find((o) => o.index === 1)).toMatchObject({ status: 'rejected', reason: { message: 'two' } });
  expect(
    out
      .filter((o) => o.status === 'fulfilled')
      .map((o) => o.index)
      .sort(),
  ).toEqual([0, 2]);
});

test('it starts at the call', async () => {
  await using pool = new Pool(1);
  const stream = pool.imap((x) => x, [1, 2]);
  await until('both have run', () => pool.stats.done === 2);
  expect(await all(stream)).toEqual([1, 2]);
});

test('it reads at most `buffered` ahead of the consumer', async () => {
  await using pool = new Pool(2);
  let read = 0;
  function* endless() {
    for (;;) yield read++;
  }
  let got = 0;
  for await (const x of pool.imap((n) => n, endless(), { buffered: 10 })) {
    expect(x).toBe(got++);
    expect(read).toBeLessThanOrEqual(got + 10);
    if (got === 100) break;
  }
  const stopped = read;
  await pool.apply(() => 1);
  expect(read).toBe(stopped);
});

test('leaving the loop closes the iterable and stops the work', async () => {
  await using pool = new Pool(2);
  let closed = false;
  function* items() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed = true;
    }
  }
  for await (const x of pool.imapUnordered((n) => n, items())) if (x >= 0) break;
  expect(closed).toBe(true);
  await until('nothing runs', () => pool.stats.running === 0 && pool.stats.queued === 0);
});

test('return() before next() closes it too', async () => {
  await using pool = new Pool(1);
  let closed = false;
  function* items() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed = true;
    }
  }
  const stream = pool.imap((n) => n, items());
  expect(await stream.return()).toEqual({ done: true, value: undefined });
  expect(closed).toBe(true);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('an iterable that throws ends it after what came before, in order', async () => {
  await using pool = new Pool(2);
  const got: number[] = [];
  function* items() {
    yield* upTo(50);
    throw new Error('broken');
  }
  await expect(
    (async () => {
      for await (const x of pool.imap((n) => n, items())) got.push(x);
    })(),
  ).rejects.toThrow('broken');
  expect(got).toEqual(upTo(50));
});

test('a failed item ends imap in its place', async () => {
  await using pool = new Pool(2);
  const got: number[] = [];
  const f = (x: number) => {
    if (x === 30) throw new RangeError('thirty');
    return x;
  };
  await expect(
    (async () => {
      for await (const x of pool.imap(f, upTo(1000))) got.push(x);
    })(),
  ).rejects.toThrow(new RangeError('thirty'));
  expect(got).toEqual(upTo(30));
});

test('an item that cannot be sent fails in its place', async () => {
  await using pool = new Pool(2);
  const out = await all(pool.imapSettled((x) => x, [1, new WeakMap(), 3]));
  expect(out.find((o) => o.index === 1)).toMatchObject({ status: 'rejected', reason: { path: 'items[1]' } });
  expect(out.filter((o) => o.status === 'fulfilled')).toHaveLength(2);
});

test('async iterables', async () => {
  await using pool = new Pool(2);
  async function* items() {
    for (let i = 0; i < 200; i++) {
      if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      yield i;
    }
  }
  expect(await all(pool.imap((x) => -x, items(), { buffered: 5 }))).toEqual(upTo(200).map((x) => -x));
});

test('next() called many times at once is served in order', async () => {
  await using pool = new Pool(2);
  const stream = pool.imap((x) => x, upTo(100));
  const steps = await Promise.all(upTo(101).map(() => stream.next()));
  expect(steps.map((s) => s.value)).toEqual([...upTo(100), undefined]);
  expect(steps[100].done).toBe(true);
});

test('join() and joinSync() read a stream to its end that nobody consumes; its results stay', async () => {
  const one = new Pool(2);
  const awaited = one.imap((x) => x, upTo(2000));
  async function* items() {
    for (const x of upTo(600)) yield x;
  }
  const unordered = one.imapUnordered((x) => x, items());
  one.close();
  await one.join();
  expect(await all(awaited)).toEqual(upTo(2000));
  expect(await all(unordered)).toHaveLength(600);
  const other = new Pool(2);
  const blocked = other.imap((x) => x, upTo(2000));
  other.close();
  other.joinSync();
  expect(await all(blocked)).toEqual(upTo(2000));
});

test('what the iterable throws comes after the results of the items before it', async () => {
  await using pool = new Pool(2);
  for (const good of [0, 1, 10]) {
    function* items() {
      yield* upTo(good);
      throw new RangeError('mid');
    }
    for (const method of ['imap', 'imapUnordered'] as const) {
      const got: number[] = [];
      const reading = (async () => {
        for await (const x of pool[method]((n: number) => n, items())) got.push(x);
      })();
      await expect(reading).rejects.toThrow(new RangeError('mid'));
      expect(got.sort((a, b) => a - b)).toEqual(upTo(good));
    }
    await expect(pool.map((n) => n, items())).rejects.toThrow(new RangeError('mid'));
    await expect(pool.mapSettled((n) => n, items())).rejects.toThrow(new RangeError('mid'));
    expect(() => pool.mapSync((n) => n, items())).toThrow(new RangeError('mid'));
  }
});
