// Where results are written, and memory that goes away.
import { describe, expect, test } from 'vitest';
import { parallel } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const COUNT = 10_000;
const numbers = (length = COUNT) => Float64Array.from({ length }, (_, i) => i);
/** Fills memory that was freed with something else. */
const churn = () => Array.from({ length: 2000 }, (_, i) => new Float64Array(200).fill(i)).length;
const isNew = 'resize' in ArrayBuffer.prototype;

describe('a result that is written where an input is', () => {
  test('in place', async () => {
    const array = numbers();
    expect(parallel.mapSync((x) => x * 2, array, { into: array })).toBe(array);
    expect(array).toEqual(numbers().map((x) => x * 2));
    await parallel.map((x) => x / 2, array, { into: array });
    expect(array).toEqual(numbers());
  });

  test.each([1, 8, 4096])('moved by %i elements: as if it were elsewhere', async (by) => {
    for (const [from, to] of [
      [0, by],
      [by, 0],
    ]) {
      // prettier-ignore
      for (const run of [parallel.mapSync, parallel.map]) {
        const array = numbers(COUNT + by);
        const input = array.subarray(from, from + COUNT);
        const expected = input.map((x) => x + 1);
        const into = array.subarray(to, to + COUNT);
        await run((x) => x + 1, input, { into, threads: 3 });
        expect(into).toEqual(expected);
      }
    }
  });

  test('with elements of another size', () => {
    const buffer = new ArrayBuffer(COUNT * 8);
    const input = new Float64Array(buffer).fill(3);
    const into = new Float32Array(buffer, 0, COUNT);
    parallel.mapSync((x, i) => x + i, input, { into, threads: 3 });
    expect(into).toEqual(Float32Array.from({ length: COUNT }, (_, i) => 3 + i));
  });

  test('that is captured', () => {
    const array = numbers();
    const expected = array.map((x, i) => x + (array[COUNT - 1 - i] ?? 0));
    parallel.mapSync((x, i) => x + (array[array.length - 1 - i] ?? 0), array, { into: array, threads: 3 });
    expect(array).toEqual(expected);
  });

  test('that is captured, by itself', () => {
    const array = numbers();
    const expected = array.map((x, i) => x + array[COUNT - 1 - i]);
    const f = (x: number, i: number) => x + array[COUNT - 1 - i] + (globalThis === undefined ? 1 : 0);
    parallel.mapSync(f, array, { into: array, fallback: 'serial' });
    expect(array).toEqual(expected);
  });
});

describe('NaN', () => {
  /** Bits of a signalling NaN and of quiet ones with payloads. */
  const BITS32 = [0x7f800001, 0x7fa00000, 0x7fc00000, 0xffc00001, 0x7fffffff, 0xff812345];

  test('of any bits stays NaN, through every kind', () => {
    const words = Uint32Array.from({ length: 600 }, (_, i) => BITS32[i % 6]);
    const input = new Float32Array(words.buffer);
    for (const into of [new Float32Array(600), new Float64Array(600)]) {
      expect(parallel.mapSync((x) => x, input, { into }).every(Number.isNaN)).toBe(true);
      expect(parallel.mapSync((x) => -x * 2, input, { into }).every(Number.isNaN)).toBe(true);
    }
    expect(parallel.mapSync((x) => x, input, { into: new Int32Array(600) })).toEqual(new Int32Array(600));
    expect(parallel.mapSync((x) => x, input, { into: new Uint8ClampedArray(600) })).toEqual(new Uint8ClampedArray(600));
  });
});

