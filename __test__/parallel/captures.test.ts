// What functions capture: numbers, booleans, helpers, typed arrays, Math's functions.
import { describe, expect, test } from 'vitest';
import { isShared, parallel, sharedArray } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const INPUT = Float64Array.of(0, 1, 2, 3);
const scale = 2.5;
const twice = (x: number) => x * 2;
const nested = (x: number) => twice(x) + scale;
const { sqrt } = Math;
const flag = true;
let changing = 1;

test('numbers, helpers, helpers of helpers, booleans', () => {
  expect(parallel.mapSync((x) => x * scale, INPUT)).toEqual(INPUT.map((x) => x * scale));
  expect(parallel.mapSync((x) => nested(x) + twice(x), INPUT)).toEqual(INPUT.map((x) => nested(x) + twice(x)));
  expect(parallel.mapSync((x) => (flag ? x : -x), INPUT)).toEqual(INPUT);
});

test("Math's functions under other names", () => {
  const f = Math.atan2;
  expect(parallel.mapSync((x) => sqrt(x) + f(x, 2), INPUT)).toEqual(INPUT.map((x) => Math.sqrt(x) + Math.atan2(x, 2)));
});

test('a variable that changes is read at each call', () => {
  const f = (x: number) => x + changing;
  for (const value of [1, 2, 0.5, -0, NaN, 2 ** 31]) {
    changing = value;
    expect(parallel.mapSync(f, INPUT)).toEqual(INPUT.map((x) => x + value));
  }
});

test('closures of one text have values of their own', () => {
  const make = (k: number) => (x: number) => x * k;
  for (const k of [1, 2, 3, 0.5]) expect(parallel.mapSync(make(k), INPUT)).toEqual(INPUT.map((x) => x * k));
});

test('a helper that changes is read at each call', () => {
  let helper = (x: number) => x + 1;
  const f = (x: number) => helper(x);
  expect(parallel.mapSync(f, INPUT)).toEqual(INPUT.map((x) => x + 1));
  helper = (x) => x - 1;
  expect(parallel.mapSync(f, INPUT)).toEqual(INPUT.map((x) => x - 1));
});

describe('typed arrays', () => {
  test.each([
    Float64Array,
    Float32Array,
    Int32Array,
    Uint32Array,
    Int16Array,
    Uint16Array,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
  ])('%o', (Kind) => {
    const table = Kind.of(5, 250, 3);
    expect(parallel.mapSync((x) => table[x], INPUT)).toEqual(Float64Array.of(5, Kind.of(250)[0], 3, NaN));
    expect(parallel.rangeSync((i) => table[i] + table.length, 3)).toEqual(Float64Array.of(8, Kind.of(250)[0] + 3, 6));
  });

  test('are read where they are, at each call', () => {
    const table = Float64Array.of(1, 2, 3);
    const f = (x: number) => table[x] ?? -1;
    expect(parallel.mapSync(f, INPUT)).toEqual(Float64Array.of(1, 2, 3, -1));
    table[0] = 10;
    expect(parallel.mapSync(f, INPUT)).toEqual(Float64Array.of(10, 2, 3, -1));
  });

  test('over shared memory', async () => {
    const table = new Int32Array(new SharedArrayBuffer(16));
    table.set([4, 3, 2, 1]);
    const input = new Float64Array(new SharedArrayBuffer(32));
    input.set([0, 1, 2, 3]);
    const into = new Float64Array(new SharedArrayBuffer(32));
    expect(await parallel.map((x) => table[x] * 2, input, { into })).toBe(into);
    expect([...into]).toEqual([8, 6, 4, 2]);
  });

  test('shared arrays, as input, table and result at once', async () => {
    const array = sharedArray(Float64Array, [1, 2, 3]);
    const into = sharedArray(Int32Array, 3);
    expect(parallel.mapSync((x) => array[x] * 2, array, { into })).toBe(into);
    expect([...into, isShared(into)]).toEqual([4, 6, 0, true]);
    await parallel.map((x) => (array[x] ?? 9) * 2, array, { into: array, threads: 3 });
    expect([...array]).toEqual([4, 6, 18]);
  });

  test('out of range: undefined, as NaN', () => {
    const table = Float64Array.of(7);
    const f = (x: number) =>
      (table[-1] || 1) + (table[0.5] || 2) + (table[x] || 3) + (table[2 ** 32] || 4) + (table[NaN] || 5);
    expect(parallel.mapSync(f, INPUT)).toEqual(INPUT.map(f));
    const g = (x: number) => table[x];
    expect(parallel.mapSync(g, INPUT)).toEqual(Float64Array.of(7, NaN, NaN, NaN));
    expect(parallel.mapSync(g, INPUT, { into: new Int32Array(4) })).toEqual(Int32Array.of(7, 0, 0, 0));
  });

  test('equality of what may be undefined on both sides is refused', () => {
    const table = Float64Array.of(7);
    const f = (x: number) => (table[x] === table[x] ? 1 : 0);
    expect(parallel.explain(f)).toMatchObject({ snippet: 'table[x] === table[x]' });
    const kept = (x: number) => { const a = table[x]; return a === a ? 1 : 0; }; // prettier-ignore
    expect(parallel.explain(kept)).toMatchObject({ snippet: 'a === a' });
    const one = (x: number) => (table[x] === x ? 1 : 0);
    expect(parallel.mapSync(one, INPUT)).toEqual(INPUT.map(one));
  });
});

