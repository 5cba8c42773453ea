// Waiting for an item: timeouts, aborting, order, and what keeps a process alive.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueEmptyError } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

describe('an empty queue', () => {
  test('gives nothing without waiting: QueueEmptyError', async () => {
    const queue = new Queue();
    expect(() => queue.getNoWait()).toThrow(QueueEmptyError);
    expect(() => queue.getSync({ timeout: 0 })).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_EMPTY' }));
    await expect(queue.get({ timeout: 0 })).rejects.toThrow(QueueEmptyError);
    expect(() => queue.getManySync(3, { timeout: 0 })).toThrow(QueueEmptyError);
    await expect(queue.getMany(3, { timeout: 0 })).rejects.toThrow(QueueEmptyError);
  });

  test('throws QueueEmptyError after at least the timeout', async () => {
    const queue = new Queue();
    let begun = performance.now();
    expect(() => queue.getSync({ timeout: 100 })).toThrow(QueueEmptyError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
    begun = performance.now();
    await expect(queue.get({ timeout: 100 })).rejects.toThrow(QueueEmptyError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
  });

  test('a get that ran out of time takes nothing afterwards', async () => {
    const queue = new Queue<number>();
    await expect(queue.get({ timeout: 5 })).rejects.toThrow(QueueEmptyError);
    queue.putSync(1);
    await new Promise(setImmediate);
    expect(queue.size).toBe(1);
    expect(queue.getSync()).toBe(1);
  });
});

test('gets of one thread are served in the order in which they came', async () => {
  const queue = new Queue<number>();
  const gets = Array.from({ length: 20 }, () => queue.get());
  for (let i = 0; i < 20; i++) queue.putSync(i);
  expect(await Promise.all(gets)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('a put in the same thread wakes a get without any other event', async () => {
  const queue = new Queue<string>();
  const got = queue.get();
  setTimeout(() => queue.putSync('here'), 5);
  expect(await got).toBe('here');
});

test('blocked and awaiting getters of other processes are woken by a put', async () => {
  const queue = new Queue<number>();
  const said = new Queue<string>();
  const back = new Queue<number>();
  const blocked = (from: Queue<number>, s: Queue<string>, to: Queue<number>) => {
    s.putSync('waiting');
    to.putSync(from.getSync() * 10);
  };
  const awaiting = async (from: Queue<number>, s: Queue<string>, to: Queue<number>) => {
    const got = from.get();
    s.putSync('waiting');
    await to.put((await got) * 10);
  };
  const children = [blocked, awaiting, blocked, awaiting].map((target) =>
    new Process({ target, args: [queue, said, back] }).start(),
  );
  for (let i = 0; i < 4; i++) await said.get();
  queue.putManySync([1, 2, 3, 4]);
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push(await back.get());
  expect(answers.sort((a, b) => a - b)).toEqual([10, 20, 30, 40]);
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
});

describe('an aborted signal', () => {
  test('rejects with its reason, also where the operation could succeed at once', async () => {
    const queue = new Queue<number>();
    const reason = new Error('no longer wanted');
    const signal = AbortSignal.abort(reason);
    await expect(queue.put(1, { signal })).rejects.toBe(reason);
    await expect(queue.putMany([1, 2], { signal })).rejects.toBe(reason);
    expect(queue.size).toBe(0);
    queue.putSync(5);
    await expect(queue.get({ signal })).rejects.toBe(reason);
    await expect(queue.getMany(2, { signal })).rejects.toBe(reason);
    expect(queue.size).toBe(1);
  });

  test('ends a pending get, which takes nothing, and the next one gets the item', async () => {
    const queue = new Queue<number>();
    const controller = new AbortController();
    const aborted = queue.get({ signal: controller.signal });
    const behind = queue.get();
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    queue.putSync(1);
    expect(await behind).toBe(1);
    expect(queue.empty).toBe(true);
  });

  test('ends a pending put, whose item is never in the queue', async () => {
    const queue = new Queue<string>(1);
    queue.putSync('first');
    const controller = new AbortController();
    const aborted = queue.put('unwanted', { signal: controller.signal });
    const behind = queue.put('third');
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    expect(await queue.get()).toBe('first');
    await behind;
    expect(queue.getManySync(5)).toEqual(['third']);
  });
});

describe('the event loop', () => {
  test('of a process with an idle queue ends, items in it or not', async () => {
    expect(await result('keep-alive', ['idle-queue'])).toBe('over');
  });

  test('is kept alive by a pending get()', async () => {
    expect(await result('keep-alive', ['pending-get'])).toBe('late');
  });

  test('is kept alive by a pending put()', async () => {
    expect(await result('keep-alive', ['pending-put'])).toBe('second');
  });

  test('is let go when the wait was aborted or ran out of time', async () => {
    expect(await result('keep-alive', ['ended-gets'])).toBe('over');
  });
});
