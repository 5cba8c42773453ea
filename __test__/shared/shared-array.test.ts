// A shared array is one memory in all processes that are handed it, however they get it.
import { describe, expect, test } from 'vitest';
import { isShared, Pipe, Pool, Process, Queue, sharedArray, type TypedArray } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

const CLASSES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
] as const;
const BIG = [BigInt64Array, BigUint64Array] as const;

describe.each([...CLASSES, ...BIG])('%o', (type) => {
  const big = (BIG as readonly unknown[]).includes(type);
  const number = (n: number) => (big ? BigInt(n) : n) as never;

  test('of a length is zeroed', () => {
    const array = sharedArray(type, 5);
    expect(array).toBeInstanceOf(type);
    expect(array).toHaveLength(5);
    expect(array.buffer.byteLength).toBe(5 * type.BYTES_PER_ELEMENT);
    expect(array.byteOffset).toBe(0);
    expect(Array.from(array as ArrayLike<unknown>)).toEqual(Array.from({ length: 5 }, () => number(0)));
  });

  test('begins with what it is given, converted as by the class itself', () => {
    const from = [1, 2, 100, -1].map(number);
    expect(sharedArray(type, from)).toEqual(new type(from as never));
    expect(sharedArray(type, new type(from as never) as never)).toEqual(new type(from as never));
  });

  test('is the same memory in a child', async () => {
    const array = sharedArray(type, [1, 2, 3].map(number));
    const target = (a: TypedArray) => {
      a[1] = a[2];
    };
    const child = new Process({ target, args: [array] }).start();
    expect(await child.join()).toBe(0);
    expect(array[1]).toBe(number(3));
  });
});

describe('handed over', () => {
  const counter = sharedArray(Int32Array, 4);

  test('captured by a function', async () => {
    const child = new Process({ target: () => void Atomics.add(counter, 0, 5) }).start();
    expect(await child.join()).toBe(0);
    expect(counter[0]).toBe(5);
  });

  test('through a queue and a pipe, inside of other values', async () => {
    const queue = new Queue<{ list: Int32Array[] }>();
    const [a, b] = Pipe<Int32Array>();
    queue.putSync({ list: [counter] });
    a.sendSync(counter);
    const target = async (q: typeof queue, conn: typeof b) => {
      const { list } = await q.get();
      Atomics.add(list[0], 1, 7);
      Atomics.add(await conn.recv(), 1, 7);
    };
    const child = new Process({ target, args: [queue, b] }).start();
    expect(await child.join()).toBe(0);
    expect(counter[1]).toBe(14);
  });

  test('as the result of a task, and to another task', async () => {
    const pool = new Pool(2);
    try {
      const made = await pool.apply(
        (array: Float64Array) => array.subarray(1),
        [sharedArray(Float64Array, [0.5, 1.5, 2.5])],
      );
      expect(isShared(made)).toBe(true);
      await pool.map(
        (i: number) => {
          made[i] *= 10;
        },
        [0, 1],
      );
      expect([...made]).toEqual([15, 25]);
    } finally {
      await pool.terminate();
    }
  });

  test('in this process it is the same buffer', () => {
    const queue = new Queue<Int32Array>();
    queue.putSync(counter);
    expect(queue.getSync().buffer).toBe(counter.buffer);
  });

  test('with a large plain value around it', async () => {
    const queue = new Queue<{ rows: object[]; array: Int32Array }>();
    queue.putSync({ rows: Array.from({ length: 5000 }, (_, i) => ({ i })), array: counter });
    const got = queue.getSync();
    expect(got.rows).toHaveLength(5000);
    expect(got.array.buffer).toBe(counter.buffer);
  });

  test('with text around it that leaves little room for the block, or none, in the buffer of small items', () => {
    const queue = new Queue<[string, Int32Array, Float32Array]>();
    const other = sharedArray(Float32Array, 1);
    for (let length = 65_200; length < 65_600; length += 3) {
      queue.putSync(['x'.repeat(length), counter, other]);
      const got = queue.getSync();
      expect([got[0].length, got[1].buffer === counter.buffer, got[2].buffer === other.buffer]).toEqual([
        length,
        true,
        true,
      ]);
    }
  });

  test('a thousand in one item', () => {
    const arrays = Array.from({ length: 1_000 }, () => sharedArray(Uint8Array, 1));
    const queue = new Queue<Uint8Array[]>();
    queue.putSync(arrays);
    expect(queue.getSync().every((array, i) => array.buffer === arrays[i]!.buffer)).toBe(true);
  });

  test('is no message of bytes', () => {
    const [left, right] = Pipe();
    right.send(counter);
    expect(() => left.recvBytesSync()).toThrow('the message is a value and no bytes');
    left.close();
    right.close();
  });

  test('a hundred of them at once', async () => {
    const arrays = Array.from({ length: 100 }, (_, i) => sharedArray(Float32Array, i + 1));
    const target = (all: Float32Array[]) => all.forEach((a, i) => a.fill(i));
    const child = new Process({ target, args: [arrays] }).start();
    expect(await child.join()).toBe(0);
    expect(arrays.every((a, i) => a.length === i + 1 && a.every((x) => x === i))).toBe(true);
  });
});

