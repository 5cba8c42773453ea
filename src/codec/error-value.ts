/**
 * Errors as data. No constructor of the user runs, on neither side, and no getter: what is read is read by descriptors.
 *
 * An error keeps its message, stack, cause, errors[], and its own enumerable properties. Its class is put back where this
 * process knows one of that name: JavaScript's own, this library's, or a global one. Else it is an Error with that name.
 */
import { types } from 'node:util';
import { knownName, named } from '../closure/identity';
import { moduleExport, moduleName } from '../closure/module-class';
import { isRuntimeFunction } from '../closure/runtime-class';
import { errorClasses } from '../errors';

/** A property that is no getter: own, or of the nearest prototype that has it. */
export function dataProperty(object: object, key: PropertyKey): unknown {
  for (let at: object | null = object; at !== null && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, key);
    if (descriptor !== undefined) return descriptor.value;
  }
  return undefined;
}

/** What an error is made of. */
export interface ErrorParts {
  /** The name of its class, or of the nearest of JavaScript's own; '' where it has none. */
  readonly type: string;
  /** Who that class is: where it has been in two processes, see ../closure/identity.ts; of a module, see ../closure/module-class.ts. Else ''. */
  readonly identity: string;
  /** What `error.name` gives. */
  readonly name: string;
  readonly stack: string;
  /** Own properties: key, value, whether it is enumerable. `message`, `cause` and `errors` are among them. */
  readonly properties: readonly { key: string; value: unknown; enumerable: boolean }[];
}

const ownStack = Object.getOwnPropertyDescriptor(new Error(), 'stack');

/**
 * The stack of an error: a property, or in newer V8s a getter of V8's own. It is made when it is first read, from
 * `error.name` among others, and by what the user has set as Error.prepareStackTrace: that may throw.
 */
function stackOf(error: Error): string {
  let stack: unknown;
  try {
    const descriptor = Object.getOwnPropertyDescriptor(error, 'stack');
    const native = descriptor?.get !== undefined && descriptor.get === ownStack?.get;
    stack = native ? descriptor.get!.call(error) : descriptor?.value;
  } catch {
    // An error without a stack.
  }
  return typeof stack === 'string' ? stack : '';
}

export function errorParts(error: Error): ErrorParts {
  const found = dataProperty(Object.getPrototypeOf(error) ?? error, 'constructor');
  const constructor = typeof found === 'function' && !types.isProxy(found) ? found : undefined;
  const type: unknown = constructor && Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
  const name = dataProperty(error, 'name');
  const properties: { key: string; value: unknown; enumerable: boolean }[] = [];
  for (const key of Object.getOwnPropertyNames(error)) {
    if (key === 'stack') continue;
    const descriptor = Object.getOwnPropertyDescriptor(error, key)!;
    if (!('value' in descriptor)) continue;
    const known = key === 'message' || key === 'cause' || key === 'errors' || key === 'name';
    if (descriptor.enumerable || known)
      properties.push({ key, value: descriptor.value, enumerable: descriptor.enumerable! });
  }
  return {
    type: typeof type === 'string' ? type : nativeBase(error),
    identity: constructor === undefined ? '' : identityOf(constructor, type),
    name: typeof name === 'string' ? name : 'Error',
    stack: stackOf(error),
    properties,
  };
}

/** Whether every process has the class of an error: it is JavaScript's, this library's or Node's. */
export function isOfKnownClass(error: Error): boolean {
  const prototype = Object.getPrototypeOf(error) as object | null;
  if (prototype === null || types.isProxy(prototype)) return true;
  const type = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  if (typeof type !== 'function') return true;
  let answer = everywhere.get(type);
  if (answer === undefined) {
    answer = isBuiltIn(type, Object.getOwnPropertyDescriptor(type, 'name')?.value) || isRuntimeFunction(type);
    everywhere.set(type, answer);
  }
  return answer;
}

const everywhere = new WeakMap<Function, boolean>();

/** The nearest class of JavaScript's own that it extends: Node's errors have classes without a name. */
function nativeBase(error: Error): string {
  for (let at: object | null = error; at !== null; at = Object.getPrototypeOf(at)) {
    for (const [name, { prototype }] of natives) if (prototype === at) return name;
  }
  return '';
}

/** Whether JavaScript or this library defines a class of that name. */
function isBuiltIn(type: Function, name: unknown): boolean {
  return natives.get(name as string) === type || errorClasses.get(name as string) === type;
}

/** A class that this library or JavaScript defines needs none. */
function identityOf(type: Function, name: unknown): string {
  if (isBuiltIn(type, name)) return '';
  return knownName(type) || (isErrorClass(type) ? moduleName(type) : '');
}

const NATIVE = [Error, AggregateError, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
const natives = new Map<string, Function>(NATIVE.map((type) => [type.name, type]));

/** The prototype for the class of an error that arrived; undefined where this process knows none of that name. */
function prototypeOf(type: string, identity: string): object | undefined {
  const original = identity === '' ? undefined : (named(identity) ?? moduleExport(identity));
  if (typeof original === 'function' && isErrorClass(original)) return original.prototype as object;
  const known = natives.get(type) ?? errorClasses.get(type);
  if (known !== undefined) return known.prototype as object;
  const global = Object.getOwnPropertyDescriptor(globalThis, type)?.value as unknown;
  if (typeof global !== 'function') return undefined;
  return isErrorClass(global) ? (global.prototype as object) : undefined;
}

function isErrorClass(type: Function): boolean {
  const prototype = Object.getOwnPropertyDescriptor(type, 'prototype')?.value as unknown;
  return typeof prototype === 'object' && prototype !== null && Error.prototype.isPrototypeOf(prototype);
}

function define(error: Error, key: string, value: unknown, enumerable = false): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

/** An error without its properties, which may refer back to it: add them with {@link addErrorProperty}. */
export function makeError(type: string, name: string, stack: string, identity = ''): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const prototype = prototypeOf(type, identity);
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  if (dataProperty(error, 'name') !== name) define(error, 'name', name);
  define(error, 'stack', stack);
  return error;
}

export function addErrorProperty(error: Error, key: string, value: unknown, enumerable: boolean): void {
  define(error, key, value, enumerable);
}
