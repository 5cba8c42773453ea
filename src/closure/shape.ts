/**
 * What an object is that is more than plain data: an instance, an object with getters, symbols, hidden or frozen
 * properties, somebody's prototype.
 *
 * A captured variable is used by code that was written for the original, so all of it is kept. Of plain objects in what
 * is sent itself (arguments, items of queues) only what structured clone copies is kept; of instances all.
 */
import { types } from 'node:util';
import { dataProperty } from '../codec/error-value';
import { kindOf, type ObjectKind } from '../codec/object-kind';
import { refuse } from '../codec/refusal';
import { isUrlOrParams, URL_PROTOTYPES } from '../codec/urls';
import { privateParts } from './capture';
import { integrityOf, type Integrity } from './extras';
import { deserialize, serialize, stays } from './hooks';
import { privateFieldsOf } from './inspector';
import { inBoth, nativeClassOf } from './realm';
import { arrivedReference, exportsReference, type Reference } from './reference';

/** A class of an instance that gave it private fields or methods. */
export interface PrivateLevel {
  readonly type: Function;
  readonly names: readonly string[];
  readonly values: readonly unknown[];
}

export type Shape =
  /** The object `type.prototype`. */
  | { readonly kind: 'prototype'; readonly type: Function }
  /** `type[deserialize](data)` */
  | { readonly kind: 'hook'; readonly type: Function; readonly data: unknown }
  /** Something that is there too: what a module exports, functions among it, which may change it; what arrived by one. */
  | { readonly kind: 'reference'; readonly reference: Reference }
  | Custom;

export interface Custom {
  /** What it is beside its properties. */
  readonly kind: 'object' | 'array' | 'map' | 'set' | 'error' | 'leaf';
  readonly prototype: object | null;
  /** Of own properties that are sent. */
  readonly keys: readonly PropertyKey[];
  readonly integrity: Integrity | undefined;
  readonly levels: readonly PrivateLevel[];
}

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;

const STANDARD: Record<string, readonly unknown[]> = {
  plain: [...inBoth(({ Object }) => Object.prototype), null],
  array: inBoth(({ Array }) => Array.prototype),
  map: inBoth(({ Map }) => Map.prototype),
  set: inBoth(({ Set }) => Set.prototype),
};

const LEAVES: ReadonlySet<unknown> = new Set([
  Date.prototype,
  RegExp.prototype,
  ArrayBuffer.prototype,
  SharedArrayBuffer.prototype,
  DataView.prototype,
  Buffer.prototype,
  Number.prototype,
  String.prototype,
  Boolean.prototype,
  BigInt.prototype,
  Symbol.prototype,
  ...URL_PROTOTYPES,
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map(protoOf),
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array].map(protoOf),
]);

function protoOf({ prototype }: { prototype: object }): object {
  return prototype;
}

const ERRORS: ReadonlySet<unknown> = new Set(
  inBoth((g) => g)
    .flatMap((g) => [
      g.Error,
      g.AggregateError,
      g.EvalError,
      g.RangeError,
      g.ReferenceError,
      g.SyntaxError,
      g.TypeError,
      g.URIError,
    ])
    .map(protoOf),
);

/** The function whose prototype an object is. */
export function prototypeOwner(object: object): Function | undefined {
  const owner = getOwnPropertyDescriptor(object, 'constructor')?.value as unknown;
  if (typeof owner !== 'function' || types.isProxy(owner)) return undefined;
  return getOwnPropertyDescriptor(owner, 'prototype')?.value === object ? owner : undefined;
}

export interface Seen {
  readonly kind: ObjectKind;
  /** undefined for what ../codec/value-writer.ts writes as it is. */
  readonly shape: Shape | undefined;
}

/** @param owned it is part of a captured variable. @throws Refusal */
export function shapeOf(value: object, owned: boolean): Seen {
  if (types.isProxy(value)) {
    if (value === process.env) return { kind: 'leaf', shape: undefined };
    refuse('it is a Proxy, whose traps would have to run');
  }
  const owner = prototypeOwner(value);
  if (owner !== undefined) return { kind: 'leaf', shape: { kind: 'prototype', type: owner } };
  if (owned) {
    const reference = arrivedReference(value) ?? exportsReference(value);
    if (reference !== undefined) return { kind: 'leaf', shape: { kind: 'reference', reference } };
  }
  const prototype = getPrototypeOf(value) as object | null;
  const standard = STANDARD.plain.includes(prototype) && !Array.isArray(value);
  if (!standard) {
    const hook = hookOf(value);
    if (hook !== undefined) return { kind: 'leaf', shape: hook };
  }
  const kind = kindOf(value);
  if (kind === 'leaf') return { kind, shape: leafShape(value, prototype) };
  const usual =
    (kind === 'error' ? ERRORS.has(prototype) : (STANDARD[kind]?.includes(prototype) ?? false)) ||
    (kind !== 'instance' && nativeClassOf(prototype) !== undefined);
  if (usual && !owned) return { kind, shape: undefined };
  if (types.isArgumentsObject(value) && !owned) return { kind, shape: undefined };
  const integrity = integrityOf(value);
  const keys = Reflect.ownKeys(value).filter((key) => !isImplied(key, kind));
  if (
    usual &&
    integrity === undefined &&
    (kind === 'error' ? plainError(value, keys) : keys.every((key) => isPlainProperty(value, key, kind)))
  ) {
    return { kind, shape: undefined };
  }
  const shapeKind = kind === 'plain' || kind === 'instance' ? 'object' : kind;
  return { kind, shape: { kind: shapeKind, prototype, keys, integrity, levels: usual ? [] : privateLevels(value) } };
}

