// What Python's own tests of queues show (Lib/test/_test_multiprocessing.py), by the same names.
import { describe, expect, test } from 'vitest';
import {
  Event,
  JoinableQueue,
  Process,
  Queue,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  SerializationError,
  SimpleQueue,
} from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** How long both forms took. */
async function twice(sync: () => unknown, async: () => Promise<unknown>, error: new (...args: any[]) => Error) {
  const begun = performance.now();
  expect(sync).toThrow(error);
  await expect(async()).rejects.toThrow(error);
  return performance.now() - begun;
}

test('put', async () => {
  const queue = new Queue<number>(6);
  const [canStart, canContinue] = [new Event(), new Event()];
  const target = (q: Queue, start: Event, go: Event) => {
    start.waitSync();
    for (let i = 0; i < 6; i++) q.getSync();
    go.set();
  };
  const child = new Process({ target, args: [queue, canStart, canContinue], daemon: true }).start();
  expect([queue.empty, queue.full, queue.size, queue.maxSize]).toEqual([true, false, 0, 6]);
  queue.putSync(1);
  await queue.put(2);
  queue.putSync(3, { timeout: Infinity });
  queue.putSync(4, { timeout: 0 });
  await queue.put(5, { timeout: 0 });
  queue.putNoWait(6);
  expect([queue.empty, queue.full, queue.size]).toEqual([false, true, 6]);
  expect(() => queue.putNoWait(7)).toThrow(QueueFullError);
  for (const timeout of [0, 50]) {
    const forms = [() => queue.putSync(7, { timeout }), () => queue.put(7, { timeout })] as const;
    expect(await twice(...forms, QueueFullError)).toBeGreaterThanOrEqual(2 * timeout - 2);
  }
  canStart.set();
  await canContinue.wait();
  expect([queue.empty, queue.full, queue.size]).toEqual([true, false, 0]);
  expect(await child.join()).toBe(0);
});

test('get', async () => {
  const queue = new Queue<number>();
  const [canStart, canContinue] = [new Event(), new Event()];
  const target = (q: Queue, start: Event, go: Event) => {
    start.waitSync();
    for (let i = 2; i < 6; i++) q.putSync(i);
    go.set();
  };
  const child = new Process({ target, args: [queue, canStart, canContinue], daemon: true }).start();
  expect(queue.empty).toBe(true);
  canStart.set();
  await canContinue.wait();
  // What was put is there at once: no thread feeds a pipe.
  expect([queue.empty, queue.size]).toEqual([false, 4]);
  expect([queue.getSync({ timeout: Infinity }), await queue.get()]).toEqual([2, 3]);
  expect([queue.getSync({ timeout: 0 }), queue.getNoWait()]).toEqual([4, 5]);
  expect(queue.empty).toBe(true);
  expect(() => queue.getNoWait()).toThrow(QueueEmptyError);
  for (const timeout of [0, 50]) {
    const forms = [() => queue.getSync({ timeout }), () => queue.get({ timeout })] as const;
    expect(await twice(...forms, QueueEmptyError)).toBeGreaterThanOrEqual(2 * timeout - 2);
  }
  expect(await child.join()).toBe(0);
});

test('fork: items of the parent come before those that its child put later', async () => {
  const queue = new Queue<number>();
  for (let i = 0; i < 10; i++) queue.putSync(i);
  const target = (q: Queue) => {
    for (let i = 10; i < 20; i++) q.putSync(i);
  };
  const child = new Process({ target, args: [queue] }).start();
  for (let i = 0; i < 20; i++) expect(await queue.get()).toBe(i);
  expect(() => queue.getNoWait()).toThrow(QueueEmptyError);
  expect(await child.join()).toBe(0);
});

test('qsize', () => {
  const queue = new Queue();
  const sizes = [queue.size];
  for (const step of [() => queue.putSync(1), () => queue.putSync(5), () => queue.getSync(), () => queue.getSync()]) {
    step();
    sizes.push(queue.size);
  }
  expect(sizes).toEqual([0, 1, 2, 1, 0]);
});

test('task_done', async () => {
  const queue = new JoinableQueue<number | null>();
  const done = new Queue<number>();
  const target = (q: JoinableQueue<number | null>, d: Queue<number>) => {
    for (let item = q.getSync(); item !== null; item = q.getSync()) {
      d.putSync(item);
      q.taskDone();
    }
  };
  const workers = Array.from({ length: 4 }, () => new Process({ target, args: [queue, done], daemon: true }).start());
  for (let i = 0; i < 10; i++) queue.putSync(i);
  await queue.join();
  expect(done.size).toBe(10);
  for (const _ of workers) queue.putSync(null);
  for (const worker of workers) expect(await worker.join()).toBe(0);
  for (const _ of workers) queue.taskDone();
  queue.joinSync();
  expect(() => queue.taskDone()).toThrow(RangeError);
});

test('queue_feeder_donot_stop_onexc: what can not be sent is refused at the call, and takes no place', async () => {
  const queue = new Queue(1);
  expect(() => queue.putSync(new WeakMap())).toThrow(SerializationError);
  await expect(queue.put(new WeakMap())).rejects.toThrow(SerializationError);
  expect(() => queue.putNoWait(new WeakMap())).toThrow(SerializationError);
  queue.putSync(true, { timeout: 0 });
  expect(queue.size).toBe(1);
  expect(queue.getSync()).toBe(true);
  expect(queue.empty).toBe(true);
});

test.each([
  ['Queue', () => new Queue()],
  ['JoinableQueue', () => new JoinableQueue()],
  ['SimpleQueue', () => new SimpleQueue()],
])('closed_queue_put_get_exceptions: %s', async (_, make) => {
  const queue = make();
  queue.close();
  expect(() => queue.putSync('foo')).toThrow(QueueClosedError);
  await expect(queue.put('foo')).rejects.toThrow(QueueClosedError);
  expect(() => queue.getSync()).toThrow(QueueClosedError);
  await expect(queue.get()).rejects.toThrow(QueueClosedError);
  expect(queue.closed).toBe(true);
});

describe('SimpleQueue', () => {
  test('empty', async () => {
    const queue = new SimpleQueue<boolean>();
    const [canStart, canContinue] = [new Event(), new Event()];
    const target = (q: SimpleQueue<boolean>, start: Event, go: Event) => {
      start.waitSync();
      q.putSync(q.empty);
      q.putSync(q.empty);
      go.set();
    };
    const child = new Process({ target, args: [queue, canStart, canContinue], daemon: true }).start();
    expect(queue.empty).toBe(true);
    canStart.set();
    canContinue.waitSync();
    expect(queue.empty).toBe(false);
    expect([queue.getSync(), queue.getSync()]).toEqual([true, false]);
    expect(queue.empty).toBe(true);
    expect(await child.join()).toBe(0);
  });

  test('close may be repeated', () => {
    const queue = new SimpleQueue();
    queue.close();
    queue.close();
    expect(queue.closed).toBe(true);
  });
});
