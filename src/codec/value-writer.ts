/**
 * Values to bytes. Only descriptors are read: no getter, no Proxy trap and no toJSON runs.
 *
 * Knows what structured clone knows, and errors whole, Node's Buffers, handles of this library, registered symbols, and
 * functions where it is given a table of them. The rest is refused, with the way to it.
 */
import { types } from 'node:util';
import { handleOf } from '../arena/handle';
import { tree } from '../arena/tree';
import { rootReference, type Reference } from '../closure/reference';
import { ByteWriter } from './bytes';
import { errorParts } from './error-value';
import { className, refuseNamespace, refuseRuntime } from './object-kind';
import { type Form, Tag, VIEWS } from './format';
import { keyStep, refuse, through } from './refusal';

/** Thrown where a function turns up and there is no table of them yet. */
export const NEEDS_FUNCTIONS: unique symbol = Symbol('needs functions');
/** Thrown where the budget is used up. */
export const TOO_LARGE: unique symbol = Symbol('too large');

/** Where a message's functions are numbered: an index, or what a function is by reference. */
export interface FunctionNumbers {
  get(fn: Function): number | Reference | undefined;
}

/** Longer arrays use up any budget. */
const LONG_ARRAY = 256;
const LONG_STRING = 64;

const { getPrototypeOf, getOwnPropertyDescriptor, keys: keysOf } = Object;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;
const viewNumbers = new Map<string, number>(VIEWS.map((type, i) => [type.name, i]));
const symbolNames = new Map<symbol, string>(
  Object.getOwnPropertyNames(Symbol).flatMap((name) => {
    const value = Object.getOwnPropertyDescriptor(Symbol, name)!.value as unknown;
    return typeof value === 'symbol' ? [[value, name] as const] : [];
  }),
);

export class ValueWriter {
  readonly out = new ByteWriter();
  /** The block ids of the handles written, in order of appearance. */
  refs = new Set<number>();
  /** How many objects may be written before TOO_LARGE. */
  budget = Infinity;
  functions: FunctionNumbers | undefined;
  private readonly numbers = new Map<object, number>();

  /** Begins a message. */
  begin(form: Form, budget: number, functions?: FunctionNumbers): void {
    this.out.reset();
    if (this.numbers.size > 0) this.numbers.clear();
    if (this.refs.size > 0) this.refs = new Set();
    this.budget = budget;
    this.functions = functions;
    this.out.byte(form);
  }

  take(): Uint8Array {
    this.forget();
    return this.out.take();
  }

  /** The message where it lies: valid until the next begin(). */
  inPlace(): Uint8Array {
    this.forget();
    return this.out.view();
  }

  private forget(): void {
    if (this.numbers.size > 0) this.numbers.clear();
    this.functions = undefined;
  }

  /** @throws Refusal, NEEDS_FUNCTIONS, TOO_LARGE */
  value(value: unknown): void {
    const { out } = this;
    switch (typeof value) {
      case 'number':
        return this.number(value);
      case 'string':
        return this.string(value);
      case 'boolean':
        return out.byte(value ? Tag.TRUE : Tag.FALSE);
      case 'undefined':
        return out.byte(Tag.UNDEFINED);
      case 'object':
        if (value === null) return out.byte(Tag.NULL);
        return this.object(value);
      case 'bigint':
        return this.bigint(value);
      case 'symbol':
        return this.symbol(value);
      case 'function':
        return this.function(value);
    }
  }

  number(value: number): void {
    const { out } = this;
    const whole = value | 0;
    if (whole === value && (whole !== 0 || 1 / value > 0)) {
      out.byte(Tag.INTEGER);
      out.count(((whole << 1) ^ (whole >> 31)) >>> 0);
      return;
    }
    out.byte(Tag.DOUBLE);
    out.double(value);
  }

  string(value: string): void {
    const { out } = this;
    const { length } = value;
    if (length > LONG_STRING ? Buffer.byteLength(value) === length : isLatin1(value)) {
      out.byte(Tag.LATIN1);
      out.count(length);
      out.latin1(value);
      return;
    }
    out.byte(Tag.UTF16);
    out.count(length);
    out.utf16(value);
  }

  reference(reference: Reference): void {
    this.out.byte(Tag.REFERENCE);
    this.value(reference);
  }

  private bigint(value: bigint): void {
    this.out.byte(Tag.BIGINT);
    this.out.byte(value < 0n ? 1 : 0);
    this.string((value < 0n ? -value : value).toString(16));
  }

  private symbol(value: symbol): void {
    const name = symbolNames.get(value);
    const key = name === undefined ? Symbol.keyFor(value) : undefined;
    if (name === undefined && key === undefined) {
      refuse(`${String(value)} is a symbol of this process alone; Symbol.for('…') is one that every process has`);
    }
    this.out.byte(name === undefined ? Tag.REGISTERED_SYMBOL : Tag.KNOWN_SYMBOL);
    this.string((name ?? key)!);
  }

