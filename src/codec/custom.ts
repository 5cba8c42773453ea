/**
 * Objects that are more than plain data (../closure/shape.ts) to bytes and back.
 *
 * A kind, then
 * - PROTOTYPE: the function whose prototype it is.
 * - HOOK: the class, then what its method [serialize] gave.
 * - the others: how many classes gave it private members, and these; a leaf here, as a value of its own; its prototype;
 *   the entries of a Map or Set, the stack of an error, the length of an array; its own properties with their attributes;
 *   the private values; how it is restricted.
 */
import type { Custom, Shape } from '../closure/shape';
import { deserialize } from '../closure/hooks';
import { restrict, type Integrity } from '../closure/extras';
import { install, makeBare, putPrivate } from '../closure/instance';
import { SerializationError } from '../errors';
import { malformed } from './bytes';
import { dataProperty, errorParts, makeError } from './error-value';
import { Tag } from './format';
import { keyStep, refuse, through } from './refusal';
import type { ValueReader } from './value-reader';
import type { ValueWriter } from './value-writer';

/** Never reordered. */
const KINDS = ['object', 'array', 'map', 'set', 'error', 'leaf', 'prototype', 'hook'] as const;

const ENUMERABLE = 1;
const CONFIGURABLE = 2;
const WRITABLE = 4;
const ACCESSOR = 8;

export function writeCustom(writer: ValueWriter, value: object, shape: Shape): void {
  if (shape.kind === 'reference') return writer.reference(shape.reference);
  const { out } = writer;
  out.byte(Tag.CUSTOM);
  out.byte(KINDS.indexOf(shape.kind));
  if (shape.kind === 'prototype') return writer.value(shape.type);
  if (shape.kind === 'hook') return writeHook(writer, value, shape.type, shape.data);
  writeInstance(writer, value, shape);
}

/** Instances whose data is being written. */
const open = new WeakSet<object>();

function writeHook(writer: ValueWriter, value: object, type: Function, data: unknown): void {
  writer.value(type);
  writer.enter(value);
  open.add(value);
  try {
    writer.value(data);
  } catch (error) {
    throw through(error, '[serialize]()');
  } finally {
    open.delete(value);
  }
}

/** Refuses an instance inside of what its own [serialize] gave: it can't be there before it is made. */
export function refuseOpen(value: object): void {
  if (open.has(value)) refuse('what its method [serialize] gave refers back to it');
}

function writeInstance(writer: ValueWriter, value: object, shape: Custom): void {
  const { ownSymbols } = writer;
  writer.ownSymbols = true;
  try {
    writeWhole(writer, value, shape);
  } finally {
    writer.ownSymbols = ownSymbols;
  }
}

function writeWhole(writer: ValueWriter, value: object, shape: Custom): void {
  const { out } = writer;
  out.count(shape.levels.length);
  for (const { type } of shape.levels) writer.value(type);
  if (shape.kind === 'leaf') writer.special(value);
  else writer.enter(value);
  step('.__proto__', () => writer.value(shape.prototype));
  if (shape.kind === 'array') out.count((value as unknown[]).length);
  else if (shape.kind === 'map') writer.entries(value as ReadonlyMap<unknown, unknown>);
  else if (shape.kind === 'set') writer.items(value as ReadonlySet<unknown>);
  else if (shape.kind === 'error') writer.string(errorParts(value as Error).stack);
  out.count(shape.keys.length);
  for (const key of shape.keys) {
    const name = typeof key === 'symbol' ? `[${String(key)}]` : keyStep(String(key));
    step(name, () => writeProperty(writer, key, Object.getOwnPropertyDescriptor(value, key)!));
  }
  for (const { names, values } of shape.levels) {
    out.count(values.length);
    values.forEach((item, i) => step(`.${names[i]}`, () => writer.value(item)));
  }
  out.byte(shape.integrity ?? 0);
}

function step(name: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw through(error, name);
  }
}

function writeProperty(writer: ValueWriter, key: PropertyKey, descriptor: PropertyDescriptor): void {
  const accessor = !('value' in descriptor);
  writer.value(key);
  writer.out.byte(
    (descriptor.enumerable ? ENUMERABLE : 0) |
      (descriptor.configurable ? CONFIGURABLE : 0) |
      (descriptor.writable ? WRITABLE : 0) |
      (accessor ? ACCESSOR : 0),
  );
  if (!accessor) return writer.value(descriptor.value);
  writer.value(descriptor.get);
  writer.value(descriptor.set);
}

