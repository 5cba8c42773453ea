/**
 * One look at a large value: does it hold nothing but what V8's serializer copies exactly, and without running any code?
 *
 * Then V8 writes it in one piece. The look reads descriptors and keeps a list of its own instead of recursing, so depth
 * is no limit to it. Elements of arrays are read directly: reading all of them by descriptor costs more than serialising
 * them, and a getter on an array's index is the one thing that this lets run.
 */
import { inspect, types } from 'node:util';
import { handleOf } from '../arena/handle';
import { rootReference } from '../closure/reference';

const { getPrototypeOf, getOwnPropertyDescriptor, keys } = Object;
const objectPrototype = Object.prototype;
const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;

export function isPlain(root: unknown): boolean {
  if (typeof root !== 'object' || root === null) return typeof root !== 'function' && typeof root !== 'symbol';
  const seen = new Set<object>([root]);
  const pending: object[] = [root];
  let plain = true;
  /** Takes a value that was found: whether it may stand in a plain value. */
  const take = (value: unknown): boolean => {
    if (typeof value !== 'object') return typeof value !== 'function' && typeof value !== 'symbol';
    if (value !== null && !seen.has(value)) {
      seen.add(value);
      pending.push(value);
    }
    return true;
  };
  while (pending.length > 0) {
    const value = pending.pop()!;
    if (types.isProxy(value)) return false;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) if (!take(value[i])) return false;
      if (!onlyElements(value)) return false;
      continue;
    }
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === objectPrototype) {
      if (rootReference(value) !== undefined) return false;
      for (const key of keys(value)) {
        const descriptor = getOwnPropertyDescriptor(value, key)!;
        if (!('value' in descriptor) || !take(descriptor.value)) return false;
      }
    } else if (types.isMap(value)) {
      if (prototype !== Map.prototype) return false;
      mapForEach.call(value, (item, key) => void (plain &&= take(key) && take(item)));
    } else if (types.isSet(value)) {
      if (prototype !== Set.prototype) return false;
      setForEach.call(value, (item) => void (plain &&= take(item)));
    } else if (ArrayBuffer.isView(value)) {
      if (Buffer.isBuffer(value) || types.isSharedArrayBuffer(value.buffer)) return false;
      if (handleOf(value.buffer) !== undefined) return false;
    } else if (types.isArrayBuffer(value)) {
      if (handleOf(value) !== undefined) return false;
    } else if (!types.isDate(value)) {
      return false;
    }
    if (!plain) return false;
  }
  return true;
}

/** Nothing of an array but how many elements it has, and its named properties. */
const NAMED = { maxArrayLength: 0, depth: 0, customInspect: false, breakLength: Infinity, colors: false } as const;

/** Whether an array has no named properties. A long one is not asked for its keys: that would be a string for each index. */
export function onlyElements(array: readonly unknown[]): boolean {
  if (array.length > 1000) return inspect(array, NAMED) === `[ ... ${array.length} more items ]`;
  const names = keys(array);
  return names.length === 0 || Number(names[names.length - 1]) >= 0;
}
