// map, zip and range: what they compute, of which kind, and where they write it.
import { describe, expect, test } from 'vitest';
import { parallel } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const INPUT = Float64Array.from({ length: 1000 }, (_, i) => i / 7 - 50);

describe('map', () => {
  test('gives f of each element and its index, in the kind of the input', async () => {
    const f = (x: number, i: number) => x * 2 + i;
    const expected = INPUT.map(f);
    expect(parallel.mapSync(f, INPUT)).toEqual(expected);
    expect(await parallel.map(f, INPUT)).toEqual(expected);
    expect(parallel.mapSync((x) => x / 2, Int16Array.of(1, -3, 5))).toEqual(Int16Array.of(0, -1, 2));
    expect(await parallel.map((x) => x * 100, Uint8ClampedArray.of(1, 2, 3))).toEqual(
      Uint8ClampedArray.of(100, 200, 255),
    );
  });

  test('writes into an array of another kind, and returns it', async () => {
    const into = new Float32Array(INPUT.length);
    expect(parallel.mapSync((x) => x / 3, INPUT, { into })).toBe(into);
    expect(into).toEqual(Float32Array.from(INPUT, (x) => x / 3));
    expect(await parallel.map((x) => x / 5, INPUT, { into })).toBe(into);
    expect(into).toEqual(Float32Array.from(INPUT, (x) => x / 5));
  });

  test('leaves the input alone', () => {
    const input = INPUT.slice();
    parallel.mapSync((x) => { x += 1; return x; }, input); // prettier-ignore
    expect(input).toEqual(INPUT);
  });

  test.each([0, 1, 2, 3, 63, 64, 65, 1000, 16_385, 100_001])('of %i elements', async (length) => {
    const input = Float64Array.from({ length }, (_, i) => i);
    const expected = input.map((x) => x * x + 1);
    for (const threads of [1, 2, 3, 8]) {
      expect(parallel.mapSync((x) => x * x + 1, input, { threads })).toEqual(expected);
      expect(await parallel.map((x) => x * x + 1, input, { threads })).toEqual(expected);
    }
  });

  test('of lengths around that of a block, with odd numbers among ordinary ones', () => {
    const odd = [NaN, Infinity, -Infinity, 0, -0, 1e-320, -3, 1e9, Math.PI, 710, 1];
    const functions = [
      (x: number) => Math.sin(x) + Math.cos(x * 2),
      (x: number) => Math.exp(x) - Math.log(x),
      (x: number) => x ** (x / 2) + x ** 2,
      (x: number) => { const e = Math.exp(-x); return x < 1 ? Math.log(e + 1) : e * Math.sin(e); }, // prettier-ignore
    ];
    for (const f of functions) {
      for (const length of [0, 1, 7, 8, 9, 15, 16, 17, 100]) {
        const input = Float64Array.from({ length }, (_, i) => (i % 5 === 3 ? odd[i % odd.length] : i / 7));
        expect(parallel.mapSync(f, input)).toEqual(input.map((x) => f(x)));
      }
    }
  });

  test('on several threads computes each element once', () => {
    const input = Int32Array.from({ length: 50_000 }, (_, i) => i);
    const f = (n: number) => { let s = 0; for (let j = 0; j < n % 100; j++) s += j; return s; }; // prettier-ignore
    expect(parallel.mapSync(f, input, { threads: 3 })).toEqual(input.map(f));
  });

  test('of a Buffer gives a Uint8Array', () => {
    expect(parallel.mapSync((x) => x + 1, Buffer.from([1, 255]))).toEqual(Uint8Array.of(2, 0));
  });

  test('takes functions in all their forms', () => {
    const object = { method(x: number) { return x + 1; } }; // prettier-ignore
    function declared(x: number) { return x + 1; } // prettier-ignore
    const forms = [declared, object.method, function named(x: number) { return x + 1; }, (x: number) => x + 1]; // prettier-ignore
    for (const f of forms) expect(parallel.mapSync(f, Float64Array.of(1, 2))).toEqual(Float64Array.of(2, 3));
  });

  test("takes Math's functions themselves", () => {
    const input = Float64Array.of(4, 9, 0.5);
    for (const name of ['sqrt', 'sin', 'floor', 'fround', 'clz32', 'atan2', 'max', 'imul'] as const) {
      const f = Math[name] as (x: number, i: number) => number;
      expect(parallel.mapSync(f, input)).toEqual(input.map((x, i) => f(x, i)));
    }
  });
});

describe('zip', () => {
  test('gives f the i-th element of each, and i', async () => {
    const [a, b, c] = [Float64Array.of(1, 2), Int8Array.of(3, -4), Float32Array.of(0.5, 0.25)];
    const f = (x: number, y: number, z: number, i: number) => x * y + z + i;
    expect(parallel.zipSync(f, [a, b, c])).toEqual(Float64Array.of(3.5, -6.75));
    expect(await parallel.zip(f, [a, b, c])).toEqual(Float64Array.of(3.5, -6.75));
    expect(parallel.zipSync(f, [a, b, c], { into: new Int32Array(2) })).toEqual(Int32Array.of(3, -6));
  });

  test('takes one array twice', () => {
    expect(parallel.zipSync((x, y) => x * y, [INPUT, INPUT])).toEqual(INPUT.map((x) => x * x));
  });
});

describe('range', () => {
  test('gives f each index', async () => {
    const f = (i: number) => i * i;
    expect(parallel.rangeSync(f, 5)).toEqual(Float64Array.of(0, 1, 4, 9, 16));
    expect(await parallel.range(f, 5)).toEqual(Float64Array.of(0, 1, 4, 9, 16));
    expect(await parallel.range(f, 4, { into: new Uint8Array(4) })).toEqual(Uint8Array.of(0, 1, 4, 9));
    expect(parallel.rangeSync(f, 0)).toEqual(new Float64Array(0));
  });
});

test('language: what the page on the subset lists', () => {
  const helper = (z: number, more = 2) => { if (z > 0) { return z * more; } return -z; }; // prettier-ignore
  const f = (x: number, i: number) => {
    var total = 0;
    const half = (z: number) => z / 2;
    function third(z: number) { return z / 3; } // prettier-ignore
    for (let j = 0; j < 4; j++) {
      if (j === 2) continue;
      total += helper(x) + helper(x, j);
    }
    outer: for (;;) {
      let n = 0;
      while (true) {
        n++;
        if (n > 3) break outer;
        if (n === 2) continue outer;
        if (total > 1e6) return -1;
        total += 1e5;
      }
    }
    let k = 5;
    do { k--; total -= half(k); } while (k > 2 && total < 1e9); // prettier-ignore
    switch (i & 3) {
      case 0:
      case 1:
        total *= 2;
        break;
      default:
        total = third(total);
        break;
      case 9:
        total -= 7;
    }
    let q;
    if (x > 0) q = ~i >>> 1;
    else q = i << 3;
    block: { if (q > 100) break block; total += q; } // prettier-ignore
    total ||= 4;
    total &&= total ** 1.5;
    return (total++, isNaN(total) ? Math.PI : total % 1000) + ((z: number) => z)(q);
  };
  expect(parallel.mapSync(f, INPUT)).toEqual(INPUT.map(f));
});
