// First in, first out, and what a queue says of itself.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueEmptyError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

test('items come out in the order in which they were put', async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 1000; i++) queue.putSync(i);
  for (let i = 0; i < 500; i++) expect(queue.getSync()).toBe(i);
  for (let i = 500; i < 1000; i++) expect(await queue.get()).toBe(i);
});

test('the forms of put and get may be mixed', async () => {
  const queue = new Queue<string>();
  await queue.put('a');
  queue.putSync('b');
  queue.putNoWait('c');
  await queue.putMany(['d', 'e']);
  queue.putManySync(new Set(['f', 'g']));
  expect(queue.getNoWait()).toBe('a');
  expect(await queue.get()).toBe('b');
  expect(queue.getSync()).toBe('c');
  expect(await queue.getMany(2)).toEqual(['d', 'e']);
  expect(queue.getManySync(10)).toEqual(['f', 'g']);
});

test('size, empty and full follow the items', () => {
  const queue = new Queue<number>(2);
  const looks = () => [queue.size, queue.empty, queue.full];
  expect(looks()).toEqual([0, true, false]);
  queue.putSync(1);
  expect(looks()).toEqual([1, false, false]);
  queue.putSync(2);
  expect(looks()).toEqual([2, false, true]);
  queue.getSync();
  expect(looks()).toEqual([1, false, false]);
  queue.getSync();
  expect(looks()).toEqual([0, true, false]);
});

test('maxSize is what was given; 0 and nothing: unbounded, never full', () => {
  expect(new Queue(7).maxSize).toBe(7);
  for (const queue of [new Queue(), new Queue(0)]) {
    expect(queue.maxSize).toBe(0);
    for (let i = 0; i < 10_000; i++) queue.putNoWait(i);
    expect(queue.full).toBe(false);
    expect(queue.size).toBe(10_000);
  }
});

test('a backlog of many megabytes is kept, and read back in order', () => {
  const queue = new Queue<string>();
  const text = (i: number) => `${i} ${'x'.repeat(1000)}`;
  for (let i = 0; i < 30_000; i++) queue.putSync(text(i));
  expect(queue.size).toBe(30_000);
  for (let i = 0; i < 30_000; i++) if (queue.getSync() !== text(i)) throw new Error(`item ${i} is another`);
  expect(queue.empty).toBe(true);
});

test('a queue filled and drained many times over stays right', () => {
  const queue = new Queue<number>();
  let put = 0;
  let got = 0;
  for (let round = 0; round < 300; round++) {
    for (let i = 0; i < 1 + ((round * 37) % 211); i++) queue.putSync(put++);
    while (queue.size > (round * 13) % 50) if (queue.getSync() !== got++) throw new Error(`${got - 1} is missing`);
  }
  while (!queue.empty) expect(queue.getSync()).toBe(got++);
  expect(got).toBe(put);
});

describe('between processes', () => {
  test('a child gets what was put before it started and after, in order', async () => {
    const queue = new Queue<number>();
    const back = new Queue<number[]>();
    for (let i = 0; i < 10; i++) queue.putSync(i);
    const target = (from: Queue<number>, to: Queue<number[]>) => {
      const got: number[] = [];
      while (got.length < 20) got.push(from.getSync());
      to.putSync(got);
    };
    const child = new Process({ target, args: [queue, back] }).start();
    for (let i = 10; i < 20; i++) queue.putSync(i);
    expect(await back.get()).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await child.join()).toBe(0);
  });

  test('what this process has put and what a child puts afterwards come in that order', async () => {
    const queue = new Queue<number>();
    for (let i = 0; i < 10; i++) queue.putSync(i);
    const target = (q: Queue<number>) => {
      for (let i = 10; i < 20; i++) q.putSync(i);
    };
    expect(await new Process({ target, args: [queue] }).start().join()).toBe(0);
    expect(queue.getManySync(20)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(() => queue.getNoWait()).toThrow(QueueEmptyError);
  });

  test('what a process has put outlives it, 1 MB items and handles too', async () => {
    const queue = new Queue<any>();
    const target = (q: Queue) => {
      q.putSync('small');
      q.putSync(new Uint8Array(1 << 20).fill(7));
      q.putSync({ self: q });
    };
    expect(await new Process({ target, args: [queue] }).start().join()).toBe(0);
    expect(queue.size).toBe(3);
    expect(queue.getSync()).toBe('small');
    const bytes = queue.getSync() as Uint8Array;
    expect(bytes).toHaveLength(1 << 20);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    expect(queue.getSync().self).toBe(queue);
  });

  test('each item is got once, by one of those that wait', async () => {
    const queue = new Queue<number>();
    const back = new Queue<number>();
    const target = (from: Queue<number>, to: Queue<number>) => {
      for (let i = 0; i < 5; i++) to.putSync(from.getSync());
    };
    const children = [1, 2, 3].map(() => new Process({ target, args: [queue, back] }).start());
    for (let i = 0; i < 15; i++) queue.putSync(i);
    const got: number[] = [];
    while (got.length < 15) got.push(await back.get());
    expect(got.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i));
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0]);
  });

  test('items of one process stay in order, however many others put', async () => {
    const queue = new Queue<[who: number, i: number]>();
    const target = (q: Queue<[number, number]>, who: number) => {
      for (let i = 0; i < 2000; i++) q.putSync([who, i]);
    };
    const children = [0, 1, 2].map((who) => new Process({ target, args: [queue, who] }).start());
    const next = [0, 0, 0];
    for (let n = 0; n < 6000; n++) {
      const [who, i] = n % 2 === 0 ? await queue.get() : queue.getSync();
      if (i !== next[who]++) throw new Error(`${i} of ${who} came in the place of ${next[who] - 1}`);
    }
    expect(queue.empty).toBe(true);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0]);
  });
});

test('a put does not overtake one that waits for room', async () => {
  const queue = new Queue<string>(1);
  queue.putSync('before');
  const first = queue.put('first');
  expect(queue.getSync()).toBe('before');
  const second = queue.put('second');
  expect([await queue.get(), await queue.get()]).toEqual(['first', 'second']);
  await Promise.all([first, second]);
});
