/** Bytes to values: the inverse of ./value-writer.ts. What no writer wrote gives a SerializationError. */
import { adopt, named } from '../closure/identity';
import { resolveReference, type Reference } from '../closure/reference';
import { arrayOf } from './arrays';
import { readResizableBuffer, readView, readWholeView } from './buffers';
import { ByteReader, malformed } from './bytes';
import { addErrorProperty, makeError } from './error-value';
import { readCustom } from './custom';
import { Tag } from './format';
import { readHandle } from './handle-value';
import type { PlainData } from './plain-data';
import { readShape, setOwn, type ReadShape } from './shapes';

const NO_FUNCTIONS: readonly Function[] = [];

export class ValueReader {
  readonly in = new ByteReader();
  /** The functions that FUNCTION names, as far as they are made. */
  functions: readonly Function[] = NO_FUNCTIONS;
  /** The plain data of the message. */
  plainData: PlainData | undefined;
  private objects: unknown[] = [];
  private shapes: ReadShape[] = [];

  /** Reads a message from its start: what lies in `buffer` from `start` to `end`. @param block as of {@link ByteReader.open}. */
  open(buffer: Buffer, start: number, end: number, block?: number): void {
    this.in.open(buffer, start, end, block);
  }

  /** Lets go of what was read. */
  close(): void {
    this.in.close();
    if (this.objects.length > 0) this.objects = [];
    if (this.shapes.length > 0) this.shapes = [];
    this.functions = NO_FUNCTIONS;
    this.plainData = undefined;
  }

