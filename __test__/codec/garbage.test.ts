/** Bytes that no encoder wrote: a typed error or some value, never anything else. */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';
import { SerializationError } from 'multiproc';

const ROUNDS = Number(process.env.FUZZ_GARBAGE ?? 20_000);

let state = 7;
const below = (n: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 8) % n;
};

function survives(bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
  }
}

const seeds = [
  {
    a: [1, 'two', 3n, null],
    b: new Map([[1, new Set([2])]]),
    c: new Date(5),
    d: /x/g,
    e: Object(1),
    f: new Error('x'),
  },
  [
    new Uint8Array(8),
    new DataView(new ArrayBuffer(8)),
    Buffer.from('abc'),
    [, 1],
    Object.assign([1], { x: 1 }),
    1.5,
    'é日',
  ],
  Array.from({ length: 300 }, (_, i) => ({ i, s: `${i}` })),
  [Math.max, process, Symbol.iterator, Symbol.for('x')],
].map((value) => encode(value, 'value').bytes);

describe('decode', () => {
  it('of random bytes', () => {
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = Uint8Array.from({ length: below(64) }, () => below(256));
      if (bytes.length > 0 && below(2)) bytes[0] = 1 + below(3);
      survives(bytes);
    }
  });

  it('of messages with bytes changed', () => {
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = seeds[below(seeds.length)].slice();
      for (let n = 1 + below(3); n > 0; n--) bytes[below(bytes.length)] = below(256);
      survives(bytes);
    }
  });

  it('of messages cut short, or with more behind', () => {
    for (const seed of seeds) {
      for (let length = 0; length < Math.min(seed.length, 400); length++) {
        expect(() => decode(seed.subarray(0, length))).toThrow(SerializationError);
      }
    }
    const [first] = seeds;
    expect(() => decode(new Uint8Array([...first, 0]))).toThrow(/follows/);
  });

  it('of lengths that are not there', () => {
    for (const tag of [6, 7, 12, 13, 17, 18, 19, 21, 22, 24]) {
      expect(() => decode(new Uint8Array([1, tag, 255, 255, 255, 255, 15]))).toThrow(SerializationError);
    }
  });

  it('of deep nesting', () => {
    expect(() => decode(new Uint8Array([1, ...new Array(1e5).fill([13, 1]).flat()]))).toThrow(/deep/);
  });
});
