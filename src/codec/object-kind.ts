/** What an object is, as far as sending it goes. Read by descriptors and by what the runtime knows: no code runs. */
import { types } from 'node:util';
import { handleOf } from '../arena/handle';
import { isRuntimeClass } from '../closure/runtime-class';
import { isObjectPrototype } from '../closure/realm';
import { rootReference } from '../closure/reference';
import { refuse } from './refusal';
import { isUrlOrParams } from './urls';

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;

/** A leaf holds no other values: a date, a buffer, a handle, something that goes by reference. */
export type ObjectKind = 'plain' | 'array' | 'map' | 'set' | 'error' | 'instance' | 'leaf';

/** @throws Refusal for what can't be sent at all. */
export function kindOf(value: object): ObjectKind {
  if (types.isProxy(value)) refuse('it is a Proxy, whose traps would have to run');
  if (Array.isArray(value)) return 'array';
  const prototype = getPrototypeOf(value) as object | null;
  if (prototype === null || isObjectPrototype(prototype)) {
    if (prototype === null) refuseNamespace(value);
    return rootReference(value) === undefined ? 'plain' : 'leaf';
  }
  if (types.isMap(value)) return 'map';
  if (types.isSet(value)) return 'set';
  if (types.isNativeError(value)) return 'error';
  if (types.isDate(value) || types.isRegExp(value) || ArrayBuffer.isView(value)) return 'leaf';
  if (types.isAnyArrayBuffer(value) || types.isBoxedPrimitive(value)) return 'leaf';
  if (handleOf(value) !== undefined || rootReference(value) !== undefined || isUrlOrParams(value)) return 'leaf';
  if (className(value) === 'DOMException' && value instanceof DOMException) return 'leaf';
  refuseRuntime(value, className(value));
  return 'instance';
}

/** The name of the class of an object, '' for none; nothing of the user's runs. */
export function className(value: object): string {
  for (let at = getPrototypeOf(value) as object | null; at !== null && !types.isProxy(at); at = getPrototypeOf(at)) {
    const constructor = getOwnPropertyDescriptor(at, 'constructor')?.value as unknown;
    if (typeof constructor !== 'function') continue;
    const name = types.isProxy(constructor) ? '' : (getOwnPropertyDescriptor(constructor, 'name')?.value as unknown);
    return typeof name === 'string' ? name : '';
  }
  return '';
}

/** Refuses what is more than its properties. */
export function refuseRuntime(value: object, name: string): void {
  if (types.isPromise(value)) refuse('a Promise belongs to this process; await it first');
  if (types.isGeneratorObject(value)) refuse('a generator that was started belongs to this process; send its function');
  if (types.isWeakMap(value) || types.isWeakSet(value)) refuse(`a ${name} belongs to this process`);
  if (types.isMapIterator(value) || types.isSetIterator(value))
    refuse('an iterator belongs to this process; send its items');
  if (isNativeIterator(value)) refuse('an iterator belongs to this process; send its items');
  if (types.isExternal(value)) refuse('it is native memory of this process');
  if (types.isArgumentsObject(value)) return;
  if (isRuntimeClass(getPrototypeOf(value) as object)) {
    refuse(
      `a ${name || 'native object'} belongs to this process: its state is inside the runtime; make it inside of the function`,
    );
  }
}

/** Refuses the namespace object of a module. */
export function refuseNamespace(value: object): void {
  if (types.isModuleNamespaceObject(value)) {
    refuse('it is the namespace object of a module; import the module inside of the function');
  }
}

const iteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]())) as object;

/** Of an array, a string, a regular expression, or made by a method of Iterator. */
function isNativeIterator(value: object): boolean {
  const prototype = getPrototypeOf(value) as object;
  if (types.isProxy(prototype) || getPrototypeOf(prototype) !== iteratorPrototype) return false;
  const next = getOwnPropertyDescriptor(prototype, 'next')?.value as unknown;
  return typeof next === 'function' && /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(next));
}
