/** Whether an object's class is the runtime's own: then its properties are not all that it is. */
import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import { inspectorMissing, internalsOf, type Internals } from './inspector';
import { isObjectPrototype, mainGlobal } from './realm';
import { urlOf } from './scripts';

const toText = Function.prototype.toString;
const known = new WeakMap<object, boolean>();

/** Whether a function is part of the runtime: native code, or JavaScript inside of Node. */
export function isRuntimeFunction(fn: Function, internals?: Internals): boolean {
  if (/\{\s*\[native code\]\s*\}$/.test(toText.call(fn))) return true;
  // Without an inspector the JavaScript inside of Node can't be told from others; most of what it makes is native too.
  if (internals === undefined && inspectorMissing() !== undefined) return false;
  const { location } = internals ?? internalsOf(fn);
  return location === undefined || urlOf(location.scriptId).startsWith('node:');
}

/** @param prototype of the object; an ancestor of it counts as well. */
export function isRuntimeClass(prototype: object): boolean {
  const found = known.get(prototype);
  if (found !== undefined) return found;
  let result = false;
  for (let at: object | null = prototype; at !== null && !isObjectPrototype(at); at = Object.getPrototypeOf(at)) {
    if (types.isProxy(at)) break;
    const constructor = Object.getOwnPropertyDescriptor(at, 'constructor')?.value as unknown;
    if (typeof constructor !== 'function' || types.isProxy(constructor)) continue;
    if (Object.getOwnPropertyDescriptor(constructor, 'prototype')?.value !== at) continue;
    // Arrays have a kind of their own; what extends EventEmitter is an object like others.
    if (constructor === Array || constructor === mainGlobal.Array || (constructor === EventEmitter && at !== prototype))
      continue;
    if (isRuntimeFunction(constructor)) {
      result = true;
      break;
    }
  }
  known.set(prototype, result);
  return result;
}
