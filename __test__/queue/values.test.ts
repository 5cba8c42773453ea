// What is put comes out as it was, copied at the time of the call.
import { describe, expect, test } from 'vitest';
import { Lock, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

const cyclic: Record<string, unknown> = { name: 'cycle' };
cyclic.self = cyclic;
const shared = { of: 'two places' };

const values: [name: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
  ['0', 0],
  ['-0', -0],
  ['NaN', NaN],
  ['Infinity', -Infinity],
  ['a fraction', 0.1 + 0.2],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['a bigint', -(2n ** 200n)],
  ['an empty string', ''],
  ['a string of all planes', 'aé漢😀\0"\\ '],
  ['half a surrogate pair', 'x\ud83d'],
  ['an array', [1, 'two', [3]]],
  ['a sparse array', [1, , 3]],
  ['an object', { a: 1, 'b c': { d: undefined } }],
  ['an object of integer keys', { 2: 'b', 1: 'a' }],
  ['an object with __proto__ as a key', JSON.parse('{"__proto__": 1}')],
  ['a cycle', cyclic],
  ['one object in two places', [shared, shared]],
  ['a Date', new Date(1234567890123)],
  ['an invalid Date', new Date(NaN)],
  ['a RegExp', /a+/giu],
  [
    'a Map',
    new Map<unknown, unknown>([
      [{ key: 1 }, [2]],
      [NaN, 'nan'],
    ]),
  ],
  ['a Set', new Set([1, 'a', null])],
  ['a Uint8Array', new Uint8Array([1, 2, 255])],
  ['a Float64Array', new Float64Array([0.5, -0, NaN])],
  ['a BigInt64Array', new BigInt64Array([-1n])],
  ['an ArrayBuffer', new Uint8Array([9, 8]).buffer],
  ['a boxed number', Object(7)],
];

test.each(values)('%s', (_, value) => {
  const queue = new Queue();
  queue.putSync(value);
  expect(queue.getSync()).toStrictEqual(value);
  expect(queue.empty).toBe(true);
});

test('identity inside one item is kept, between items not', () => {
  const queue = new Queue<any>();
  queue.putSync([shared, shared]);
  queue.putSync(shared);
  const [a, b] = queue.getSync();
  expect(a).toBe(b);
  expect(a).not.toBe(shared);
  expect(queue.getSync()).not.toBe(a);
  queue.putSync(cyclic);
  const copy = queue.getSync();
  expect(copy.self).toBe(copy);
});

test('an item is what it was when it was put, whatever happens to it afterwards', async () => {
  const queue = new Queue<{ n: number; bytes: Uint8Array }>(1);
  const item = { n: 1, bytes: new Uint8Array([1]) };
  queue.putSync(item);
  item.n = 2;
  const waiting = queue.put(item);
  item.n = 3;
  item.bytes[0] = 9;
  expect(queue.getSync()).toEqual({ n: 1, bytes: new Uint8Array([1]) });
  await waiting;
  expect(queue.getSync()).toEqual({ n: 2, bytes: new Uint8Array([1]) });
});

test('what was got does not change when more is got', () => {
  const queue = new Queue<Uint8Array>();
  for (let i = 0; i < 10; i++) queue.putSync(new Uint8Array(100).fill(i));
  const got = queue.getManySync(10);
  got.forEach((bytes, i) => expect(bytes.every((byte) => byte === i)).toBe(true));
});

test('a view of a part of a buffer arrives as that part', () => {
  const queue = new Queue<Uint8Array>();
  queue.putSync(Uint8Array.from({ length: 100 }, (_, i) => i).subarray(10, 13));
  expect([...queue.getSync()]).toEqual([10, 11, 12]);
});

describe('errors', () => {
  test('keep class, message, cause and own properties', () => {
    const queue = new Queue<any>();
    const cause = new RangeError('too far');
    queue.putSync(Object.assign(new TypeError('wrong', { cause }), { code: 'E_WRONG', data: { n: 1 } }));
    const error = queue.getSync();
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('wrong');
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ code: 'E_WRONG', data: { n: 1 } });
  });

  test('of a class of the user keep it, here and in another process', async () => {
    class Late extends RangeError {
      readonly by: number;
      constructor(by: number) {
        super(`late by ${by}`);
        this.by = by;
      }
      get doubled(): number {
        return this.by * 2;
      }
    }
    const there = new Queue<any>();
    const back = new Queue<any>();
    there.putSync({ reason: new Late(3) });
    const child = new Process({
      target: (there: Queue, back: Queue) => {
        const { reason } = there.getSync();
        back.putSync([reason.constructor.name, reason instanceof RangeError, reason.doubled, reason.message]);
        back.putSync(reason);
      },
      args: [there, back],
    }).start();
    await child.join();
    expect(back.getSync()).toEqual(['Late', true, 6, 'late by 3']);
    const error = back.getSync();
    expect(error).toBeInstanceOf(Late);
    expect(error.doubled).toBe(6);
  });
});

