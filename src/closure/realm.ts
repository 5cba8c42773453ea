/**
 * The global object of this thread's main context. A test runner may load this library, and the code that uses it, into a
 * context of its own (jest, vitest's vmThreads); Node's own modules and the inspector stay in the main one.
 */
import { runInThisContext } from 'node:vm';

export const mainGlobal = runInThisContext('globalThis') as typeof globalThis;

/** Whether a prototype is that of object literals, here or in the main context. */
export function isObjectPrototype(prototype: object | null): boolean {
  return prototype === Object.prototype || prototype === mainGlobal.Object.prototype;
}

/** Something that JavaScript defines, as this context and the main one have it: one where they are the same. */
export function inBoth<T>(read: (global: typeof globalThis) => T): T[] {
  return [...new Set([read(globalThis), read(mainGlobal)])];
}
