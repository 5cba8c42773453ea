import { types } from 'node:util';

/**
 * Whether two values are the same in all that structured clone keeps: kinds, own properties and their order, contents of
 * maps, sets and buffers, holes, and which objects are one and the same. (util.isDeepStrictEqual does not look at the
 * last, and takes some equal values for different: sets of objects that hold NaN among others.)
 *
 * @param {unknown} a
 * @param {unknown} b
 * @param {Map<unknown, unknown>} seen
 * @returns {boolean}
 */
export function same(a, b, seen = new Map()) {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b);
  if (seen.has(a)) return seen.get(a) === b;
  seen.set(a, b);
  const tag = (value) => Object.prototype.toString.call(value);
  if (tag(a) !== tag(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const keysA = Reflect.ownKeys(a);
  const keysB = Reflect.ownKeys(b);
  if (keysA.length !== keysB.length) return false;
  if (!contents(a, b, seen)) return false;
  return keysA.every((key, i) => {
    if (key !== keysB[i]) return false;
    const da = Object.getOwnPropertyDescriptor(a, key);
    const db = Object.getOwnPropertyDescriptor(b, key);
    return da.enumerable === db.enumerable && da.writable === db.writable && same(da.value, db.value, seen);
  });
}

function contents(a, b, seen) {
  const all = (as, bs) => {
    const [x, y] = [[...as], [...bs]];
    return x.length === y.length && x.every((item, i) => same(item, y[i], seen));
  };
  if (types.isMap(a)) return all([...a].flat(), [...b].flat());
  if (types.isSet(a)) return all(a, b);
  if (types.isDate(a)) return Object.is(a.getTime(), b.getTime());
  if (types.isRegExp(a)) return String(a) === String(b) && a.lastIndex === b.lastIndex;
  if (types.isBoxedPrimitive(a)) return Object.is(a.valueOf(), b.valueOf());
  if (types.isAnyArrayBuffer(a)) return Buffer.from(a).equals(Buffer.from(b));
  if (ArrayBuffer.isView(a)) {
    const view = b;
    return a.byteOffset === view.byteOffset && a.byteLength === view.byteLength && same(a.buffer, view.buffer, seen);
  }
  return true;
}