  private function(value: Function): void {
    if (this.functions === undefined) throw NEEDS_FUNCTIONS;
    const known = this.functions.get(value);
    // Whoever filled the table has walked the same value.
    if (known === undefined) throw NEEDS_FUNCTIONS;
    if (typeof known !== 'number') return this.reference(known);
    this.out.byte(Tag.FUNCTION);
    this.out.count(known);
  }

  private object(value: object): void {
    const number = this.numbers.get(value);
    if (number !== undefined) {
      this.out.byte(Tag.REPEATED);
      this.out.count(number);
      return;
    }
    if (types.isProxy(value)) refuse('it is a Proxy, whose traps would have to run');
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === arrayPrototype || Array.isArray(value)) return this.array(value as unknown[]);
    if (prototype === objectPrototype || prototype === null) {
      const reference = rootReference(value);
      if (reference !== undefined) return this.reference(reference);
      if (prototype === null) refuseNamespace(value);
      return this.plain(value, prototype === null ? Tag.NULL_OBJECT : Tag.OBJECT);
    }
    this.special(value);
  }

  private enter(value: object): void {
    if (--this.budget < 0) throw TOO_LARGE;
    this.numbers.set(value, this.numbers.size);
  }

  private plain(value: object, tag = Tag.OBJECT): void {
    this.enter(value);
    const keys = keysOf(value);
    this.out.byte(tag);
    this.out.count(keys.length);
    for (const key of keys) this.property(value, key);
  }

  private property(value: object, key: string): void {
    this.string(key);
    const descriptor = getOwnPropertyDescriptor(value, key);
    try {
      if (descriptor === undefined || !('value' in descriptor)) refuse('it is a getter, which would have to run');
      this.value(descriptor.value);
    } catch (error) {
      throw through(error, keyStep(key));
    }
  }

  private array(value: unknown[]): void {
    const { length } = value;
    if (length > LONG_ARRAY && this.budget !== Infinity) throw TOO_LARGE;
    this.enter(value);
    const keys = keysOf(value);
    const dense = keys.length <= length && length - keys.length < 8 + (length >> 1);
    // Indices come before names in the order of keys.
    const named = keys.length > 0 && !isIndex(keys[keys.length - 1], length);
    if (!dense || named) return this.sparseArray(value, length, keys);
    this.out.byte(Tag.ARRAY);
    this.out.count(length);
    for (let i = 0; i < length; i++) {
      const descriptor = getOwnPropertyDescriptor(value, i);
      if (descriptor === undefined || !descriptor.enumerable) {
        this.out.byte(Tag.HOLE);
        continue;
      }
      try {
        if (!('value' in descriptor)) refuse('it is a getter, which would have to run');
        this.value(descriptor.value);
      } catch (error) {
        throw through(error, `[${i}]`);
      }
    }
  }

  private sparseArray(value: unknown[], length: number, keys: readonly string[]): void {
    this.out.byte(Tag.SPARSE_ARRAY);
    this.out.count(length);
    this.out.count(keys.length);
    for (const key of keys) this.property(value, key);
  }

  /** Neither a plain object nor an array. */
  private special(value: object): void {
    const { out } = this;
    if (types.isDate(value)) {
      this.enter(value);
      out.byte(Tag.DATE);
      out.double(Date.prototype.getTime.call(value));
    } else if (types.isMap(value)) {
      this.map(value);
    } else if (types.isSet(value)) {
      this.set(value);
    } else if (types.isRegExp(value)) {
      this.enter(value);
      const { source, flags } = regExpParts(value);
      out.byte(Tag.REGEXP);
      this.string(source);
      this.string(flags);
    } else if (ArrayBuffer.isView(value)) {
      this.view(value);
    } else if (types.isAnyArrayBuffer(value)) {
      this.arrayBuffer(value);
    } else if (types.isNativeError(value)) {
      this.error(value);
    } else if (types.isBoxedPrimitive(value)) {
      this.enter(value);
      out.byte(Tag.BOXED);
      this.value(unboxed(value));
    } else {
      this.instance(value);
    }
  }

  private map(value: ReadonlyMap<unknown, unknown>): void {
    this.enter(value);
    const entries: [unknown, unknown][] = [];
    mapForEach.call(value, (item: unknown, key: unknown) => void entries.push([key, item]));
    this.out.byte(Tag.MAP);
    this.out.count(entries.length);
    let i = 0;
    for (const [key, item] of entries) {
      try {
        this.value(key);
      } catch (error) {
        throw through(error, `[key ${i}]`);
      }
      try {
        this.value(item);
      } catch (error) {
        throw through(error, typeof key === 'string' ? `[${JSON.stringify(key)}]` : `[value ${i}]`);
      }
      i++;
    }
  }

  private set(value: ReadonlySet<unknown>): void {
    this.enter(value);
    const items: unknown[] = [];
    setForEach.call(value, (item: unknown) => void items.push(item));
    this.out.byte(Tag.SET);
    this.out.count(items.length);
    items.forEach((item, i) => {
      try {
        this.value(item);
      } catch (error) {
        throw through(error, `[item ${i}]`);
      }
    });
  }

  private view(value: ArrayBufferView): void {
    const { out } = this;
    const { type, buffer, offset, length } = viewParts(value);
    if (type === 'Uint8Array' && Buffer.isBuffer(value) && !types.isSharedArrayBuffer(buffer)) {
      this.enter(value);
      out.byte(Tag.BUFFER);
      out.count(length);
      out.bytes(value);
      return;
    }
    const number = viewNumbers.get(type);
    if (number === undefined) refuse(`a ${type} is not known to every Node that may read this`);
    if (isDetached(buffer)) refuse('its ArrayBuffer is detached');
    this.enter(value);
    out.byte(Tag.VIEW);
    out.byte(number);
    out.count(offset);
    out.count(followsBuffer(value, buffer) ? 0 : length + 1);
    this.value(buffer);
  }

  private arrayBuffer(value: ArrayBufferLike): void {
    const { out } = this;
    if (types.isSharedArrayBuffer(value)) {
      refuse('a SharedArrayBuffer is shared with threads of this process only; sharedArray() makes one for all');
    }
    if (isDetached(value)) refuse('it is a detached ArrayBuffer');
    this.enter(value);
    const { resizable, maxByteLength } = value as ArrayBuffer & { resizable?: boolean; maxByteLength?: number };
    out.byte(resizable ? Tag.RESIZABLE_BUFFER : Tag.ARRAY_BUFFER);
    out.count(value.byteLength);
    if (resizable) out.count(maxByteLength!);
    out.bytes(new Uint8Array(value));
  }

  private error(value: Error): void {
    this.enter(value);
    const { type, name, stack, properties } = errorParts(value);
    this.out.byte(Tag.ERROR);
    this.string(type);
    this.string(name);
    this.string(stack);
    this.out.count(properties.length);
    for (const { key, value: item, enumerable } of properties) {
      this.out.byte(enumerable ? 1 : 0);
      this.string(key);
      try {
        this.value(item);
      } catch (error) {
        throw through(error, keyStep(key));
      }
    }
  }

  /** An instance of a class: a handle, a DOMException, something of the runtime, or an object like any other. */
  private instance(value: object): void {
    const handle = handleOf(value);
    if (handle !== undefined) {
      const own = tree().tree;
      if (handle.tree !== own) refuse(`the ${handle.kind} belongs to another tree of processes (${handle.tree})`);
      this.out.byte(Tag.HANDLE);
      this.string(handle.tree);
      this.string(handle.kind);
      this.out.count(handle.id);
      this.refs.add(handle.id);
      return;
    }
    const reference = rootReference(value);
    if (reference !== undefined) return this.reference(reference);
    const name = className(value);
    if (name === 'DOMException' && value instanceof DOMException) {
      this.enter(value);
      this.out.byte(Tag.DOM_EXCEPTION);
      this.string(value.name);
      this.string(value.message);
      this.string(typeof value.stack === 'string' ? value.stack : '');
      return;
    }
    refuseRuntime(value, name);
    this.plain(value);
  }
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return false;
  return true;
}

