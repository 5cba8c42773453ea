// A Value is one number for all processes: typed, atomic, with a lock.
import { describe, expect, test } from 'vitest';
import { Lock, ProcessError, Process, Queue, RLock, Value, type NumberType } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** What of each type is kept, and what comes of a number out of its range: as in a typed array. */
const KEPT: [NumberType, number | bigint, number | bigint, number | bigint][] = [
  ['int8', -128, 200, -56],
  ['uint8', 255, 300, 44],
  ['int16', -32_768, 40_000, -25_536],
  ['uint16', 65_535, -1, 65_535],
  ['int32', -(2 ** 31), 2 ** 31, -(2 ** 31)],
  ['uint32', 2 ** 32 - 1, -1, 2 ** 32 - 1],
  ['float32', 0.5, 0.1, Math.fround(0.1)],
  ['float64', -0.1, Infinity, Infinity],
  ['bigint64', -(2n ** 63n), 2n ** 63n, -(2n ** 63n)],
  ['biguint64', 2n ** 64n - 1n, -1n, 2n ** 64n - 1n],
];

describe.each(KEPT)('%s', (type, kept, wide, narrowed) => {
  const one = (typeof kept === 'bigint' ? 1n : 1) as never;
  const zero = (typeof kept === 'bigint' ? 0n : 0) as never;

  test('is zero, or what it begins with', () => {
    expect(new Value(type).value).toBe(zero);
    expect(new Value(type, kept as never).value).toBe(kept);
  });

  test('keeps what fits and converts what does not', () => {
    const value = new Value(type);
    value.value = kept as never;
    expect(value.value).toBe(kept);
    value.value = wide as never;
    expect(value.value).toBe(narrowed);
  });

  test('add() and compareExchange() give the value before', () => {
    const value = new Value(type, one);
    expect(value.add(one)).toBe(one);
    const two = value.value;
    expect(Number(two)).toBe(2);
    expect(value.compareExchange(one, zero)).toBe(two);
    expect(value.value).toBe(two);
    expect(value.compareExchange(two, zero)).toBe(two);
    expect(value.value).toBe(zero);
  });

  test('three processes add to it: exact', async () => {
    const value = new Value(type, zero, { lock: false });
    const flips = new Value('int32', 0, { lock: false });
    const target = (by: never) => {
      for (let i = 0; i < 5000; i++) value.add(by);
      for (let i = 0; i < 1000;) {
        const before = flips.value;
        if (flips.compareExchange(before, before + 1) === before) i++;
      }
    };
    const children = [1, 2, 3].map(() => new Process({ target, args: [one] }).start());
    for (const child of children) expect(await child.join()).toBe(0);
    const sum = new Value(type, (typeof kept === 'bigint' ? 15_000n : 15_000) as never).value;
    expect(value.value).toBe(sum);
    expect(flips.value).toBe(3000);
  });

  test('refuses what is no such number, and stays what it was', () => {
    const value = new Value(type, one);
    const wrong = typeof kept === 'bigint' ? [1, '1', null, undefined, {}] : [1n, '1', null, undefined, {}];
    for (const number of wrong as never[]) {
      expect(() => (value.value = number)).toThrow(TypeError);
      expect(() => value.add(number)).toThrow(TypeError);
      expect(() => value.compareExchange(number, one)).toThrow(TypeError);
      expect(() => value.compareExchange(one, number)).toThrow(TypeError);
      if (number !== undefined) expect(() => new Value(type, number)).toThrow(/initial/);
    }
    expect(value.value).toBe(one);
  });
});

test('fractions are cut for whole numbers; NaN is 0 there', () => {
  const value = new Value('int32', 1.9);
  expect(value.value).toBe(1);
  value.value = NaN;
  expect(value.value).toBe(0);
});

test('floats are compared as numbers: 0 is -0, NaN is NaN', () => {
  const value = new Value('float64', -0);
  expect(value.compareExchange(0, NaN)).toBe(-0);
  expect(value.compareExchange(NaN, 1)).toBe(NaN);
  expect(value.value).toBe(1);
  const single = new Value('float32', 0.1);
  expect(single.compareExchange(0.1, 2)).toBe(Math.fround(0.1));
  expect(single.value).toBe(2);
});

test('a write here is read there, and the reverse', async () => {
  const value = new Value('float64', 1);
  const child = new Process({
    target: async () => {
      while (value.value !== 2) await new Promise((resolve) => setTimeout(resolve, 1));
      value.value = 3.25;
    },
  }).start();
  value.value = 2;
  expect(await child.join()).toBe(0);
  expect(value.value).toBe(3.25);
});

describe('the lock', () => {
  test('by default is one of its own, the same in every process', async () => {
    const [value, other] = [new Value('int32'), new Value('int32')];
    expect(value.lock).toBeInstanceOf(RLock);
    expect(value.lock.runSync(() => value.lock.runSync(() => 5))).toBe(5);
    expect(value.lock).toBe(value.lock);
    expect(value.lock).not.toBe(other.lock);
    const target = () => {
      for (let i = 0; i < 2000; i++) {
        value.lock.runSync(() => {
          value.value = value.value + 1;
        });
      }
    };
    const children = [1, 2, 3].map(() => new Process({ target }).start());
    for (const child of children) expect(await child.join()).toBe(0);
    expect(value.value).toBe(6000);
  });

  test('may be given, also to several', async () => {
    const lock = new Lock();
    const [a, b] = [new Value('int32', 1, { lock }), new Value('int32', 2, { lock })];
    expect(a.lock).toBe(lock);
    expect(b.lock).toBe(lock);
    const target = (x: Value<'int32'>, y: Value<'int32'>) => {
      process.exitCode = x.lock === y.lock ? 7 : 8;
    };
    expect(await new Process({ target, args: [a, b] }).start().join()).toBe(7);
    expect(new Value('int8', 0, { lock: true }).lock).toBeInstanceOf(Lock);
  });

  test('none: .lock throws, here and there', async () => {
    const value = new Value('int32', 5, { lock: false });
    expect(() => value.lock).toThrow(ProcessError);
    const target = () => {
      try {
        void value.lock;
      } catch (error) {
        process.exitCode = (error as { code: string }).code === 'ERR_NO_LOCK' ? value.value : 8;
      }
    };
    expect(await new Process({ target }).start().join()).toBe(5);
  });

  test.each([null, 5, 'lock', {}, () => {}, new Queue()])('that is none: %s', (lock) => {
    expect(() => new Value('int32', 0, { lock } as never)).toThrow(TypeError);
    expect(() => new Value('int32', 0, { lock } as never)).toThrow(/options.lock/);
  });
});

test.each([undefined, null, 'i', 'Int32Array', 5, {}, 'toString'])('a type that is none: %s', (type) => {
  expect(() => new Value(type as never)).toThrow(TypeError);
  expect(() => new Value(type as never)).toThrow(/type/);
});

test.each([null, 5, 'options'])('options that are no object: %s', (options) => {
  expect(() => new Value('int32', 0, options as never)).toThrow(TypeError);
});

test('through a queue it is the same object here', () => {
  const queue = new Queue<Value>();
  const value = new Value('uint16', 7);
  queue.putSync(value);
  expect(queue.getSync()).toBe(value);
});