/** Properties that the object has by being what it is. */
function isImplied(key: PropertyKey, kind: ObjectKind): boolean {
  return (kind === 'array' && key === 'length') || (kind === 'error' && key === 'stack');
}

function isPlainProperty(value: object, key: PropertyKey, kind: ObjectKind): boolean {
  if (typeof key === 'symbol' || kind === 'map' || kind === 'set') return false;
  const descriptor = getOwnPropertyDescriptor(value, key)!;
  return (
    'value' in descriptor &&
    descriptor.enumerable === true &&
    descriptor.writable === true &&
    descriptor.configurable === true
  );
}

const KNOWN_OF_ERRORS: readonly PropertyKey[] = ['message', 'cause', 'errors', 'name'];

/** Whether ../codec/error-value.ts copies all of it. */
function plainError(value: object, keys: readonly PropertyKey[]): boolean {
  return keys.every((key) => {
    const { enumerable, ...descriptor } = getOwnPropertyDescriptor(value, key)!;
    return 'value' in descriptor && typeof key === 'string' && (enumerable === true || KNOWN_OF_ERRORS.includes(key));
  });
}

/** Dates, buffers and the like of a subclass, and regular expressions that are in the middle of a search. */
function leafShape(value: object, prototype: object | null): Shape | undefined {
  const view = ArrayBuffer.isView(value);
  const known = types.isDate(value) || types.isRegExp(value) || view || types.isAnyArrayBuffer(value);
  if (!known && !types.isBoxedPrimitive(value) && !isUrlOrParams(value)) return undefined;
  const keys = view
    ? namesOf(value)
    : Reflect.ownKeys(value).filter((key) => key !== 'length' || !types.isStringObject(value));
  const moved = types.isRegExp(value) && getOwnPropertyDescriptor(value, 'lastIndex')?.value !== 0;
  const usual = LEAVES.has(prototype) || nativeClassOf(prototype) !== undefined;
  const more = types.isRegExp(value) ? moved || keys.length > 1 : !types.isStringObject(value) && keys.length > 0;
  if (usual && !more) return undefined;
  const sent = types.isStringObject(value) ? [] : keys;
  return { kind: 'leaf', prototype, keys: sent, integrity: undefined, levels: usual ? [] : privateLevels(value) };
}

/** A subclass may have a getter of its own. */
const lengthOf = getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), 'length')!.get!;

/** Own keys of a view beyond its elements. */
function namesOf(value: ArrayBufferView): PropertyKey[] {
  if (types.isDataView(value)) return Reflect.ownKeys(value);
  // A large array has a key for each element: those are not asked for.
  if ((lengthOf.call(value) as number) > 64) return Object.getOwnPropertySymbols(value);
  return Reflect.ownKeys(value).filter((key) => typeof key === 'symbol' || !/^\d+$/.test(key));
}

function hookOf(value: object): Shape | undefined {
  const reason = dataProperty(value, stays);
  if (typeof reason === 'string') refuse(reason);
  const method = dataProperty(value, serialize);
  if (typeof method !== 'function') return undefined;
  let type: Function | undefined;
  for (let at = getPrototypeOf(value) as object | null; at !== null && type === undefined;) {
    type = prototypeOwner(at);
    at = getPrototypeOf(at) as object | null;
  }
  if (type === undefined || typeof dataProperty(type, deserialize) !== 'function') {
    refuse('it has a method [serialize], but its class has no static method [deserialize]');
  }
  let data: unknown;
  try {
    data = method.call(value) as unknown;
  } catch (error) {
    refuse(`its method [serialize] threw: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (data === value) refuse('its method [serialize] gave the instance itself; give plain data');
  return { kind: 'hook', type, data };
}

/**
 * The classes of an instance that gave it private members, the first to do so first.
 *
 * @param base an instance of a class that it extends, which has that one's private fields: those are left out.
 */
export function privateLevels(value: object, base?: object): PrivateLevel[] {
  const end = base === undefined ? null : (getPrototypeOf(base) as object);
  const levels: { type: Function; fields: readonly string[]; sent: boolean }[] = [];
  const methods = new Set<string>();
  let hidden = false;
  for (let at = getPrototypeOf(value) as object | null; at !== end; at = getPrototypeOf(at!) as object | null) {
    if (at === null || types.isProxy(at)) break;
    const type = prototypeOwner(at);
    const parts = type && privateParts(type);
    if (parts === undefined) continue;
    hidden = true;
    if (parts === 'elsewhere') continue;
    for (const name of parts.methods) methods.add(name);
    levels.unshift({ type: type!, fields: parts.fields, sent: true });
  }
  if (!hidden) return [];
  const found = privateFieldsOf(value, methods);
  let next = base === undefined ? 0 : privateFieldsOf(base, methods).length;
  const result = levels.map(({ type, fields }): PrivateLevel => {
    const values = fields.map((name) => {
      const field = found[next++];
      // A field of an imported class, or one of the same name as a private method, stands between.
      if (field?.name !== name) refuse(privateRefusal(found));
      return field.value;
    });
    return { type, names: fields, values };
  });
  if (next < found.length) refuse(privateRefusal(found));
  return result;
}

function privateRefusal(found: readonly { name: string }[]): string {
  const names = [...new Set(found.map(({ name }) => name))].join(', ');
  return (
    `it has private fields (${names}) of a class that goes by import, so they can't be set again; ` +
    'give the class the methods [serialize] and static [deserialize]'
  );
}
