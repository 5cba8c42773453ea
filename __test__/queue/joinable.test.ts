// JoinableQueue: join() waits until taskDone() was called for every item. SimpleQueue: a queue without options.
import { describe, expect, test } from 'vitest';
import { JoinableQueue, Process, Queue, SimpleQueue, TimeoutError } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { die } from '../support/start-method';

noLeaks();

test('is a Queue', () => {
  const queue = new JoinableQueue<number>(2);
  expect(queue).toBeInstanceOf(Queue);
  queue.putSync(1);
  queue.putSync(2);
  expect([queue.full, queue.size, queue.maxSize]).toEqual([true, 2, 2]);
  expect(() => new JoinableQueue(-1)).toThrow(RangeError);
});

describe.each(['join', 'joinSync'] as const)('%s()', (name) => {
  const join = async (queue: JoinableQueue, timeout?: number) => queue[name]({ timeout });

  test('of an empty queue is over at once', async () => {
    await join(new JoinableQueue(), 0);
  });

  test('waits for what was put and not reported, got or not', async () => {
    const queue = new JoinableQueue<number>();
    queue.putManySync([1, 2]);
    await expect(join(queue, 0)).rejects.toThrow(TimeoutError);
    queue.getSync();
    queue.getSync();
    await expect(join(queue, 50)).rejects.toThrow(TimeoutError);
    queue.taskDone();
    await expect(join(queue, 50)).rejects.toThrow(TimeoutError);
    queue.taskDone();
    await join(queue, 0);
  });

  test('is woken by the last report of another process', async () => {
    const queue = new JoinableQueue<number>();
    const target = async (q: JoinableQueue<number>) => {
      for await (const n of q) {
        if (n === 29) await new Promise((resolve) => setTimeout(resolve, 200));
        q.taskDone();
      }
    };
    const workers = [1, 2, 3].map(() => new Process({ target, args: [queue] }).start());
    for (let i = 0; i < 30; i++) queue.putSync(i);
    await join(queue);
    expect(queue.empty).toBe(true);
    queue.putSync(30);
    await join(queue);
    queue.close();
    for (const worker of workers) expect(await worker.join()).toBe(0);
  });

  test.each([-1, NaN])('refuses a timeout of %s', async (timeout) => {
    await expect(join(new JoinableQueue(), timeout)).rejects.toThrow(RangeError);
  });
});

test('taskDone() more often than put: RangeError, and nothing changes', () => {
  const queue = new JoinableQueue<number>();
  expect(() => queue.taskDone()).toThrow(RangeError);
  queue.putSync(1);
  queue.taskDone();
  expect(() => queue.taskDone()).toThrow(RangeError);
  queue.putSync(2);
  expect(() => queue.joinSync({ timeout: 0 })).toThrow(TimeoutError);
  queue.taskDone();
  queue.joinSync();
});

test('many wait, in several processes: all are woken', async () => {
  const queue = new JoinableQueue<number>();
  queue.putSync(1);
  const target = (q: JoinableQueue) => q.joinSync();
  const children = [1, 2].map(() => new Process({ target, args: [queue] }).start());
  const here = Array.from({ length: 50 }, () => queue.join());
  await new Promise((resolve) => setTimeout(resolve, 300));
  queue.taskDone();
  await Promise.all(here);
  for (const child of children) expect(await child.join()).toBe(0);
});

test('an abort rejects with the reason', async () => {
  const queue = new JoinableQueue<number>();
  queue.putSync(1);
  const controller = new AbortController();
  const waiting = expect(queue.join({ signal: controller.signal })).rejects.toBe('enough');
  controller.abort('enough');
  await waiting;
  await expect(queue.join({ signal: 5 as never })).rejects.toThrow(TypeError);
});

test('an item of a worker that was killed before its report is unfinished; reports stay exact', async () => {
  const queue = new JoinableQueue<number>();
  const target = (q: JoinableQueue<number>) => {
    for (const n of q) {
      if (n === 50) die();
      q.taskDone();
    }
  };
  queue.putManySync(Array.from({ length: 100 }, (_, i) => i));
  queue.close();
  const children = [1, 2].map(() => new Process({ target, args: [queue] }).start());
  for (const child of children) await child.join();
  await expect(queue.join({ timeout: 100 })).rejects.toThrow(TimeoutError);
  queue.taskDone();
  await queue.join({ timeout: 0 });
  expect(() => queue.taskDone()).toThrow(RangeError);
});

test('producers that are killed at random: as many reports as items that were put', async () => {
  const queue = new JoinableQueue<number>();
  const target = (q: JoinableQueue<number>) => {
    for (let i = 0; ; i++) q.putSync(i);
  };
  let got = 0;
  for (let round = 0; round < 8; round++) {
    const child = new Process({ target, args: [queue] }).start();
    await queue.get();
    queue.taskDone();
    got++;
    setTimeout(() => child.kill(), Math.random() * 20);
    await child.join();
    for (; !queue.empty; got++) {
      queue.getSync();
      queue.taskDone();
    }
  }
  expect(got).toBeGreaterThan(8);
  await queue.join({ timeout: 5000 });
  expect(() => queue.taskDone()).toThrow(RangeError);
});

test('arrives elsewhere as what it is', async () => {
  const [simple, joinable] = [new SimpleQueue<unknown>(), new JoinableQueue<unknown>()];
  simple.putSync([simple, joinable]);
  const [one, two] = simple.getSync() as unknown[];
  expect(one === simple && two === joinable).toBe(true);
  joinable.putSync(1);
  const target = (s: SimpleQueue, j: JoinableQueue) => {
    s.putSync([s.constructor.name, j.constructor.name, j.getSync()]);
    j.taskDone();
  };
  expect(await new Process({ target, args: [simple, joinable] }).start().join()).toBe(0);
  expect(simple.getSync()).toEqual(['SimpleQueue', 'JoinableQueue', 1]);
  joinable.joinSync({ timeout: 0 });
});

describe('SimpleQueue', () => {
  test('is a Queue without a limit', async () => {
    const queue = new SimpleQueue<number>();
    expect(queue).toBeInstanceOf(Queue);
    expect([queue.maxSize, queue.empty]).toEqual([0, true]);
    const target = (q: SimpleQueue<number>) => q.putSync(7);
    const child = new Process({ target, args: [queue] }).start();
    expect(await queue.get()).toBe(7);
    expect(await child.join()).toBe(0);
  });
});
