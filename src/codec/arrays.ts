/** What an array is made of, beside its elements. */
import { inspect } from 'node:util';

/** Nothing of an array but how many elements it has, and its named properties. */
const NAMED = { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity, colors: false } as const;

/** Whether an array has all of its elements and nothing else. */
export function isDense(array: readonly unknown[]): boolean {
  const { length } = array;
  for (let i = 0; i < length; i++) if (array[i] === undefined && !Object.hasOwn(array, i)) return false;
  return inspect(array, NAMED) === `[ ... ${length} more items ]`;
}

/** Above this `new Array` makes a table. */
const MOST_AT_ONCE = 1 << 24;

/** An array of these numbers. */
export function arrayOf(numbers: Int32Array | Float64Array): number[] {
  const { length } = numbers;
  if (length > MOST_AT_ONCE) return Array.from(numbers);
  const array = new Array<number>(length);
  for (let i = 0; i < length; i++) array[i] = numbers[i];
  return array;
}

/** Whether a key is the index of an element. */
export function isIndex(key: string, length: number): boolean {
  const index = Number(key) >>> 0;
  return index < length && String(index) === key;
}

/** The elements of an array of numbers alone: integers where all are; undefined: there is something else. */
export function numbersOf(array: readonly unknown[], length: number): Int32Array | Float64Array | undefined {
  const integers = new Int32Array(length);
  let i = 0;
  for (; i < length; i++) {
    const item = array[i];
    if (typeof item !== 'number') return undefined;
    const whole = item | 0;
    if (whole !== item || (whole === 0 && 1 / item < 0)) break;
    integers[i] = whole;
  }
  if (i === length) return integers;
  const doubles = new Float64Array(length);
  for (i = 0; i < length; i++) {
    const item = array[i];
    if (typeof item !== 'number') return undefined;
    doubles[i] = item;
  }
  return doubles;
}
