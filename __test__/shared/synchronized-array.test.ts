// Python's Array: a shared array with a lock.
import { describe, expect, test } from 'vitest';
import { isShared, Lock, Process, ProcessError, Queue, SynchronizedArray } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

test('of a length is zeroed; of a list begins with it', () => {
  const zeros = new SynchronizedArray('float64', 3);
  expect([...zeros.array]).toEqual([0, 0, 0]);
  expect(zeros).toHaveLength(3);
  const list = new SynchronizedArray('int16', [680, 626, 934, -1]);
  expect(list.array).toEqual(new Int16Array([680, 626, 934, -1]));
  expect(list.array.buffer.byteLength).toBe(8);
  expect(isShared(list.array)).toBe(true);
  expect(list.array).toBe(list.array);
  expect(new SynchronizedArray('biguint64', [1n]).array[0]).toBe(1n);
});

test('a child sees and changes the same memory', async () => {
  const running = new SynchronizedArray('int32', [680, 626, 934, 821, 150]);
  const target = (a: SynchronizedArray<'int32'>) => {
    a.lock.runSync(() => {
      for (let i = 1; i < a.length; i++) a.array[i] += a.array[i - 1];
    });
  };
  expect(await new Process({ target, args: [running] }).start().join()).toBe(0);
  expect([...running.array]).toEqual([680, 1306, 2240, 3061, 3211]);
  expect(await new Process({ target: () => void (running.array[0] = 1) }).start().join()).toBe(0);
  expect(running.array[0]).toBe(1);
});

test('under its lock three processes add exactly', async () => {
  const sums = new SynchronizedArray('float64', 4);
  const target = () => {
    for (let i = 0; i < 1000; i++) sums.lock.runSync(() => void (sums.array[i % 4] += 0.5));
  };
  const children = [1, 2, 3].map(() => new Process({ target }).start());
  for (const child of children) expect(await child.join()).toBe(0);
  expect([...sums.array]).toEqual([375, 375, 375, 375]);
});

test('through a queue: itself here; with its array as one memory there', async () => {
  const queue = new Queue<any>();
  const array = new SynchronizedArray('uint8', 4);
  queue.putSync(array);
  expect(queue.getSync()).toBe(array);
  queue.putSync([array, array.array, array.array.subarray(2)]);
  const target = async (q: Queue) => {
    const [whole, same, part] = await q.get();
    part[0] = 9;
    q.putSync([whole.array[2], same[2], whole.array.buffer === part.buffer]);
  };
  expect(await new Process({ target, args: [queue] }).start().join()).toBe(0);
  expect(queue.getSync()).toEqual([9, 9, true]);
});

describe('the lock', () => {
  test('is its own, a given one, or none', () => {
    const lock = new Lock();
    expect(new SynchronizedArray('int8', 1).lock).toBeInstanceOf(Lock);
    expect(new SynchronizedArray('int8', 1, { lock }).lock).toBe(lock);
    expect(() => new SynchronizedArray('int8', 1, { lock: false }).lock).toThrow(ProcessError);
    expect(() => new SynchronizedArray('int8', 1, { lock: 5 as never })).toThrow(TypeError);
  });
});

describe('bad arguments', () => {
  test.each([undefined, null, 'd', Float64Array])('a type that is none: %s', (type) => {
    expect(() => new SynchronizedArray(type as never, 1)).toThrow(TypeError);
  });
  test.each([-1, NaN, 0.5])('a length of %s', (length) => {
    expect(() => new SynchronizedArray('int8', length)).toThrow(RangeError);
  });
  test.each([undefined, null, 'text', {}])('what is no list: %s', (from) => {
    expect(() => new SynchronizedArray('int8', from as never)).toThrow(TypeError);
  });
  test('array and length can not be set', () => {
    const array = new SynchronizedArray('int8', 1) as any;
    expect(() => (array.array = 1)).toThrow(TypeError);
    expect(() => (array.length = 1)).toThrow(TypeError);
  });
});
