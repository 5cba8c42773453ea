/**
 * What a function has beyond its text and its variables: own properties, what its prototype holds, another prototype than
 * such functions have, private static fields, and that it is frozen.
 */
import { types } from 'node:util';
import { refuse } from '../codec/refusal';
import type { FunctionInfo } from './analysis';
import type { ClassText } from './class-text';
import { privateFieldsOf } from './inspector';
import { inBoth, isFunctionPrototype, isObjectPrototype } from './realm';

/** Sent as a value. Every part is left out where there is nothing. */
export interface Extras {
  /** The function's own properties, as an object that has nothing else. */
  own?: object;
  /** Its prototype's. */
  members?: object;
  /** The prototype of its prototype, in a list. */
  prototypeParent?: [object | null];
  /** Its own prototype, in a list. */
  functionParent?: [object | null];
  /** The values of private static fields, by their place in the text. */
  privateStatics?: unknown[];
  integrity?: Integrity;
}

/** 1: no new properties, 2: sealed, 3: frozen. */
export type Integrity = 1 | 2 | 3;

export function integrityOf(object: object): Integrity | undefined {
  if (Object.isExtensible(object)) return undefined;
  return Object.isFrozen(object) ? 3 : Object.isSealed(object) ? 2 : 1;
}

export function restrict(object: object, integrity: Integrity | undefined): void {
  if (integrity === 3) Object.freeze(object);
  else if (integrity === 2) Object.seal(object);
  else if (integrity === 1) Object.preventExtensions(object);
}

const { getOwnPropertyDescriptor, getPrototypeOf, defineProperty } = Object;
const toText = Function.prototype.toString;

const FUNCTION_PROTOTYPES: ReadonlySet<unknown> = new Set<unknown>([
  ...inBoth(({ Function }) => Function.prototype),
  getPrototypeOf(function* () {}),
  getPrototypeOf(async function () {}),
  getPrototypeOf(async function* () {}),
]);

/** Where a prototype says whose it is. */
export function isPrototypeOf(prototype: unknown, fn: Function): prototype is object {
  if (typeof prototype !== 'object' || prototype === null || types.isProxy(prototype)) return false;
  return getOwnPropertyDescriptor(prototype, 'constructor')?.value === fn;
}

/** undefined where a function has nothing beyond its text. No code of the user runs. @throws Refusal */
export function extrasOf(fn: Function, info: FunctionInfo, text: ClassText | undefined): Extras | undefined {
  const extras: Extras = {};
  const prototype = getOwnPropertyDescriptor(fn, 'prototype')?.value as unknown;
  const ownPrototype = isPrototypeOf(prototype, fn);
  const own = bag();
  for (const key of Reflect.ownKeys(fn)) {
    const descriptor = getOwnPropertyDescriptor(fn, key)!;
    if (isStandard(key, descriptor, info, ownPrototype)) continue;
    if (text !== undefined && isInText(fn, key, descriptor, text, true)) continue;
    defineProperty(own, key, descriptor);
  }
  if (Reflect.ownKeys(own).length > 0) extras.own = own;
  if (ownPrototype) prototypeExtras(extras, fn, prototype, info, text);
  const parent = getPrototypeOf(fn) as object | null;
  if (!text?.derived && !FUNCTION_PROTOTYPES.has(parent) && !isFunctionPrototype(parent))
    extras.functionParent = [parent];
  if (text !== undefined && text.privateStatics.length > 0) extras.privateStatics = privateStatics(fn, info, text);
  const integrity = integrityOf(fn);
  if (integrity !== undefined) extras.integrity = integrity;
  return Object.keys(extras).length > 0 ? extras : undefined;
}

const bag = (): object => Object.create(null) as object;

function isStandard(
  key: PropertyKey,
  { value, writable, enumerable }: PropertyDescriptor,
  info: FunctionInfo,
  ownPrototype: boolean,
): boolean {
  switch (key) {
    case 'name':
    case 'length':
      return writable === false && enumerable === false && typeof value === (key === 'name' ? 'string' : 'number');
    case 'arguments':
    case 'caller':
      return writable === false && enumerable === false && info.kind === 'function';
    case 'prototype':
      return ownPrototype || info.generator;
    default:
      return false;
  }
}

