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

/** Whether a key is the index of an element. */
export function isIndex(key: string, length: number): boolean {
  const index = Number(key) >>> 0;
  return index < length && String(index) === key;
}
