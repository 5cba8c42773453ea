/**
 * Values to bytes. No Proxy trap and no toJSON runs. Getters of plain objects and arrays do, as structured clone has it: a
 * look at each property's descriptor costs a quarter of the whole. Where functions travel, and what they capture, only
 * descriptors are read (but for an array without holes, which is read element by element).
 *
 * Knows what structured clone knows, and errors whole, Node's Buffers, handles of this library, registered symbols, and
 * functions where it is given a table of them. The rest is refused, with the way to it.
 */
import { types } from 'node:util';
import { handleOf } from '../arena/handle';
import { mayHaveGetters } from '../closure/hidden-class';
import { isObjectPrototype } from '../closure/realm';
import { rootReference, rootTable, type Reference } from '../closure/reference';
import { isDense, isIndex, numbersOf } from './arrays';
import { nameOf } from '../closure/identity';
import type { Shape } from '../closure/shape';
import { writeArrayBuffer, writeView } from './buffers';
import { ByteWriter } from './bytes';
import { refuseOpen, writeCustom } from './custom';
import { writeHandle } from './handle-value';
import { regExpParts, unboxed } from './native-values';
import { ObjectNumbers } from './object-numbers';
import { MOST_KEYS, ShapeTrie, type WrittenShape } from './shapes';
import { writeString } from './strings';
import { errorParts, isOfKnownClass } from './error-value';
import { className, refuseNamespace, refuseRuntime } from './object-kind';
import { type Form, Tag, VIEWS } from './format';
import { hrefOfUrl, textOfParams } from './urls';
import { keyStep, refuse, through } from './refusal';

/** Thrown where a function turns up and there is no table of them yet. */
export const NEEDS_FUNCTIONS: unique symbol = Symbol('needs functions');
/** Thrown where the budget is used up. */
export const TOO_LARGE: unique symbol = Symbol('too large');

/** Where a message's functions are numbered: an index, or what a function is by reference. */
export interface FunctionNumbers {
  get(fn: Function): number | Reference | undefined;
  /** What an object is beyond plain data. */
  shape(object: object): Shape | undefined;
}

/** A longer array is not asked for its keys: that would be a string for each index. */
const LONG_ARRAY = 32;
/** Fewer numbers are written one by one. */
const FEW_NUMBERS = 8;