export function readCustom(reader: ValueReader): unknown {
  const kind = KINDS[reader.in.byte()];
  switch (kind) {
    case undefined:
      throw malformed('an object is of no known kind');
    case 'prototype': {
      const prototype = dataProperty(readFunction(reader), 'prototype');
      if (typeof prototype !== 'object' || prototype === null) throw malformed('a function has no prototype');
      return prototype;
    }
    case 'hook':
      return readHook(reader);
    default:
      return readInstance(reader, kind);
  }
}

function readFunction(reader: ValueReader): Function {
  const value = reader.value();
  if (typeof value !== 'function') throw malformed('a class is missing');
  return value;
}

function readHook(reader: ValueReader): unknown {
  const type = readFunction(reader) as unknown as Record<symbol, unknown>;
  const number = reader.beginLater();
  const data = reader.value();
  const make = type[deserialize];
  if (typeof make !== 'function') throw malformed('a class has no static method [deserialize]');
  try {
    const object = make.call(type, data) as unknown;
    number(object);
    return object;
  } catch (error) {
    const { name } = type as unknown as Function;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SerializationError(`${name}[deserialize] threw: ${reason}`, '', { cause: error });
  }
}

function readInstance(reader: ValueReader, kind: Custom['kind']): object {
  const { in: input } = reader;
  const types: Function[] = [];
  for (let n = input.length(); n > 0; n--) types.push(readFunction(reader));
  let object: object;
  if (kind === 'leaf') {
    object = reader.value() as object;
    if (typeof object !== 'object' || object === null) throw malformed('an object is missing');
    for (const type of types) install(type, object);
  } else {
    const rest = [...types];
    object = reader.begin(bare(kind, rest));
    for (const type of rest) install(type, object);
  }
  const prototype = reader.value();
  if (typeof prototype !== 'object') throw malformed('a prototype is none');
  if (Object.getPrototypeOf(object) !== prototype) Object.setPrototypeOf(object, prototype);
  if (kind === 'array') {
    const length = input.count();
    if (length > 2 ** 32 - 1) throw malformed('an array is too long');
    setLength(object as unknown[], length);
  } else if (kind === 'map') {
    for (let n = input.length(2); n > 0; n--) Map.prototype.set.call(object, reader.value(), reader.value());
  } else if (kind === 'set') {
    for (let n = input.length(); n > 0; n--) Set.prototype.add.call(object, reader.value());
  } else if (kind === 'error') {
    Object.defineProperty(object, 'stack', { value: reader.string(), writable: true, configurable: true });
  }
  for (let n = input.length(3); n > 0; n--) readProperty(reader, object);
  for (const type of types) {
    const values: unknown[] = [];
    for (let n = input.length(); n > 0; n--) values.push(reader.value());
    putPrivate(type, object, values);
  }
  restrict(object, input.byte() as Integrity);
  return object;
}

/** Sets the length of an array without memory for so many elements, which may not follow. */
function setLength(array: unknown[], length: number): void {
  if (length > 10_000) {
    // An element far out makes V8 keep the array as a dictionary.
    array[length - 1] = undefined;
    delete array[length - 1];
  }
  array.length = length;
}

function bare(kind: Custom['kind'], types: Function[]): object {
  switch (kind) {
    case 'array':
      return [];
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'error':
      return makeError('Error', 'Error', '');
    default:
      return makeBare(types);
  }
}

function readProperty(reader: ValueReader, object: object): void {
  const key = reader.value();
  if (typeof key !== 'string' && typeof key !== 'symbol') throw malformed('a property has no name');
  const flags = reader.in.byte();
  const enumerable = (flags & ENUMERABLE) !== 0;
  const configurable = (flags & CONFIGURABLE) !== 0;
  let descriptor: PropertyDescriptor;
  if ((flags & ACCESSOR) !== 0) {
    const [get, set] = [reader.value(), reader.value()] as [() => unknown, () => void];
    if ([get, set].some((each) => each !== undefined && typeof each !== 'function'))
      throw malformed('a getter is none');
    descriptor = { get, set, enumerable, configurable };
  } else {
    descriptor = { value: reader.value(), writable: (flags & WRITABLE) !== 0, enumerable, configurable };
  }
  if (!Reflect.defineProperty(object, key, descriptor)) throw malformed('a property stands twice');
}