describe('during an awaited run', () => {
  const slow = (x: number) => { let s = x; for (let j = 0; j < 20_000; j++) s = s * 0.5 + 1; return s; }; // prettier-ignore
  const expected = (input: Float64Array) => input.map(slow);

  test('a buffer may be detached: the run goes on over its memory', async () => {
    const [input, table] = [numbers(200), Float64Array.of(1, 2)];
    const want = input.map((x) => slow(x) + table[1]);
    const promise = parallel.map((x) => slow(x) + table[1], input);
    for (const { buffer } of [input, table]) structuredClone(buffer, { transfer: [buffer] });
    expect(input.length + table.length).toBe(0);
    churn();
    expect(await promise).toEqual(want);
  });

  test.runIf('transfer' in ArrayBuffer.prototype)('it may be moved to another size', async () => {
    const input = numbers(200);
    const want = expected(input);
    const promise = parallel.map(slow, input);
    (input.buffer as unknown as { transfer(n: number): void }).transfer(1 << 20);
    churn();
    expect(await promise).toEqual(want);
  });

  test('a result that was detached is an error', async () => {
    const [input, into] = [numbers(200), new Float64Array(200)];
    const promise = parallel.map(slow, input, { into });
    structuredClone(into.buffer, { transfer: [into.buffer] });
    churn();
    await expect(promise).rejects.toThrow(/options\.into, when the run ended, must have 200 elements/);
  });

  test('arrays that nobody holds any more stay', async () => {
    const promises = [1, 2, 3].map((k) => parallel.map((x) => slow(x) + k, numbers(200)));
    churn();
    for (const [at, found] of (await Promise.all(promises)).entries()) {
      expect(found).toEqual(numbers(200).map((x) => slow(x) + at + 1));
    }
  });

  test("a WebAssembly memory's buffer may go", async () => {
    type Memory = { buffer: ArrayBuffer; grow(pages: number): void };
    const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: new (of: object) => Memory } }).WebAssembly;
    const memory = new Memory({ initial: 1, maximum: 100 });
    const input = new Float64Array(memory.buffer, 0, 200);
    input.set(numbers(200));
    const want = expected(input);
    const promise = parallel.map(slow, input);
    memory.grow(50);
    expect(input.length).toBe(0);
    expect(await promise).toEqual(want);
  });

  test.runIf(isNew)('a resizable buffer may shrink', async () => {
    const Resizable = ArrayBuffer as unknown as new (
      n: number,
      o: { maxByteLength: number },
    ) => ArrayBuffer & { resize(n: number): void };
    const buffer = new Resizable(1600, { maxByteLength: 1 << 20 });
    const input = new Float64Array(buffer);
    input.set(numbers(200));
    const want = expected(input);
    const promise = parallel.map(slow, input);
    buffer.resize(0);
    expect(await promise).toEqual(want);
    const out = new Resizable(1600, { maxByteLength: 1600 });
    const into = new Float64Array(out);
    const writing = parallel.map(slow, numbers(200), { into });
    out.resize(80);
    await expect(writing).rejects.toThrow(/options\.into, when the run ended, must have 200/);
  });

  test.runIf('growable' in SharedArrayBuffer.prototype)('a shared buffer may grow', async () => {
    const Growable = SharedArrayBuffer as unknown as new (
      n: number,
      o: { maxByteLength: number },
    ) => SharedArrayBuffer & { grow(n: number): void };
    const buffer = new Growable(1600, { maxByteLength: 1 << 20 });
    const input = new Float64Array(buffer);
    input.set(numbers(200));
    const want = expected(numbers(200));
    const promise = parallel.map(slow, input, { into: new Float64Array(200) });
    buffer.grow(1 << 20);
    expect(await promise).toEqual(want);
  });
});

test('detached arrays have no elements', async () => {
  const input = numbers(10);
  structuredClone(input, { transfer: [input.buffer] });
  expect(parallel.mapSync((x) => x, input)).toEqual(new Float64Array(0));
  expect(await parallel.map((x) => x, input)).toEqual(new Float64Array(0));
  expect(await parallel.reduce((a, b) => a + b, input, 7)).toBe(7);
  expect(parallel.mapSync((x) => input[x] ?? -1, Float64Array.of(0))).toEqual(Float64Array.of(-1));
  expect(() => parallel.mapSync((x) => x, numbers(10), { into: input })).toThrow(RangeError);
});

test('more kernels than are kept: the oldest are compiled again', () => {
  const functions = Array.from(
    { length: 300 },
    (_, i) => new Function('x', `return x * ${i}.5`) as (x: number) => number,
  );
  for (const turn of [1, 2]) {
    for (const [i, f] of functions.entries())
      expect(parallel.mapSync(f, Float64Array.of(turn))[0]).toBe(turn * (i + 0.5));
  }
});
