/** Values that codecs get wrong, one by one. */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';

const there = (value: unknown): unknown => decode(encode(value, 'value').bytes);

const cyclic: { self?: unknown; list: unknown[] } = { list: [] };
cyclic.self = cyclic;
cyclic.list.push(cyclic);
const named = Object.assign([1, 2], { index: 3 });
const sparse: unknown[] = [1];
sparse[1e6] = 2;

/** Large ones take another way than small ones. */
const large = (item: unknown): unknown[] => Array.from({ length: 1000 }, () => item);

const VALUES: [string, unknown][] = [
  ...[0, -0, 1, -1, NaN, Infinity, -Infinity, 1.5, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 53), 5e-324].map(
    (n): [string, unknown] => [`number ${Object.is(n, -0) ? '-0' : n}`, n],
  ),
  ['empty string', ''],
  ['latin1', 'é'.repeat(300)],
  ['unicode', '日本語😀'],
  ['lone surrogates', '\ud83d a \udc00'],
  ['NUL', 'a\0b'],
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['bigints', [0n, -1n, 2n ** 64n, -(2n ** 200n)]],
  ['own __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}')],
  ['numeric keys', { 2: 'b', 1: 'a', x: 1 }],
  ['odd keys', { '': 1, é: 2, '\ud800': 3, 'a b': 4 }],
  ['undefined property', { a: undefined }],
  ['null prototype', Object.assign(Object.create(null), { a: 1 })],
  ['holes', [, 1, , 2, ,]],
  ['only holes', new Array(5)],
  ['named array', named],
  ['sparse array', sparse],
  ['cycle', cyclic],
  [
    'Map',
    new Map<unknown, unknown>([
      [{ k: 1 }, new Set([1n, 'x'])],
      [NaN, -0],
    ]),
  ],
  ['Set', new Set([undefined, null, NaN, new Set()])],
  ['Date', new Date(1e12 + 0.5)],
  ['RegExp', /a\/(?<b>\d)/dgimsuy],
  ['boxed', [Object(1), Object('s'), Object(false), Object(1n)]],
  [
    'views',
    [new Int8Array([1, -1]), new Float32Array([0.5, -0]), new BigUint64Array([2n ** 63n]), new Uint8ClampedArray(2)],
  ],
  ['ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['DataView', new DataView(new ArrayBuffer(9), 3, 5)],
  ['Buffer', Buffer.from('héy')],
  ['Buffers among much', large(Buffer.from('x'))],
  ['registered symbol', Symbol.for('multiproc.test')],
  ['known symbol', [Symbol.iterator, Symbol.asyncIterator]],
  ['many objects', large({ a: [1, 'two', { three: null }] })],
  ['many numbers', Array.from({ length: 1e5 }, (_, i) => i / 3)],
  ['large Map', new Map(Array.from({ length: 500 }, (_, i) => [i, { i }]))],
];

describe('values arrive as they were sent', () => {
  it.each(VALUES)('%s', (_, value) => expect(there(value)).toStrictEqual(value));

  it('an invalid Date', () => expect(there(new Date(NaN))).toEqual(new Date(NaN)));

  it('what is shared stays shared', () => {
    const shared = { a: 1 };
    const buffer = new ArrayBuffer(8);
    const [a, b, c, view, whole] = there([
      shared,
      shared,
      new Map([[shared, shared]]),
      new Uint8Array(buffer, 2, 3),
      buffer,
    ]) as any[];
    expect(a).toBe(b);
    expect([...c.entries()][0][0]).toBe(a);
    expect(view.buffer).toBe(whole);
    expect([view.byteOffset, view.length]).toEqual([2, 3]);
  });

  it('resizable buffers, and whether a view follows them', () => {
    type Resizable = ArrayBuffer & { resizable: boolean; maxByteLength: number; resize(n: number): void };
    for (const max of [16, 4]) {
      const buffer = new (ArrayBuffer as any)(4, { maxByteLength: max }) as Resizable;
      new Uint8Array(buffer).set([1, 2, 3, 4]);
      const sent = [buffer, new Uint8Array(buffer), new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 1)];
      const [copy, follows, fixed, offset] = there(sent) as [Resizable, ...Uint8Array[]];
      expect([copy.maxByteLength, [...follows]]).toEqual([max, [1, 2, 3, 4]]);
      copy.resize(2);
      expect([follows.length, fixed.length, offset.length]).toEqual([2, 0, 1]);
    }
  });

  it('functions of the runtime are the same there', () => {
    expect(there([Math.max, Array.prototype.map, Promise, process, console, Math, globalThis])).toEqual([
      Math.max,
      Array.prototype.map,
      Promise,
      process,
      console,
      Math,
      globalThis,
    ]);
  });

  it('getters of plain objects and arrays are read', () => {
    const values = [
      { a: 1, get b() { return [this.a]; } },
      Object.defineProperty([0, , 2], 0, { get: () => 'read', enumerable: true }),
      Object.defineProperty(Object.assign([1], { named: 2 }), 'own', { get: () => 3, enumerable: true }),
      Object.defineProperty({}, '__proto__', { get: () => 4, enumerable: true }),
    ]; // prettier-ignore
    expect(there(values)).toStrictEqual(structuredClone(values));
  });

  it('what a getter throws is thrown, and the next value is sent', () => {
    const error = new RangeError('not now');
    const bad = {
      get a() {
        throw error;
      },
    };
    expect(() => encode([bad], 'value')).toThrow(error);
    expect(there([1, { b: 2 }])).toStrictEqual([1, { b: 2 }]);
  });

  it('many objects of one shape', () => {
    const make = (i: number) => ({ id: i, ['__proto__']: { i }, 'odd "key"\u2028': `${i}`, list: [i] });
    const values = Array.from({ length: 100 }, (_, i) => make(i));
    expect(there(values)).toStrictEqual(values);
  });

  it('a value is sent as it was at the call', () => {
    const value = { a: [1] };
    const { bytes } = encode(value, 'value');
    value.a.push(2);
    expect(decode(bytes)).toEqual({ a: [1] });
  });

  it('nothing refers to the bytes that it came from', () => {
    const { bytes } = encode([new Uint8Array([1, 2]), Buffer.from('ab')], 'value');
    const value = decode(bytes);
    bytes.fill(0);
    expect(value).toEqual([new Uint8Array([1, 2]), Buffer.from('ab')]);
  });
});
