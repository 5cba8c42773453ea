// A queue with a maxSize: full means full, whatever the size of the items, and room wakes those that wait for it.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueFullError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

describe('a full queue', () => {
  test('takes nothing without waiting: QueueFullError, and what is in it stays', async () => {
    const queue = new Queue<number>(2);
    queue.putManySync([1, 2]);
    expect(() => queue.putNoWait(3)).toThrow(QueueFullError);
    expect(() => queue.putSync(3, { timeout: 0 })).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_FULL' }));
    await expect(queue.put(3, { timeout: 0 })).rejects.toThrow(QueueFullError);
    expect(queue.size).toBe(2);
    expect(queue.getManySync(5)).toEqual([1, 2]);
  });

  test('throws QueueFullError after at least the timeout', async () => {
    const queue = new Queue<number>(1);
    queue.putSync(1);
    let begun = performance.now();
    expect(() => queue.putSync(2, { timeout: 100 })).toThrow(QueueFullError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
    begun = performance.now();
    await expect(queue.put(2, { timeout: 100 })).rejects.toThrow(QueueFullError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
    expect(queue.getSync()).toBe(1);
    expect(queue.empty).toBe(true);
  });

  test('lets waiting puts of this thread through one by one, in order', async () => {
    const queue = new Queue<number>(1);
    queue.putSync(0);
    const puts = [1, 2, 3, 4].map((n) => queue.put(n));
    const got: number[] = [];
    for (let i = 0; i < 5; i++) got.push(await queue.get());
    await Promise.all(puts);
    expect(got).toEqual([0, 1, 2, 3, 4]);
  });

  test('wakes a blocked put of another process when there is room', async () => {
    const queue = new Queue<string>(1);
    const said = new Queue<string>();
    queue.putSync('first');
    const target = (q: Queue<string>, s: Queue<string>) => {
      s.putSync('about to put');
      q.putSync('second');
      s.putSync('put');
    };
    const child = new Process({ target, args: [queue, said] }).start();
    expect(await said.get()).toBe('about to put');
    expect(said.empty).toBe(true);
    expect(queue.getSync()).toBe('first');
    expect(await said.get()).toBe('put');
    expect(queue.getSync()).toBe('second');
    expect(await child.join()).toBe(0);
  });

  test('wakes an awaited put of another process when there is room', async () => {
    const queue = new Queue<string>(1);
    const said = new Queue<string>();
    queue.putSync('first');
    const target = async (q: Queue<string>, s: Queue<string>) => {
      const put = q.put('second');
      s.putSync('waiting');
      await put;
      s.putSync('put');
    };
    const child = new Process({ target, args: [queue, said] }).start();
    expect(await said.get()).toBe('waiting');
    expect(queue.getSync()).toBe('first');
    expect(await said.get()).toBe('put');
    expect(queue.getSync()).toBe('second');
    expect(await child.join()).toBe(0);
  });
});

test('maxSize items fit, whatever their size', () => {
  const queue = new Queue<Uint8Array>(3);
  const items = [10, 300_000, 5_000_000].map((length, i) => new Uint8Array(length).fill(i));
  for (const item of items) queue.putNoWait(item);
  expect(queue.full).toBe(true);
  expect(() => queue.putNoWait(new Uint8Array(1))).toThrow(QueueFullError);
  for (const item of items) expect(Buffer.compare(queue.getSync(), item)).toBe(0);
});

test.each([1, 2, 63, 64, 1000])('exactly %i fit into a queue of that maxSize, again and again', (maxSize) => {
  const queue = new Queue<string>(maxSize);
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < maxSize; i++) queue.putNoWait(`item ${i}`);
    expect(queue.full).toBe(true);
    expect(() => queue.putNoWait('one too many')).toThrow(QueueFullError);
    for (let i = 0; i < maxSize; i++) expect(queue.getNoWait()).toBe(`item ${i}`);
    expect(queue.empty).toBe(true);
  }
});

test('two processes that only ever pass one item on make 5,000 rounds', async () => {
  const there = new Queue<number>(1);
  const back = new Queue<number>(1);
  const target = (from: Queue<number>, to: Queue<number>) => {
    for (const n of from) to.putSync(n + 1);
  };
  const child = new Process({ target, args: [there, back] }).start();
  let n = 0;
  for (let round = 0; round < 5000; round++) {
    there.putSync(n);
    n = back.getSync();
  }
  expect(n).toBe(5000);
  there.close();
  expect(await child.join()).toBe(0);
});

test('awaiting on one side, blocking on the other: 2,000 rounds through a queue of 1', async () => {
  const there = new Queue<number>(1);
  const back = new Queue<number>(1);
  const target = async (from: Queue<number>, to: Queue<number>) => {
    for await (const n of from) await to.put(n + 1);
  };
  const child = new Process({ target, args: [there, back] }).start();
  let n = 0;
  for (let round = 0; round < 2000; round++) {
    there.putSync(n);
    n = back.getSync();
  }
  expect(n).toBe(2000);
  there.close();
  expect(await child.join()).toBe(0);
});