function prototypeExtras(
  extras: Extras,
  fn: Function,
  prototype: object,
  info: FunctionInfo,
  text: ClassText | undefined,
): void {
  const members = bag();
  for (const key of Reflect.ownKeys(prototype)) {
    if (key === 'constructor') continue;
    const descriptor = getOwnPropertyDescriptor(prototype, key)!;
    if (text !== undefined && isInText(fn, key, descriptor, text, false)) continue;
    defineProperty(members, key, descriptor);
  }
  if (Reflect.ownKeys(members).length > 0) extras.members = members;
  let usual: unknown = Object.prototype;
  if (text?.derived) usual = getOwnPropertyDescriptor(getPrototypeOf(fn) as object, 'prototype')?.value ?? null;
  else if (info.class !== null && /^class\b[^{]*\bextends\s+null\b/.test(toText.call(fn))) usual = null;
  const parent = getPrototypeOf(prototype) as object | null;
  if (parent !== usual && !(usual === Object.prototype && isObjectPrototype(parent))) extras.prototypeParent = [parent];
}

/** By class: members that were seen to stand in its text. */
const seen = new WeakMap<Function, Map<string, Function>>();

/** Whether a member of a class is what its text makes there: a method or an accessor of that name. */
function isInText(
  fn: Function,
  key: PropertyKey,
  { value, get, set, enumerable }: PropertyDescriptor,
  { kept, computed }: ClassText,
  isStatic: boolean,
): boolean {
  if (enumerable) return false;
  let known = seen.get(fn);
  if (known === undefined) seen.set(fn, (known = new Map()));
  const table = known;
  const name = typeof key === 'symbol' ? `[${key.description ?? ''}]` : String(key);
  const is = (member: unknown, prefix: string): boolean => {
    if (member === undefined) return true;
    if (typeof member !== 'function') return false;
    const place = `${isStatic}:${prefix}${name}`;
    if (table.get(place) === member) return true;
    if (getOwnPropertyDescriptor(member, 'name')?.value !== prefix + name) return false;
    const memberText = toText.call(member);
    const isComputed = computed.some((each) => each.static === isStatic && each.text.endsWith(memberText));
    if (!isComputed && !kept.includes(memberText)) return false;
    table.set(place, member);
    return true;
  };
  if (value === undefined && get === undefined && set === undefined) return false;
  return is(value, '') && is(get, 'get ') && is(set, 'set ');
}

/** The name of a method that an expression gave: that of the function whose text it is. */
export function computedKey(fn: Function, element: ClassText['computed'][number]): PropertyKey {
  const holder = element.static ? fn : (getOwnPropertyDescriptor(fn, 'prototype')!.value as object);
  for (const key of Reflect.ownKeys(holder)) {
    const { value, get, set } = getOwnPropertyDescriptor(holder, key)!;
    for (const member of [value, get, set] as unknown[]) {
      if (typeof member === 'function' && element.text.endsWith(toText.call(member))) return key;
    }
  }
  return refuse(`it is a class that has lost a method whose name is computed`);
}

function privateStatics(fn: Function, info: FunctionInfo, { privateStatics: names }: ClassText): unknown[] {
  const methods = info.class!.elements.filter(({ static: isStatic, kind }) => isStatic && kind !== 'field');
  const fields = privateFieldsOf(fn, new Set(methods.map(({ name }) => name ?? '')));
  return names.map((name) => {
    const field = fields.find((each) => each.name === name);
    return field === undefined ? refuse(`its private field ${name} is not initialised yet`) : field.value;
  });
}

/** The receiver's side. */
export function applyExtras(fn: Function, extras: Extras, putStatic: ((values: unknown[]) => void) | undefined): void {
  const { own, members, prototypeParent, functionParent, privateStatics: values, integrity } = extras;
  if (own !== undefined) Object.defineProperties(fn, Object.getOwnPropertyDescriptors(own));
  const prototype = getOwnPropertyDescriptor(fn, 'prototype')?.value as object;
  if (members !== undefined) Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(members));
  if (prototypeParent !== undefined) Object.setPrototypeOf(prototype, prototypeParent[0]);
  if (functionParent !== undefined) Object.setPrototypeOf(fn, functionParent[0]);
  if (values !== undefined) putStatic?.(values);
  restrict(fn, integrity);
}