const { getPrototypeOf, getOwnPropertyDescriptor, keys: keysOf } = Object;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const isEnumerable = Object.prototype.propertyIsEnumerable;
const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;
const viewPrototypes = new Map<object | null, number>(VIEWS.map((type, i) => [type.prototype, i]));
const { Buffer: NodeBuffer } = globalThis;
const bufferPrototype = NodeBuffer.prototype as object;
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
  private budget = Infinity;
  private functions: FunctionNumbers | undefined;
  /** Instances lose their classes. */
  lossy = false;
  private readonly numbers = new ObjectNumbers();
  private readonly shapes = new ShapeTrie();
  private roots = rootTable();
  private message = 0;
  private shapesInMessage = 0;

  /**
   * Whether symbols of this process alone are written: those that functions capture, and those of instances. As a plain value one
   * means nothing elsewhere.
   */
  ownSymbols = false;

  /** Begins a message. */
  begin(form: Form, functions?: FunctionNumbers, budget = Infinity): void {
    this.out.reset();
    this.forget();
    this.shapes.tidy();
    if (this.refs.size > 0) this.refs = new Set();
    this.budget = budget;
    this.functions = functions;
    this.ownSymbols = functions !== undefined;
    this.out.leaves = functions === undefined;
    this.roots = rootTable();
    this.message++;
    this.shapesInMessage = 0;
    this.out.byte(form);
  }

  /** Lets go of the values that were written. */
  forget(): void {
    this.numbers.clear();
    this.functions = undefined;
  }

  /** What was written, as memory of its own. */
  take(): Uint8Array {
    this.forget();
    return this.out.take();
  }

  /** @throws Refusal, NEEDS_FUNCTIONS, TOO_LARGE */
  value(value: unknown): void {
    const { out } = this;
    // Compared one by one, which V8 compiles to a look at the value; a switch asks for the name of its type.
    if (typeof value === 'string') writeString(out, value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'object') {
      if (value === null) out.byte(Tag.NULL);
      else this.object(value);
    } else if (typeof value === 'boolean') out.byte(value ? Tag.TRUE : Tag.FALSE);
    else if (value === undefined) out.byte(Tag.UNDEFINED);
    else if (typeof value === 'bigint') this.bigint(value);
    else if (typeof value === 'symbol') this.symbol(value);
    else this.function(value as Function);
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
    writeString(this.out, value);
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
      if (this.ownSymbols) {
        this.out.byte(Tag.SYMBOL);
        this.string(nameOf(value));
        return this.value(value.description);
      }
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
      if (this.functions !== undefined) refuseOpen(value);
      this.out.byte(Tag.REPEATED);
      this.out.count(number);
      return;
    }
    if (types.isProxy(value)) {
      if (value !== process.env) refuse('it is a Proxy, whose traps would have to run');
      return this.reference(rootReference(value)!);
    }
    const shape = this.functions?.shape(value);
    if (shape !== undefined) return writeCustom(this, value, shape);
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === arrayPrototype) return this.array(value as unknown[]);
    if (Array.isArray(value)) {
      this.needFunctions();
      return this.array(value);
    }
    if (prototype === objectPrototype || prototype === null) {
      const reference = this.roots.get(value);
      if (reference !== undefined) return this.reference(reference);
      if (prototype === objectPrototype) return this.plain(value);
      refuseNamespace(value);
      return this.dictionary(value, keysOf(value), Tag.NULL_OBJECT);
    }
    if ((viewPrototypes.has(prototype) || prototype === bufferPrototype) && ArrayBuffer.isView(value)) {
      return writeView(this, value);
    }
    this.special(value);
  }

  /** Numbers an object, which begins here. */
  enter(value: object): void {
    if (--this.budget < 0) throw TOO_LARGE;
    this.numbers.add(value);
  }

  /** Whether an object has begun in this message. */
  has(value: object): boolean {
    return this.numbers.get(value) !== undefined;
  }

  private plain(value: object): void {
    const keys = keysOf(value);
    const { length } = keys;
    if (length === 0 || length > MOST_KEYS) return this.dictionary(value, keys, Tag.OBJECT);
    this.enter(value);
    this.out.byte(Tag.SHAPED);
    const shape = this.shape(keys);
    if (this.functions === undefined) return shape.write(this, value);
    let i = 0;
    try {
      for (; i < length; i++) this.value(this.own(value, keys[i]));
    } catch (error) {
      throw through(error, keyStep(keys[i]));
    }
  }

  private shape(keys: readonly string[]): WrittenShape {
    const shape = this.shapes.find(keys, writeString);
    if (shape.message === this.message) {
      this.out.count(shape.number);
      return shape;
    }
    shape.message = this.message;
    shape.number = ++this.shapesInMessage;
    this.out.byte(0);
    this.out.bytes(shape.bytes);
    return shape;
  }

  /** Key by key. */
  private dictionary(value: object, keys: readonly string[], tag: Tag): void {
    this.enter(value);
    this.out.byte(tag);
    this.out.count(keys.length);
    for (const key of keys) this.property(value, key);
  }

  private property(value: object, key: string): void {
    this.string(key);
    try {
      this.value(this.own(value, key));
    } catch (error) {
      throw through(error, keyStep(key));
    }
  }

  private own(value: object, key: PropertyKey): unknown {
    if (this.functions === undefined) return (value as Record<PropertyKey, unknown>)[key];
    const descriptor = getOwnPropertyDescriptor(value, key);
    if (descriptor === undefined || !('value' in descriptor)) refuse('it is a getter, which would have to run');
    return descriptor.value;
  }

  private array(value: unknown[]): void {
    const { length } = value;
    this.enter(value);
    // Where functions travel no getter may run.
    const quiet = this.functions === undefined || length === 0 || !mayHaveGetters(value);
    if (quiet && length > LONG_ARRAY && isDense(value)) return this.elements(value, length);
    const keys = keysOf(value);
    const dense = keys.length <= length && length - keys.length < 8 + (length >> 1);
    // Indices come before names in the order of keys.
    const named = keys.length > 0 && !isIndex(keys[keys.length - 1], length);
    if (quiet && !named && keys.length === length) return this.elements(value, length);
    if (!dense || named) return this.sparseArray(value, length, keys);
    this.out.byte(Tag.ARRAY);
    this.out.count(length);
    let i = 0;
    try {
      for (; i < length; i++) {
        if (isEnumerable.call(value, i)) this.value(this.own(value, i));
        else this.out.byte(Tag.HOLE);
      }
    } catch (error) {
      throw through(error, `[${i}]`);
    }
  }

  /** Elements without holes, and nothing else. */
  private elements(value: readonly unknown[], length: number): void {
    const { out } = this;
    if (length > FEW_NUMBERS && typeof value[0] === 'number') {
      const numbers = numbersOf(value, length);
      if (numbers !== undefined) {
        out.byte(numbers instanceof Int32Array ? Tag.INTEGERS : Tag.DOUBLES);
        out.count(length);
        return out.bytes(new Uint8Array(numbers.buffer));
      }
    }
    out.byte(Tag.ARRAY);
    out.count(length);
    let i = 0;
    try {
      for (; i < length; i++) this.value(value[i]);
    } catch (error) {
      throw through(error, `[${i}]`);
    }
  }

  private sparseArray(value: unknown[], length: number, keys: readonly string[]): void {
    this.out.byte(Tag.SPARSE_ARRAY);
    this.out.count(length);
    this.out.count(keys.length);
    for (const key of keys) this.property(value, key);
  }

  /** Neither a plain object nor an array. */
  special(value: object): void {
    const { out } = this;
    if (types.isDate(value)) {
      this.enter(value);
      out.byte(Tag.DATE);
      out.double(Date.prototype.getTime.call(value));
    } else if (types.isMap(value)) {
      if (getPrototypeOf(value) !== Map.prototype) this.needFunctions();
      this.map(value);
    } else if (types.isSet(value)) {
      if (getPrototypeOf(value) !== Set.prototype) this.needFunctions();
      this.set(value);
    } else if (types.isRegExp(value)) {
      this.enter(value);
      const { source, flags } = regExpParts(value);
      out.byte(Tag.REGEXP);
      this.string(source);
      this.string(flags);
    } else if (ArrayBuffer.isView(value)) {
      writeView(this, value);
    } else if (types.isAnyArrayBuffer(value)) {
      writeArrayBuffer(this, value);
    } else if (types.isNativeError(value)) {
      if (!isOfKnownClass(value)) this.needFunctions();
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
    this.out.byte(Tag.MAP);
    this.entries(value);
  }

  /** How many, then key and value by turns. */
  entries(value: ReadonlyMap<unknown, unknown>): void {
    const entries: [unknown, unknown][] = [];
    mapForEach.call(value, (item: unknown, key: unknown) => void entries.push([key, item]));
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
    this.out.byte(Tag.SET);
    this.items(value);
  }

  /** How many, then each. */
  items(value: ReadonlySet<unknown>): void {
    const items: unknown[] = [];
    setForEach.call(value, (item: unknown) => void items.push(item));
    this.out.count(items.length);
    items.forEach((item, i) => {
      try {
        this.value(item);
      } catch (error) {
        throw through(error, `[item ${i}]`);
      }
    });
  }

  private error(value: Error): void {
    this.enter(value);
    const { type, identity, name, stack, properties } = errorParts(value);
    this.out.byte(Tag.ERROR);
    this.string(type);
    this.string(identity);
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
      return writeHandle(this, handle);
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
    if (isObjectPrototype(getPrototypeOf(value) as object)) return this.plain(value);
    const href = hrefOfUrl(value);
    if (href !== undefined) return this.text(value, Tag.URL, href);
    const parameters = textOfParams(value);
    if (parameters !== undefined) return this.text(value, Tag.URL_SEARCH_PARAMS, parameters);
    refuseRuntime(value, name);
    if (!types.isArgumentsObject(value)) this.needFunctions();
    this.plain(value);
  }

  /** An object of which a text is all. */
  private text(value: object, tag: Tag, text: string): void {
    this.enter(value);
    this.out.byte(tag);
    this.string(text);
  }

  /** An instance takes its class along. */
  private needFunctions(): void {
    if (this.functions === undefined && !this.lossy) throw NEEDS_FUNCTIONS;
  }
}
