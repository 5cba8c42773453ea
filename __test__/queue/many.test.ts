// putMany and getMany.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueClosedError, QueueFullError, SerializationError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

function* upTo(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield i;
}

describe('getMany', () => {
  test('takes what is there, at most max, and does not wait for more', async () => {
    const queue = new Queue<number>();
    queue.putManySync([1, 2, 3, 4, 5]);
    expect(queue.getManySync(2)).toEqual([1, 2]);
    expect(await queue.getMany(2)).toEqual([3, 4]);
    expect(queue.getManySync(100)).toEqual([5]);
  });

  test('waits for one item', async () => {
    const queue = new Queue<number>();
    const got = queue.getMany(10);
    queue.putSync(1);
    expect(await got).toEqual([1]);
  });

  test('makes room for those that wait to put', async () => {
    const queue = new Queue<number>(2);
    const all = queue.putMany(upTo(9));
    const got: number[] = [];
    while (got.length < 9) got.push(...(await queue.getMany(100)));
    await all;
    expect(got).toEqual([...upTo(9)]);
  });

  test('of a closed queue gives the rest, then throws QueueClosedError', async () => {
    const queue = new Queue<number>();
    queue.putManySync([1, 2]);
    queue.close();
    expect(queue.getManySync(5)).toEqual([1, 2]);
    expect(() => queue.getManySync(5)).toThrow(QueueClosedError);
    await expect(queue.getMany(5)).rejects.toThrow(QueueClosedError);
  });
});

describe('putMany', () => {
  test('takes any iterable, an empty one too', async () => {
    const queue = new Queue<number>();
    queue.putManySync([]);
    await queue.putMany(new Set<number>());
    expect(queue.size).toBe(0);
    queue.putManySync(upTo(3));
    await queue.putMany(new Set([3, 4]));
    expect(queue.getManySync(9)).toEqual([0, 1, 2, 3, 4]);
  });

  test('puts more than fits, as a reader in another process makes room', async () => {
    const queue = new Queue<number>(10);
    const sums = new Queue<number>();
    const target = (q: Queue<number>, s: Queue<number>) => {
      let sum = 0;
      for (const n of q) sum += n;
      s.putSync(sum);
    };
    const child = new Process({ target, args: [queue, sums] }).start();
    queue.putManySync(upTo(5000));
    await queue.putMany(upTo(5000));
    queue.close();
    expect(await sums.get()).toBe(4999 * 5000);
    expect(await child.join()).toBe(0);
  });

  test('that runs out of time has put those before', async () => {
    const queue = new Queue<number>(3);
    expect(() => queue.putManySync(upTo(5), { timeout: 10 })).toThrow(QueueFullError);
    expect(queue.getManySync(9)).toEqual([0, 1, 2]);
    await expect(queue.putMany(upTo(5), { timeout: 10 })).rejects.toThrow(QueueFullError);
    expect(queue.getManySync(9)).toEqual([0, 1, 2]);
  });

  test('with an item that can not be sent puts none, and says which', async () => {
    const queue = new Queue<unknown>();
    const items = [1, { deep: Promise.resolve() }, 3];
    expect(() => queue.putManySync(items)).toThrow(SerializationError);
    expect(() => queue.putManySync(items)).toThrow(expect.objectContaining({ path: 'items[1].deep' }));
    await expect(queue.putMany(items)).rejects.toMatchObject({ path: 'items[1].deep' });
    expect(queue.size).toBe(0);
  });

  test('passes on what the iterable throws', async () => {
    const queue = new Queue<number>();
    const broken = function* () {
      yield 1;
      throw new Error('broken iterable');
    };
    expect(() => queue.putManySync(broken())).toThrow('broken iterable');
    await expect(queue.putMany(broken())).rejects.toThrow('broken iterable');
  });
});
