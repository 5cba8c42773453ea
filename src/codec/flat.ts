/**
 * Large captured values that hold no other objects: an array of numbers, a plain object of many keys. One look takes all that there is
 * to write, so that it need not be read again. No code of the user runs.
 */
import { types } from 'node:util';
import { holdsIntegers, holdsNumbers } from '../closure/hidden-class';
import { rootReference } from '../closure/reference';
import type { ByteWriter } from './bytes';
import { Tag } from './format';
import { onlyElements } from './plain';
import type { ValueWriter } from './value-writer';

/** Of an object, all of it. */
export type Flat = 'numbers' | Dictionary;

interface Dictionary {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

const { getPrototypeOf, getOwnPropertyDescriptor, isExtensible } = Object;

/** What holds less is as soon looked at twice. */
const LONG = 200;

/** undefined for anything else. */
export function flatOf(value: object): Flat | undefined {
  if (types.isProxy(value) || !isExtensible(value)) return undefined;
  const prototype = getPrototypeOf(value) as object | null;
  if (Array.isArray(value)) return prototype === Array.prototype && isNumbers(value) ? 'numbers' : undefined;
  return prototype === Object.prototype ? dictionaryOf(value) : undefined;
}

function isNumbers(value: object): value is readonly number[] {
  if (!Array.isArray(value) || value.length <= LONG || !holdsNumbers(value)) return false;
  return onlyElements(value) && Object.getOwnPropertySymbols(value).length === 0;
}

function dictionaryOf(object: object): Dictionary | undefined {
  const keys = Reflect.ownKeys(object);
  if (keys.length <= LONG || rootReference(object) !== undefined) return undefined;
  const values: unknown[] = [];
  for (const key of keys) {
    const { value, enumerable, writable, configurable } = getOwnPropertyDescriptor(object, key)!;
    // A getter is not writable.
    if (typeof key === 'symbol' || !(enumerable && writable && configurable)) return undefined;
    const type = typeof value;
    if ((type === 'object' && value !== null) || type === 'function' || type === 'symbol') return undefined;
    values.push(value);
  }
  return { keys: keys as string[], values };
}

/** Writes one that is not in the message yet. */
export function writeFlat(writer: ValueWriter, object: object, flat: Flat): void {
  const { out } = writer;
  // Since the look a method [serialize] may have changed it.
  if (flat === 'numbers' && !isNumbers(object)) return writer.value(object);
  writer.enter(object);
  if (flat === 'numbers') return writeNumbers(out, object as readonly number[]);
  const { keys, values } = flat;
  out.byte(Tag.OBJECT);
  out.count(keys.length);
  for (let i = 0; i < keys.length; i++) {
    writer.string(keys[i]);
    writer.value(values[i]);
  }
}

/** So much may follow in memory that was made for it. */
const MORE = 1024;

function writeNumbers(out: ByteWriter, array: readonly number[]): void {
  const { length } = array;
  const integers = holdsIntegers(array);
  out.byte(integers ? Tag.INTEGERS : Tag.DOUBLES);
  out.count(length);
  const bytes = length * (integers ? 4 : 8);
  out.room(bytes + MORE);
  const view = new DataView(out.buffer.buffer, out.buffer.byteOffset + out.at, bytes);
  if (integers) for (let i = 0; i < length; i++) view.setInt32(i * 4, array[i], true);
  else for (let i = 0; i < length; i++) view.setFloat64(i * 8, array[i], true);
  out.at += bytes;
}