function isIndex(key: string, length: number): boolean {
  const index = Number(key) >>> 0;
  return index < length && String(index) === key;
}

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
function regExpParts(value: RegExp): { source: string; flags: string } {
  const flags = flagGetters.map((get, i) => (get?.call(value) ? LETTERS[i] : '')).join('');
  return { source: sourceOf.call(value) as string, flags };
}

function unboxed(value: object): unknown {
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value);
  return refuse('a Symbol object can not be copied');
}

/** A detached buffer has no length, and only one that could have had a length refuses to be looked at. */
function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength !== 0 || types.isSharedArrayBuffer(buffer)) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

const typed = Object.getPrototypeOf(Int8Array.prototype) as object;
const getter = (prototype: object, key: PropertyKey) => Object.getOwnPropertyDescriptor(prototype, key)!.get!;
const typedGetters = [Symbol.toStringTag, 'buffer', 'byteOffset', 'length'].map((key) => getter(typed, key));
const dataViewGetters = ['buffer', 'byteOffset', 'byteLength'].map((key) => getter(DataView.prototype, key));

interface ViewParts {
  readonly type: string;
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** In elements. */
  readonly length: number;
}

/** By the native getters, since a subclass may have others. */
function viewParts(value: ArrayBufferView): ViewParts {
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
function followsBuffer(value: ArrayBufferView, buffer: ArrayBufferLike): boolean {
  if (!(buffer as { resizable?: boolean }).resizable) return false;
  const { Serializer } = process.getBuiltinModule('node:v8');
  const serializer = new Serializer();
  serializer.writeValue(value);
  const bytes = serializer.releaseBuffer();
  return (bytes[bytes.length - 1] & 1) === 1;
}