describe('items of every size', () => {
  // Around the borders of the ring's records, of the small classes, of 16 KiB, of a page, and well above.
  const lengths = [0, 1, 7, 8, 9, 63, 64, 65, 4095, 4096, 4097, 16_300, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537];

  test.each([...lengths, 1 << 20, (4 << 20) + 1])('%i bytes', async (length) => {
    const queue = new Queue<Uint8Array | string>();
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
    queue.putSync(bytes);
    queue.putSync('x'.repeat(length));
    expect(Buffer.compare(queue.getSync() as Uint8Array, bytes)).toBe(0);
    expect((await queue.get()) === 'x'.repeat(length)).toBe(true);
  });

  test('of 32 MB, from another process', async () => {
    const queue = new Queue<Uint8Array>();
    const target = (q: Queue<Uint8Array>) => q.putSync(new Uint8Array(32 << 20).fill(3));
    const child = new Process({ target, args: [queue] }).start();
    const bytes = await queue.get();
    expect(bytes).toHaveLength(32 << 20);
    expect(bytes[0] + bytes[16 << 20] + bytes.at(-1)!).toBe(9);
    expect(await child.join()).toBe(0);
  });

  test('mixed, echoed by another process', async () => {
    const there = new Queue<string>();
    const back = new Queue<string>();
    const target = (from: Queue<string>, to: Queue<string>) => {
      for (const text of from) to.putSync(text);
    };
    const child = new Process({ target, args: [there, back] }).start();
    for (let i = 0; i < 200; i++) {
      const text = String(i % 10).repeat((i * 7919) % 50_000);
      there.putSync(text);
      if (back.getSync() !== text) throw new Error(`item ${i}, of ${text.length} characters, came back as another`);
    }
    there.close();
    expect(await child.join()).toBe(0);
  });
});

describe('handles', () => {
  test('a queue inside an item of another is the same queue', async () => {
    const outer = new Queue<{ answer: Queue<number>; n: number }>();
    const inner = new Queue<number>();
    const target = (q: Queue<{ answer: Queue<number>; n: number }>) => {
      for (const { answer, n } of q) answer.putSync(n * n);
    };
    const child = new Process({ target, args: [outer] }).start();
    outer.putSync({ answer: inner, n: 7 });
    outer.putSync({ answer: inner, n: 8 });
    expect([await inner.get(), await inner.get()]).toEqual([49, 64]);
    outer.close();
    expect(await child.join()).toBe(0);
  });

  test('thousands of locks through one queue arrive as themselves', () => {
    const queue = new Queue<Lock[]>();
    const locks = Array.from({ length: 2000 }, () => new Lock());
    for (let i = 0; i < 2000; i += 100) queue.putSync(locks.slice(i, i + 100));
    const got = queue.getManySync(100).flat();
    expect(got).toHaveLength(2000);
    expect(got.every((lock, i) => lock === locks[i])).toBe(true);
  });

  test('a queue can be put into itself', () => {
    const queue = new Queue<unknown>();
    queue.putSync(queue);
    expect(queue.getSync()).toBe(queue);
  });
});

test('what only a waiting put refers to is not collected', async () => {
  expect(await result('collected', [], { execArgv: ['--expose-gc'] })).toBe(4);
});

test('an item that cannot be decoded takes no other with it', async () => {
  expect(await result('unreadable')).toEqual([[1, 2], 'MODULE_NOT_FOUND', [4]]);
});
