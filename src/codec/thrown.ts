/**
 * What a task threw, on its way to whoever waits for it. That must arrive, whatever it is: what can't be sent of it is
 * replaced by a text that says what it was, and getters are left out.
 */
import { inspect, types } from 'node:util';
import { nameAs } from '../closure/identity';
import { SerializationError } from '../errors';
import { errorParts, makeError, addErrorProperty } from './error-value';
import { className } from './object-kind';
import { ValueWriter } from './value-writer';
import { decode } from './index';
import { Form } from './format';
import { handleOf } from '../arena/handle';

/** Objects beyond this many are replaced: an error may hold a request, and that half the program. */
const MAX_OBJECTS = 2000;
const MAX_DEPTH = 50;

/** Serialises anything that can be thrown. Never throws itself. */
export function encodeError(error: unknown): Uint8Array {
  try {
    return bytesOf(new Copy().value(error, 0));
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    return bytesOf(new SerializationError(`what was thrown could not be sent: ${reason}`, ''));
  }
}

/** What was thrown. @throws SerializationError for bytes that encodeError() did not write. */
export function decodeError(bytes: Uint8Array): unknown {
  return decode(bytes);
}

function bytesOf(value: unknown): Uint8Array {
  const writer = new ValueWriter();
  writer.lossy = true;
  writer.begin(Form.VALUE);
  writer.value(value);
  return writer.take();
}

/** A copy of a value of which everything can be sent. */
class Copy {
  private readonly copies = new Map<object, unknown>();

  value(value: unknown, depth: number): unknown {
    if (typeof value === 'function') return `[${className(value) || 'Function'}: ${nameOf(value)}]`;
    if (typeof value === 'symbol') return Symbol.keyFor(value) === undefined ? String(value) : value;
    if (typeof value !== 'object' || value === null) return value;
    const known = this.copies.get(value);
    if (known !== undefined) return known;
    if (types.isProxy(value)) return '[Proxy]';
    if (depth > MAX_DEPTH || this.copies.size >= MAX_OBJECTS) return `[${className(value) || 'Object'}]`;
    if (types.isNativeError(value)) return this.error(value, depth);
    if (Array.isArray(value)) return this.members(value, [], depth);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) return this.members(value, {}, depth);
    if (types.isMap(value)) return this.map(value, depth);
    if (types.isSet(value)) return this.set(value, depth);
    return this.other(value, depth);
  }

  private error(error: Error, depth: number): Error {
    const { type, identity, name, stack, properties } = errorParts(error);
    const copy = makeError(type, name, stack);
    // A class that this process does not know by name is one of the receiver's, perhaps: the copy only looks like it.
    if (copy.constructor.name !== type) Object.setPrototypeOf(copy, namedPrototype(type, identity));
    this.copies.set(error, copy);
    for (const { key, value, enumerable } of properties)
      addErrorProperty(copy, key, this.value(value, depth + 1), enumerable);
    return copy;
  }

  private members(value: object, copy: object, depth: number): object {
    this.copies.set(value, copy);
    if (Array.isArray(value)) (copy as unknown[]).length = value.length;
    for (const key of Object.keys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key);
      if (descriptor === undefined || !('value' in descriptor)) continue;
      const item = this.value(descriptor.value, depth + 1);
      Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true, configurable: true });
    }
    return copy;
  }

  private map(value: ReadonlyMap<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    this.copies.set(value, copy);
    Map.prototype.forEach.call(value, (item: unknown, key: unknown) => {
      copy.set(this.value(key, depth + 1), this.value(item, depth + 1));
    });
    return copy;
  }

  private set(value: ReadonlySet<unknown>, depth: number): Set<unknown> {
    const copy = new Set<unknown>();
    this.copies.set(value, copy);
    Set.prototype.forEach.call(value, (item: unknown) => void copy.add(this.value(item, depth + 1)));
    return copy;
  }

  /** Dates, buffers and the like as they are; instances as their properties; the rest as a text. */
  private other(value: object, depth: number): unknown {
    // Whoever gets the error holds no block that it may name.
    if (handleOf(value) !== undefined) return `[${className(value)}]`;
    try {
      const writer = new ValueWriter();
      writer.begin(Form.VALUE, undefined, 1);
      writer.value(value);
      this.copies.set(value, value);
      return value;
    } catch {
      if (Object.keys(value).length > 0 && !types.isPromise(value)) return this.members(value, {}, depth);
      return inspect(value, { depth: 0, customInspect: false, getters: false, breakLength: Infinity });
    }
  }
}

function nameOf(fn: Function): string {
  const name = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  return typeof name === 'string' && name !== '' ? name : '(anonymous)';
}

/** A prototype whose class has the given name, so that the name is written. */
function namedPrototype(type: string, identity: string): object {
  const prototype = Object.create(Error.prototype) as object;
  const constructor = Object.defineProperty(() => {}, 'name', { value: type });
  nameAs(identity, constructor);
  return Object.defineProperty(prototype, 'constructor', { value: constructor });
}