describe('refused', () => {
  const text = 'text';
  const object = { a: 1 };
  const big = BigInt64Array.of(1n);
  const proxied = new Proxy(twice, {});
  test.each([
    ['a string', (x: number) => x + text.length, /^'text' is a string/],
    ['an object', (x: number) => x + object.a, /^'object' is an object/],
    ['an object as a value', (x: number) => (object ? x : 1), /'object' is an object/],
    ['an array of BigInts', (x: number) => x + Number(big[0]), /call of|'big'/],
    ['a Proxy', (x: number) => proxied(x), /Proxy/],
    ['a written variable', (x: number) => (changing = x), /outside of the function/],
    ['an array as a value', (x: number) => (INPUT ? x : 1), /INPUT\[i\]/],
    ['a written element', (x: number) => (INPUT[0] = x), /local variable/],
  ])('%s', (_, f, message) => {
    expect(parallel.explain(f)?.message).toMatch(message);
  });

  test('in a helper, whose name is in the message', () => {
    const bad = (x: number) => x + Number(text);
    const issue = parallel.explain((x: number) => bad(x) + 1);
    expect(issue?.message).toMatch(/^in 'bad': /);
    expect(issue?.line).toBe(1);
  });

  test('a Math that is not the global one', () => {
    const Math = { sin: (x: number) => x };
    expect(parallel.explain((x: number) => Math.sin(x))).toMatchObject({ line: 1 });
    const parameter = new Function('x', 'Math', 'return Math.sin(x)') as (x: number) => number;
    expect(parallel.explain(parameter)?.message).toMatch(/'Math'|property|call of/);
  });

  test('functions of Math that were replaced, and none once they are back', () => {
    const f = (x: number) => Math.cosh(x) + 1;
    const original = Math.cosh;
    const expected = INPUT.map(f);
    expect(parallel.mapSync(f, INPUT)).toEqual(expected);
    Math.cosh = (x) => x;
    try {
      expect(() => parallel.mapSync(f, INPUT)).toThrow(/Math\.cosh has been replaced/);
      expect(parallel.explain(f)).toMatchObject({ snippet: 'Math.cosh' });
      expect(parallel.mapSync(f, INPUT, { fallback: 'serial' })).toEqual(INPUT.map((x) => x + 1));
    } finally {
      Math.cosh = original;
    }
    expect(parallel.mapSync(f, INPUT)).toEqual(expected);
  });
});