  value(): unknown {
    const tag = this.in.byte();
    switch (tag) {
      case Tag.UNDEFINED:
        return undefined;
      case Tag.NULL:
        return null;
      case Tag.TRUE:
        return true;
      case Tag.FALSE:
        return false;
      case Tag.INTEGER: {
        const zigzag = this.in.count();
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case Tag.DOUBLE:
        return this.in.double();
      case Tag.LATIN1:
        return this.in.latin1();
      case Tag.UTF16:
        return this.in.utf16();
      case Tag.SHAPED:
        return this.shaped();
      case Tag.BIGINT:
        return this.bigint();
      case Tag.REGISTERED_SYMBOL:
        return Symbol.for(this.string());
      case Tag.KNOWN_SYMBOL:
        return this.knownSymbol();
      case Tag.REPEATED: {
        const number = this.in.count();
        if (number >= this.objects.length) throw malformed('it refers to an object that it does not hold');
        return this.objects[number];
      }
      case Tag.SYMBOL:
        return this.ownSymbol();
      case Tag.PLAIN:
        if (this.plainData === undefined) throw malformed('its plain data is missing');
        return this.plainData.root(this);
      case Tag.CUSTOM:
        return readCustom(this);
      case Tag.FUNCTION: {
        const index = this.in.count();
        if (index >= this.functions.length) throw malformed('it refers to a function that it does not hold');
        return this.functions[index];
      }
      default:
        return this.object(tag);
    }
  }

  string(): string {
    const tag = this.in.byte();
    if (tag === Tag.LATIN1) return this.in.latin1();
    if (tag === Tag.UTF16) return this.in.utf16();
    throw malformed('a string is missing');
  }

  /** Numbers an object that begins. */
  begin<T>(object: T): T {
    this.objects.push(object);
    return object;
  }

  /** Numbers an object that can't be made before its parts are read: give it to the function that this gives. */
  beginLater(): (object: unknown) => void {
    const number = this.objects.push(undefined) - 1;
    return (object) => (this.objects[number] = object);
  }

  private ownSymbol(): symbol {
    const name = this.string();
    const description = this.value() as string | undefined;
    const known = named(name);
    if (typeof known === 'symbol') return known;
    const symbol = Symbol(description);
    adopt(name, symbol);
    return symbol;
  }

  private shaped(): object {
    const number = this.in.count();
    if (number > this.shapes.length) throw malformed('it names a shape that it does not hold');
    if (number > 0) return this.shapes[number - 1].read(this);
    const shape = readShape(this.in);
    this.shapes.push(shape);
    return shape.read(this);
  }

  private object(tag: Tag): unknown {
    const { in: input } = this;
    switch (tag) {
      case Tag.OBJECT:
      case Tag.NULL_OBJECT: {
        const object = this.begin<object>(tag === Tag.OBJECT ? {} : (Object.create(null) as object));
        for (let n = input.length(2); n > 0; n--) this.property(object);
        return object;
      }
      case Tag.ARRAY: {
        const array = this.begin<unknown[]>([]);
        const length = input.length();
        for (let i = 0; i < length; i++) this.element(array, i);
        return array;
      }
      case Tag.SPARSE_ARRAY: {
        const array = this.begin<unknown[]>([]);
        const length = input.count();
        if (length > 2 ** 32 - 1) throw malformed('an array is too long');
        array.length = length;
        for (let n = input.length(2); n > 0; n--) this.property(array);
        return array;
      }
      case Tag.DATE:
        return this.begin(new Date(input.double()));
      case Tag.REGEXP:
        return this.regExp();
      case Tag.MAP: {
        const map = this.begin(new Map());
        for (let n = input.length(2); n > 0; n--) {
          const key = this.value();
          map.set(key, this.value());
        }
        return map;
      }
      case Tag.SET: {
        const set = this.begin(new Set());
        for (let n = input.length(); n > 0; n--) set.add(this.value());
        return set;
      }
      case Tag.BOXED:
        return this.boxed();
      case Tag.ARRAY_BUFFER:
        return this.begin(input.memory(input.length()));
      case Tag.RESIZABLE_BUFFER:
        return readResizableBuffer(this);
      case Tag.VIEW:
        return readView(this);
      case Tag.WHOLE_VIEW:
        return readWholeView(this);
      case Tag.INTEGERS:
        return this.begin(arrayOf(new Int32Array(input.bytes(4 * input.length(4)))));
      case Tag.DOUBLES:
        return this.begin(arrayOf(new Float64Array(input.bytes(8 * input.length(8)))));
      case Tag.BUFFER:
        return this.begin(Buffer.from(input.memory(input.length())));
      case Tag.ERROR:
        return this.error();
      case Tag.DOM_EXCEPTION:
        return this.domException();
      case Tag.HANDLE:
        return readHandle(this);
      case Tag.URL:
        return this.url(this.string());
      case Tag.URL_SEARCH_PARAMS:
        return this.begin(new URLSearchParams(this.string()));
      case Tag.REFERENCE:
        return resolveReference(this.value() as Reference);
      default:
        throw malformed(`${tag} is no tag`);
    }
  }

  private property(object: object): void {
    const key = this.string();
    if (key === 'length' && Array.isArray(object)) throw malformed('an array has two lengths');
    setOwn(object, key, this.value());
  }

  private element(array: unknown[], index: number): void {
    const tag = this.in.peek();
    if (tag === Tag.HOLE) {
      this.in.byte();
      array.length = index + 1;
    } else {
      array[index] = this.value();
    }
  }

  private bigint(): bigint {
    const negative = this.in.byte() === 1;
    const digits = this.string();
    if (!/^[0-9a-f]+$/.test(digits)) throw malformed('a BigInt has odd digits');
    const value = BigInt(`0x${digits}`);
    return negative ? -value : value;
  }

  private knownSymbol(): symbol {
    const name = this.string();
    const value = Object.getOwnPropertyDescriptor(Symbol, name)?.value as unknown;
    if (typeof value !== 'symbol') throw malformed(`Symbol.${name} is not known here`);
    return value;
  }

  private url(href: string): URL {
    try {
      return this.begin(new URL(href));
    } catch {
      throw malformed('a URL is none');
    }
  }

  private regExp(): RegExp {
    const source = this.string();
    const flags = this.string();
    try {
      return this.begin(new RegExp(source, flags));
    } catch {
      throw malformed('a regular expression is none');
    }
  }

  private boxed(): object {
    // The number is the object's: no value inside of it begins an object.
    const at = this.objects.push(undefined) - 1;
    const boxed = Object(this.value()) as object;
    this.objects[at] = boxed;
    return boxed;
  }

  private error(): Error {
    const at = this.objects.push(undefined) - 1;
    const type = this.string();
    const identity = this.string();
    const name = this.string();
    const error = makeError(type, name, this.string(), identity);
    this.objects[at] = error;
    for (let n = this.in.length(3); n > 0; n--) {
      const enumerable = this.in.byte() === 1;
      const key = this.string();
      addErrorProperty(error, key, this.value(), enumerable);
    }
    return error;
  }

  private domException(): DOMException {
    const name = this.string();
    const message = this.string();
    const stack = this.string();
    const error = new DOMException(message, name);
    Object.defineProperty(error, 'stack', { value: stack, writable: true, configurable: true });
    return this.begin(error);
  }
}