describe('views', () => {
  test('subarrays, DataViews, Buffers and views of other types travel as views of the same memory', async () => {
    const bytes = sharedArray(Uint8Array, 64);
    const queue = new Queue<any>();
    const views = {
      part: bytes.subarray(8, 16),
      data: new DataView(bytes.buffer, 16, 8),
      doubles: new Float64Array(bytes.buffer, 24, 2),
      buffer: Buffer.from(bytes.buffer as ArrayBuffer, 40, 4),
      whole: bytes.buffer,
    };
    queue.putSync(views);
    const target = async (q: Queue<any>) => {
      const { part, data, doubles, buffer, whole } = await q.get();
      part[0] = 1;
      data.setUint8(0, 2);
      doubles[0] = 3.5;
      buffer.write('Four');
      new Uint8Array(whole)[63] = 5;
      const shapes = [part.length, data.byteLength, doubles.length, Buffer.isBuffer(buffer), whole.byteLength];
      q.putSync(shapes);
    };
    const child = new Process({ target, args: [queue] }).start();
    expect(await child.join()).toBe(0);
    expect(queue.getSync()).toEqual([8, 8, 2, true, 64]);
    expect([bytes[8], bytes[16], views.doubles[0], bytes[63]]).toEqual([1, 2, 3.5, 5]);
    expect(Buffer.from(bytes).toString('latin1', 40, 44)).toBe('Four');
  });

  test('of one buffer in one message share it there', async () => {
    const array = sharedArray(Int32Array, 8);
    const target = (a: Int32Array, b: Int32Array) => {
      if (a.buffer !== b.buffer) throw new Error('two buffers');
      a[0] = 1;
      if (b[0] !== 1) throw new Error('two memories');
    };
    const child = new Process({ target, args: [array, array.subarray(0, 4)] }).start();
    expect(await child.join()).toBe(0);
  });
});

test('Atomics work on it across processes', async () => {
  const count = sharedArray(BigInt64Array, 1);
  const target = () => {
    for (let i = 0; i < 20_000; i++) Atomics.add(count, 0, 1n);
  };
  const children = [1, 2, 3].map(() => new Process({ target }).start());
  for (const child of children) expect(await child.join()).toBe(0);
  expect(count[0]).toBe(60_000n);
});

test('isShared() tells them from others', () => {
  const array = sharedArray(Int16Array, 3);
  expect([isShared(array), isShared(array.subarray(1)), isShared(array.buffer as ArrayBuffer)]).toEqual([
    true,
    true,
    true,
  ]);
  expect([isShared(new Int16Array(3)), isShared(new ArrayBuffer(3)), isShared(array.slice())]).toEqual([
    false,
    false,
    false,
  ]);
  for (const wrong of [undefined, null, 5, {}, [1]]) expect(() => isShared(wrong as never)).toThrow(TypeError);
});

test('an empty one', () => {
  const array = sharedArray(Float64Array, 0);
  expect([array.length, isShared(array)]).toEqual([0, true]);
  expect(sharedArray(Uint8Array, [])).toHaveLength(0);
});

test('of 64 MB is the same memory in a child; nothing of it is copied', async () => {
  const large = sharedArray(Uint8Array, 64 << 20);
  const target = (a: Uint8Array) => {
    a[(64 << 20) - 1] = 1;
  };
  const child = new Process({ target, args: [large] }).start();
  expect(await child.join()).toBe(0);
  expect(large[(64 << 20) - 1]).toBe(1);
});

describe('bad arguments', () => {
  test.each([undefined, null, {}, Array, ArrayBuffer, DataView, 'Float64Array', class Float64Array {}, () => {}])(
    'a class that is none: %o',
    (type) => {
      expect(() => sharedArray(type as never, 1)).toThrow(TypeError);
      expect(() => sharedArray(type as never, 1)).toThrow(/type/);
    },
  );
  test.each([-1, 1.5, NaN, Infinity, 2 ** 27 + 1])('a length of %s', (length) => {
    expect(() => sharedArray(Float64Array, length)).toThrow(RangeError);
    expect(() => sharedArray(Float64Array, length)).toThrow(/from/);
  });
  test.each([undefined, null, 'abc', true, {}, 5n])('what is no list: %s', (from) => {
    expect(() => sharedArray(Float64Array, from as never)).toThrow(TypeError);
    expect(() => sharedArray(Float64Array, from as never)).toThrow(/from/);
  });
  test('numbers for bigints, and the reverse', () => {
    expect(() => sharedArray(BigInt64Array, [1] as never)).toThrow(TypeError);
    expect(() => sharedArray(Int8Array, [1n] as never)).toThrow(TypeError);
  });
});

test('10,000 are made and dropped in three processes, and the arena stays as it was', async () => {
  const { before, after, cycles } = await result('arrays-dropped', [10_000], { execArgv: ['--expose-gc'] });
  expect(cycles).toBe(10_000);
  expect(after.objects).toBeLessThanOrEqual(before.objects + 8);
  expect(after.used).toBeLessThanOrEqual(before.used + (4 << 20));
});

test('large ones that are dropped are collected without a call to gc()', async () => {
  // 300 × 8 MB in turns of the event loop: V8 knows what they weigh.
  expect(await result('arrays-heavy', [300])).toBeLessThan(1 << 30);
});

test('memory that was moved out of its buffer stays until nobody has it', async () => {
  expect(await result('arrays-moved', [], { execArgv: ['--expose-gc'] })).toBe(true);
});
