/** What is inside of the runtime's own objects, read by its own getters: a subclass may have others. */
import { types } from 'node:util';
import { refuse } from './refusal';

const sourceOf = Object.getOwnPropertyDescriptor(RegExp.prototype, 'source')!.get!;
const FLAGS = [
  'hasIndices',
  'global',
  'ignoreCase',
  'multiline',
  'dotAll',
  'unicode',
  'unicodeSets',
  'sticky',
] as const;
const LETTERS = 'dgimsuvy';
const flagGetters = FLAGS.map((flag) => Object.getOwnPropertyDescriptor(RegExp.prototype, flag)?.get);

/** The native getters: a subclass may have overridden them, and `flags` calls the overrides. */
export function regExpParts(value: RegExp): { source: string; flags: string } {
  const flags = flagGetters.map((get, i) => (get?.call(value) ? LETTERS[i] : '')).join('');
  return { source: sourceOf.call(value) as string, flags };
}

export function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value);
  return refuse('a Symbol object can not be copied');
}

const getter = (prototype: object, key: PropertyKey) => Object.getOwnPropertyDescriptor(prototype, key)!.get!;
const lengthOfBuffer = getter(ArrayBuffer.prototype, 'byteLength');
const lengthOfShared = getter(SharedArrayBuffer.prototype, 'byteLength');
const isResizable = getter(ArrayBuffer.prototype, 'resizable');
const mostOfBuffer = getter(ArrayBuffer.prototype, 'maxByteLength');

export function byteLengthOf(buffer: ArrayBufferLike): number {
  return (types.isSharedArrayBuffer(buffer) ? lengthOfShared : lengthOfBuffer).call(buffer) as number;
}

/** undefined for a buffer that keeps its length. */
export function maxByteLengthOf(buffer: ArrayBufferLike): number | undefined {
  if (types.isSharedArrayBuffer(buffer) || !isResizable.call(buffer)) return undefined;
  return mostOfBuffer.call(buffer) as number;
}

/** A detached buffer has no length, and only one that could have had a length refuses to be looked at. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (byteLengthOf(buffer) !== 0 || types.isSharedArrayBuffer(buffer)) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

const typed = Object.getPrototypeOf(Int8Array.prototype) as object;
const typedGetters = [Symbol.toStringTag, 'buffer', 'byteOffset', 'length'].map((key) => getter(typed, key));
const dataViewGetters = ['buffer', 'byteOffset', 'byteLength'].map((key) => getter(DataView.prototype, key));

export interface ViewParts {
  readonly type: string;
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** In elements. */
  readonly length: number;
}

/** By the native getters, since a subclass may have others. */
export function viewParts(value: ArrayBufferView): ViewParts {
  const isDataView = types.isDataView(value);
  const getters = isDataView ? dataViewGetters : typedGetters.slice(1);
  const type = isDataView ? 'DataView' : (typedGetters[0].call(value) as string);
  const buffer = getters[0].call(value) as ArrayBufferLike;
  if (isDataView && isDetached(buffer)) return { type, buffer, offset: 0, length: 0 };
  return { type, buffer, offset: getters[1].call(value) as number, length: getters[2].call(value) as number };
}

/**
 * Whether a view has no length of its own, but follows its resizable buffer. JavaScript can't ask; V8's serializer ends a
 * view with flags, of which the lowest says it.
 */
export function followsBuffer(value: ArrayBufferView, buffer: ArrayBufferLike): boolean {
  if (maxByteLengthOf(buffer) === undefined) return false;
  const { Serializer } = process.getBuiltinModule('node:v8');
  const serializer = new Serializer();
  serializer.writeValue(value);
  const bytes = serializer.releaseBuffer();
  return (bytes[bytes.length - 1] & 1) === 1;
}
