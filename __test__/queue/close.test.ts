// Closing: no more puts, the rest can be got, everybody who waits is told; iteration ends.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueClosedError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

describe('a closed queue', () => {
  test('says so, in every process, and may be closed again', async () => {
    const queue = new Queue();
    const said = new Queue<boolean>();
    expect(queue.closed).toBe(false);
    queue.close();
    queue.close();
    expect(queue.closed).toBe(true);
    const target = (q: Queue, s: Queue<boolean>) => s.putSync(q.closed);
    const child = new Process({ target, args: [queue, said] }).start();
    expect(await said.get()).toBe(true);
    expect(await child.join()).toBe(0);
  });

  test('takes nothing more: QueueClosedError from every form of put', async () => {
    const queue = new Queue<number>();
    queue.close();
    expect(() => queue.putSync(1)).toThrow(QueueClosedError);
    expect(() => queue.putNoWait(1)).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_CLOSED' }));
    expect(() => queue.putManySync([1])).toThrow(QueueClosedError);
    await expect(queue.put(1)).rejects.toThrow(QueueClosedError);
    await expect(queue.putMany([1])).rejects.toThrow(QueueClosedError);
    expect(queue.size).toBe(0);
  });

  test('gives what is in it, then QueueClosedError', async () => {
    const queue = new Queue<number>();
    queue.putManySync([1, 2, 3]);
    queue.close();
    expect(queue.size).toBe(3);
    expect(queue.getSync()).toBe(1);
    expect(await queue.get()).toBe(2);
    expect(queue.getNoWait()).toBe(3);
    expect(() => queue.getSync()).toThrow(QueueClosedError);
    expect(() => queue.getNoWait()).toThrow(QueueClosedError);
    await expect(queue.get()).rejects.toThrow(QueueClosedError);
    await expect(queue.get({ timeout: 1000 })).rejects.toThrow(QueueClosedError);
  });

  test('that is full says closed, not full', async () => {
    const queue = new Queue<number>(1);
    queue.putSync(1);
    queue.close();
    expect(() => queue.putNoWait(2)).toThrow(QueueClosedError);
    await expect(queue.put(2)).rejects.toThrow(QueueClosedError);
  });
});

describe('close()', () => {
  test('wakes those that wait for an item or for room, here and elsewhere', async () => {
    const empty = new Queue<number>();
    const full = new Queue<number>(1);
    full.putSync(0);
    const said = new Queue<string>();
    const getBlocked = (q: Queue, _: Queue, s: Queue<string>) => {
      s.putSync('waiting');
      try {
        q.getSync();
      } catch (error) {
        s.putSync((error as Error).constructor.name);
      }
    };
    const getAwaiting = async (q: Queue, _: Queue, s: Queue<string>) => {
      const got = q.get();
      s.putSync('waiting');
      await got.catch((error) => s.putSync(error.constructor.name));
    };
    const putBlocked = (_: Queue, q: Queue, s: Queue<string>) => {
      s.putSync('waiting');
      try {
        q.putSync(1);
      } catch (error) {
        s.putSync((error as Error).constructor.name);
      }
    };
    const children = [getBlocked, getAwaiting, putBlocked].map((target) =>
      new Process({ target, args: [empty, full, said] }).start(),
    );
    const here = [empty.get(), full.put(1)].map((wait) => wait.catch((error: unknown) => error));
    for (let i = 0; i < 3; i++) expect(await said.get()).toBe('waiting');
    empty.close();
    full.close();
    for (let i = 0; i < 3; i++) expect(await said.get()).toBe('QueueClosedError');
    for (const error of await Promise.all(here)) expect(error).toBeInstanceOf(QueueClosedError);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0]);
  });

  test('by a child closes it for all', async () => {
    const queue = new Queue<number>();
    const target = (q: Queue<number>) => {
      q.putSync(1);
      q.close();
    };
    const child = new Process({ target, args: [queue] }).start();
    expect(await queue.get()).toBe(1);
    await expect(queue.get()).rejects.toThrow(QueueClosedError);
    expect(() => queue.putSync(2)).toThrow(QueueClosedError);
    expect(await child.join()).toBe(0);
  });
});

describe('iteration', () => {
  test('gives all items and ends when the queue is closed and drained', async () => {
    const queue = new Queue<number>();
    queue.putManySync([1, 2, 3]);
    queue.close();
    expect([...queue]).toEqual([1, 2, 3]);
    expect([...queue]).toEqual([]);
    const got = [];
    for await (const n of queue) got.push(n);
    expect(got).toEqual([]);
  });

  test('waits for items of another process', async () => {
    for (const way of ['blocking', 'awaiting']) {
      const queue = new Queue<number>(2);
      const target = (q: Queue<number>) => {
        for (let i = 0; i < 100; i++) q.putSync(i);
        q.close();
      };
      const child = new Process({ target, args: [queue] }).start();
      const got: number[] = [];
      if (way === 'blocking') for (const n of queue) got.push(n);
      else for await (const n of queue) got.push(n);
      expect(got).toEqual(Array.from({ length: 100 }, (_, i) => i));
      expect(await child.join()).toBe(0);
    }
  });

  test('that is left closes nothing and loses nothing', async () => {
    const queue = new Queue<number>();
    queue.putManySync([1, 2, 3, 4, 5]);
    for (const n of queue) if (n === 2) break;
    for await (const n of queue) if (n === 4) break;
    expect(queue.closed).toBe(false);
    queue.putSync(6);
    expect(queue.getManySync(9)).toEqual([5, 6]);
  });

  test('passes on what the consumer throws', async () => {
    const queue = new Queue<number>();
    queue.putManySync([1, 2]);
    const consume = async () => {
      for await (const n of queue) throw new Error(`refused ${n}`);
    };
    await expect(consume()).rejects.toThrow('refused 1');
    expect(queue.getSync()).toBe(2);
  });
});
