// A queue with announced producers closes by itself, however its producers end.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueClosedError } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { die, threads } from '../support/start-method';

noLeaks();

test('is closed when as many have called close() as were announced', async () => {
  const queue = new Queue<number>(0, { producers: 2 });
  const target = (q: Queue<number>, n: number) => {
    q.putSync(n);
    q.close();
  };
  const one = new Process({ target, args: [queue, 1] }).start();
  expect(await one.join()).toBe(0);
  expect(queue.closed).toBe(false);
  expect(queue.getSync()).toBe(1);
  const two = new Process({ target, args: [queue, 2] }).start();
  const got = [];
  for await (const n of queue) got.push(n);
  expect(got).toEqual([2]);
  expect(queue.closed).toBe(true);
  expect(await two.join()).toBe(0);
});

test('after its own close() a producer can not put; others can', async () => {
  const queue = new Queue<number>(0, { producers: 2 });
  queue.putSync(1);
  queue.close();
  expect(() => queue.putSync(2)).toThrow(QueueClosedError);
  const target = (q: Queue<number>) => {
    q.putSync(3);
    q.close();
  };
  const child = new Process({ target, args: [queue] }).start();
  expect([...queue]).toEqual([1, 3]);
  expect(await child.join()).toBe(0);
});

test('closing twice counts once', async () => {
  const queue = new Queue<number>(0, { producers: 2 });
  queue.close();
  queue.close();
  // For this producer it is; another may still put.
  expect(queue.closed).toBe(true);
  const target = (q: Queue<number>) => q.putSync(1);
  const child = new Process({ target, args: [queue] }).start();
  expect([...queue]).toEqual([1]);
  expect(await child.join()).toBe(0);
});

describe('a process that has put something counts as one when it ends', () => {
  // A thread can't abort.
  test.each(['return', 'throw', 'exit', 'die', ...(threads ? [] : ['abort'])])('by %s', async (way) => {
    const queue = new Queue<number>(0, { producers: 3 });
    const target = (q: Queue<number>, n: number, how: string) => {
      q.putSync(n);
      if (how === 'throw') throw new Error('after it put');
      if (how === 'exit') process.exit(3);
      if (how === 'abort') process.abort();
      if (how === 'die') die();
    };
    const children = [1, 2, 3].map((n) => new Process({ target, args: [queue, n, way] }).start());
    const got = [];
    for await (const n of queue) got.push(n);
    expect(got.sort()).toEqual([1, 2, 3]);
    await Promise.all(children.map((child) => child.join()));
  });

  test('also where it was closed by it before: once, not twice', async () => {
    const queue = new Queue<number>(0, { producers: 2 });
    const target = (q: Queue<number>) => {
      q.putSync(1);
      q.close();
    };
    expect(await new Process({ target, args: [queue] }).start().join()).toBe(0);
    expect(queue.getSync()).toBe(1);
    await expect(queue.get({ timeout: 300 })).rejects.toMatchObject({ code: 'ERR_QUEUE_EMPTY' });
    expect(queue.closed).toBe(false);
  });

  test('one that only reads, or does nothing with it, does not count', async () => {
    const queue = new Queue<number>(0, { producers: 1 });
    queue.putSync(1);
    const target = (q: Queue<number>) => void q.getSync();
    expect(await new Process({ target, args: [queue] }).start().join()).toBe(0);
    const nothing = (q: Queue<number>) => q.closed;
    expect(await new Process({ target: nothing, args: [queue] }).start().join()).toBe(0);
    await expect(queue.get({ timeout: 300 })).rejects.toMatchObject({ code: 'ERR_QUEUE_EMPTY' });
    queue.putSync(2);
    queue.close();
    expect([...queue]).toEqual([2]);
  });
});
