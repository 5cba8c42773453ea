/**
 * The global object of this thread's main context. A test runner may load this library, and the code that uses it, into a
 * context of its own (jest, vitest's vmThreads); Node's own modules and the inspector stay in the main one.
 */
import { types } from 'node:util';
import { runInThisContext } from 'node:vm';

const toText = Function.prototype.toString;
const { getOwnPropertyDescriptor } = Object;

export const mainGlobal = runInThisContext('globalThis') as typeof globalThis;

/** Whether a prototype is that of object literals: here, in the main context, or in one that a user made (node:vm). */
export function isObjectPrototype(prototype: object | null): boolean {
  return (
    prototype === Object.prototype || prototype === mainGlobal.Object.prototype || nativeClassOf(prototype) === 'Object'
  );
}

/** Whether a prototype is that of functions, of any kind and in any context. */
export function isFunctionPrototype(prototype: object | null): boolean {
  return /^(?:Async)?(?:Generator)?Function$/.test(nativeClassOf(prototype) ?? '');
}

/** The name of the class of JavaScript's own, of whatever context, that has this prototype. Nothing of the user's runs. */
export function nativeClassOf(prototype: object | null): string | undefined {
  if (prototype == null || types.isProxy(prototype)) return undefined;
  const type = getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  if (typeof type !== 'function' || types.isProxy(type)) return undefined;
  const own = getOwnPropertyDescriptor(type, 'prototype');
  if (own?.value !== prototype || own.writable !== false) return undefined;
  return /^function (\w+)\(\) \{ \[native code\] \}$/.exec(toText.call(type))?.[1];
}

/** Something that JavaScript defines, as this context and the main one have it: one where they are the same. */
export function inBoth<T>(read: (global: typeof globalThis) => T): T[] {
  return [...new Set([read(globalThis), read(mainGlobal)])];
}
