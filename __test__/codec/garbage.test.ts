/** Bytes that no encoder wrote: a typed error or some value, never anything else. */
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';
import { Lock, SerializationError } from 'multiproc';
import { crashes } from './support/fuzz.mjs';

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

function survives(bytes: Uint8Array): void {
  try {
    decode(bytes);
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
  }
}

describe('decode', () => {
  it('of messages with bytes changed, and of random bytes', () => {
    expect(crashes({ count: 20_000, seed: 7 })).toEqual([]);
  });

  it('of handles of blocks that are none, or of another kind', () => {
    const bytes = encode(new Lock(), 'lock').bytes;
    for (let i = 2; i < bytes.length; i++) {
      for (let value = 0; value < 256; value++) {
        const garbage = bytes.slice();
        garbage[i] = value;
        survives(garbage);
      }
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
