/** The nine kinds of typed arrays whose elements are numbers. */
import type { NumericArray } from '../native/kernel';
import { show } from '../validate';

/** By the numbers that napi gives them. */
export const KINDS = [
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

export const FLOAT64 = 8;
const NAMES = KINDS.map(({ name }) => name);
const numbers = new Map<unknown, number>(NAMES.map((name, at) => [name, at]));

/** The name of a typed array's kind, whatever its class; undefined for anything else. */
const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Int8Array.prototype), Symbol.toStringTag)!.get!;

/** The number of an array's kind; -1 where it is none of the nine. */
export function kindOf(value: unknown): number {
  return numbers.get(tag.call(value)) ?? -1;
}

/** A typed array of numbers, or a TypeError that names `argument`. */
export function checkNumericArray(value: unknown, argument: string): asserts value is NumericArray {
  if (kindOf(value) >= 0) return;
  throw Object.assign(
    new TypeError(`${argument} must be a typed array of numbers (${NAMES.join(', ')}), got ${show(value)}`),
    {
      code: 'ERR_INVALID_ARG_TYPE',
    },
  );
}

/** Arrays of one length, or a RangeError that names the one which differs. */
export function checkLength(array: NumericArray, length: number, argument: string): void {
  if (array.length === length) return;
  throw Object.assign(
    new RangeError(`${argument} must have ${length} elements, as many as are computed; it has ${array.length}`),
    {
      code: 'ERR_OUT_OF_RANGE',
    },
  );
}
