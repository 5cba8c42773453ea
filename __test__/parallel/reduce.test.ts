// reduce: its order depends on the length alone.
import { describe, expect, test } from 'vitest';
import { parallel } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** Runs of 1,024 elements from the left, each from `initial`; then the runs' results. */
function documented(f: (a: number, b: number) => number, input: ArrayLike<number>, initial: number): number {
  const runs: number[] = [];
  for (let start = 0; start < input.length; start += 1024) {
    let sum = initial;
    for (let i = start; i < Math.min(start + 1024, input.length); i++) sum = f(sum, input[i]);
    runs.push(sum);
  }
  return runs.length === 0 ? initial : runs.reduce((a, b) => f(a, b));
}

const odd = (i: number) => Math.sin(i) * 10 ** (i % 30);
const FUNCTIONS: [string, (a: number, b: number) => number, number][] = [
  ['a sum', (a, b) => a + b, 0],
  ['a sum the other way round', (a, b) => b + a, 0],
  ['a sum that is not recognised', (a, b) => a + b * 1, 0],
  ['the least', (a, b) => Math.min(a, b), Infinity],
  ['Math.min', Math.min, Infinity],
  ['Math.max', Math.max, -Infinity],
  ['the greatest', (a, b) => { return Math.max(b, a); }, -Infinity], // prettier-ignore
  ['the greatest by comparison', (a, b) => (a > b ? a : b), -Infinity],
  ['a product', (a, b) => a * b, 1],
  ['a greatest common divisor', (a, b) => { a = Math.abs(a | 0); b = Math.abs(b | 0); while (b !== 0) { const t = a % b; a = b; b = t; } return a; }, 0], // prettier-ignore
  ['an exclusive or', (a, b) => a ^ b, 0],
  ['the last that is no NaN', (a, b) => (isNaN(b) ? a : b), NaN],
];
const LENGTHS = [0, 1, 2, 1023, 1024, 1025, 8 * 1024, 8 * 1024 + 1, 50_000];
const KINDS = [
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
];

describe.each(FUNCTIONS)('%s', (_, f, initial) => {
  test('has the same bits on 1, 2, 3 and 8 threads, in the documented order', async () => {
    for (const length of LENGTHS) {
      const input = Float64Array.from({ length }, (_, i) => odd(i));
      const expected = documented(f, input, initial);
      for (const threads of [1, 2, 3, 8]) {
        expect(parallel.reduceSync(f, input, initial, { threads })).toBe(expected);
        expect(await parallel.reduce(f, input, initial, { threads })).toBe(expected);
      }
    }
  });

  test('of every kind of array', () => {
    for (const Kind of KINDS) {
      const input = new Kind(20_000).map((_: number, i: number) => odd(i) % 100_000);
      expect(parallel.reduceSync(f, input, initial)).toBe(documented(f, input, initial));
    }
  });

  test('by itself', () => {
    // `fallback` makes no difference where the function compiles: an unknown global makes it one that does not.
    const serial = new Function('f', 'return (a, b) => (globalThis, f(a, b))')(f) as typeof f;
    const input = Float64Array.from({ length: 3000 }, (_, i) => odd(i));
    expect(parallel.reduceSync(serial, input, initial, { fallback: 'serial' })).toBe(documented(f, input, initial));
  });
});

test('odd numbers: -0, NaN, infinities', () => {
  expect(parallel.reduceSync(Math.min, Float64Array.of(0, -0), 0)).toBe(-0);
  expect(parallel.reduceSync(Math.max, Float64Array.of(-0, 0), -0)).toBe(0);
  expect(parallel.reduceSync(Math.max, Float64Array.of(-0, -0), -0)).toBe(-0);
  expect(parallel.reduceSync((a, b) => a + b, Float64Array.of(-0, -0), -0)).toBe(-0);
  expect(parallel.reduceSync((a, b) => a + b, Float64Array.of(Infinity, -Infinity), 0)).toBe(NaN);
  expect(parallel.reduceSync(Math.min, Float64Array.of(1, NaN, 2), Infinity)).toBe(NaN);
});
