/**
 * One look at a large value: does it hold nothing but what V8's serializer copies exactly, without running any code, and
 * instances of classes whose properties are all that they are?
 *
 * Then V8 writes all of it in one piece, and the instances get their prototypes back afterwards. Nothing is remembered of
 * objects that hold no others, and objects of one hidden class are looked at once.
 */
import { types } from 'node:util';
import { handleOf } from '../arena/handle';
import { kindOf } from '../codec/object-kind';
import { dataProperty } from '../codec/error-value';
import { flatOf, type Flat } from '../codec/flat';
import { onlyElements } from '../codec/plain';
import { byteLengthOf, viewParts } from '../codec/native-values';
import { Refusal } from '../codec/refusal';
import { privateParts } from './capture';
import { haveSameShape, holdsNumbers, mayHaveGetters } from './hidden-class';
import { serialize } from './hooks';
import { rootReference } from './reference';
import { prototypeOwner } from './shape';

const { getPrototypeOf, getOwnPropertyDescriptor, isExtensible } = Object;

/** What holds fewer objects is written object by object. */
const FEW = 24;
const LONG = 200;

export class Look {
  /** All of it, where it holds no other object. */
  flat: Flat | undefined;
  readonly prototypes: (object | null)[] = [];
  readonly instances: object[] = [];
  /** For each instance the index of its prototype. */
  readonly prototypeOf: number[] = [];
  private readonly value: object;
  private last: object | null | undefined;
  private lastIndex = -1;

  constructor(value: object) {
    this.value = value;
  }

  instance(object: object, prototype: object | null): void {
    if (prototype !== this.last) {
      this.last = prototype;
      this.lastIndex = this.prototypes.indexOf(prototype);
      if (this.lastIndex < 0) this.lastIndex = this.prototypes.push(prototype) - 1;
    }
    this.instances.push(object);
    this.prototypeOf.push(this.lastIndex);
  }

  /** Whether one of its objects is among others. */
  shares(others: ReadonlyMap<object, unknown>): boolean {
    if (this.flat !== undefined) return others.has(this.value);
    return new Walk(this.value, true, undefined, others).shared;
  }
}

/** undefined for what is not plain, or small. @param owned it is part of a captured variable: nothing of it may be lost. */
export function lookAt(value: unknown, owned: boolean): Look | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const look = new Look(value);
  if (owned) look.flat = flatOf(value);
  if (look.flat !== undefined) return look;
  const walk = new Walk(value, owned, look, undefined);
  return walk.plain && walk.large ? look : undefined;
}

class Walk {
  plain = true;
  shared = false;
  private objects = 0;
  large = false;
  private readonly owned: boolean;
  private readonly look: Look | undefined;
  private readonly others: ReadonlyMap<object, unknown> | undefined;
  private readonly seen = new Set<object>();
  private readonly pending: object[] = [];
  /** By prototype, whether its instances are their properties and nothing else. */
  private readonly classes = new Map<object | null, boolean>();
  private depth = 0;
  private last: object | undefined;
  private lastKeys: readonly string[] = [];

  constructor(value: object, owned: boolean, look: Look | undefined, others: ReadonlyMap<object, unknown> | undefined) {
    this.owned = owned;
    this.look = look;
    this.others = others;
    this.enter(value);
    while (this.plain && !this.shared) {
      const next = this.pending.pop();
      if (next === undefined) break;
      this.inside(next);
    }
    this.large ||= this.objects > FEW;
  }

  private item(value: unknown): void {
    if (typeof value === 'object') {
      if (value !== null) this.enter(value);
    } else if (typeof value === 'function' || typeof value === 'symbol') {
      this.plain = false;
    }
  }

  /** An object that was met. */
  private enter(object: object): void {
    this.objects++;
    if (this.others?.has(object)) this.shared = true;
    const { last, lastKeys } = this;
    if (last !== undefined && haveSameShape(object, last)) {
      // Its properties are like those of the last one. Where they hold no object, it is done with.
      for (let i = 0; i < lastKeys.length; i++) {
        const value = (object as Record<string, unknown>)[lastKeys[i]];
        if (typeof value === 'object' && value !== null) return this.later(object);
        if (typeof value === 'function' || typeof value === 'symbol') this.plain = false;
      }
      const prototype = getPrototypeOf(object) as object | null;
      // One that turns up again is named again, which changes nothing and costs less than to remember each.
      if (prototype !== Object.prototype) this.look?.instance(object, prototype);
      return;
    }
    this.later(object);
  }

  private later(object: object): void {
    if (this.seen.has(object)) return;
    this.seen.add(object);
    // At once, where that is not deep: what follows in a list is mostly like what came before.
    if (this.depth > 4) return void this.pending.push(object);
    this.depth++;
    this.inside(object);
    this.depth--;
  }

  private inside(object: object): void {
    if (types.isProxy(object)) return this.refuse();
    if (Array.isArray(object)) return this.array(object);
    const prototype = getPrototypeOf(object) as object | null;
    if (prototype === Object.prototype) {
      if (rootReference(object) !== undefined || prototypeOwner(object) !== undefined) return this.refuse();
      return this.properties(object);
    }
    if (types.isMap(object)) {
      if (prototype !== Map.prototype || this.hasMore(object)) return this.refuse();
      Map.prototype.forEach.call(object, (item: unknown, key: unknown) => {
        this.item(key);
        this.item(item);
      });
    } else if (types.isSet(object)) {
      if (prototype !== Set.prototype || this.hasMore(object)) return this.refuse();
      Set.prototype.forEach.call(object, (item: unknown) => this.item(item));
    } else if (ArrayBuffer.isView(object)) {
      const { buffer, length } = viewParts(object);
      if (!VIEWS.has(prototype) || types.isSharedArrayBuffer(buffer) || handleOf(object)) return this.refuse();
      if (this.owned && Object.getOwnPropertySymbols(object).length > 0) return this.refuse();
      this.large ||= length > LONG;
      this.enter(buffer);
    } else if (types.isDate(object)) {
      if (prototype !== Date.prototype || this.hasMore(object)) this.refuse();
    } else if (types.isArrayBuffer(object)) {
      // One that is detached has no length.
      if (prototype !== ArrayBuffer.prototype || byteLengthOf(object) === 0 || this.hasMore(object)) this.refuse();
    } else {
      this.instance(object, prototype);
    }
  }

  private refuse(): void {
    this.plain = false;
  }

  /** Whether a captured object has properties beyond what its kind has, or is restricted. */
  private hasMore(object: object): boolean {
    return this.owned && (!isExtensible(object) || Reflect.ownKeys(object).length > 0);
  }

  private array(array: readonly unknown[]): void {
    const { length } = array;
    if (getPrototypeOf(array) !== Array.prototype || (this.owned && !isExtensible(array))) return this.refuse();
    // Sparse arrays and those with getters; small ones are cheap to write object by object.
    if (length > 0 && mayHaveGetters(array)) return this.refuse();
    this.large ||= length > LONG;
    if (!holdsNumbers(array)) {
      for (let i = 0; i < length; i++) {
        const value = array[i];
        if (typeof value !== 'number' && typeof value !== 'string') this.item(value);
      }
    }
    if (!onlyElements(array) || Object.getOwnPropertySymbols(array).length > 0) this.refuse();
  }

  private properties(object: object): void {
    const { owned } = this;
    if (owned && !isExtensible(object)) return this.refuse();
    const keys = owned ? Reflect.ownKeys(object) : Object.keys(object);
    this.large ||= keys.length > LONG;
    for (const key of keys) {
      const descriptor = getOwnPropertyDescriptor(object, key)!;
      if (typeof key === 'symbol' || !('value' in descriptor)) return this.refuse();
      if (owned && !(descriptor.enumerable && descriptor.writable && descriptor.configurable)) return this.refuse();
      this.item(descriptor.value);
    }
    // A dictionary is like no other object.
    if (keys.length > LONG) return;
    this.last = object;
    this.lastKeys = keys as string[];
  }

  private instance(object: object, prototype: object | null): void {
    let simple = this.classes.get(prototype);
    if (simple === undefined) this.classes.set(prototype, (simple = isSimpleClass(object, prototype)));
    if (!simple || handleOf(object) !== undefined || rootReference(object) !== undefined) return this.refuse();
    if (prototypeOwner(object) !== undefined || types.isArgumentsObject(object)) return this.refuse();
    if (!isExtensible(object)) return this.refuse();
    this.look?.instance(object, prototype);
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = getOwnPropertyDescriptor(object, key)!;
      const plain = 'value' in descriptor && descriptor.enumerable && descriptor.writable && descriptor.configurable;
      if (typeof key === 'symbol' || !plain) return this.refuse();
      this.item(descriptor.value);
    }
    this.last = object;
    this.lastKeys = Object.keys(object);
  }
}

const VIEWS: ReadonlySet<unknown> = new Set(
  [DataView, Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array]
    .map(({ prototype }): object => prototype)
    .concat([Float32Array, Float64Array, BigInt64Array, BigUint64Array].map(({ prototype }): object => prototype)),
);

/** Whether the instances of a class are their own properties and nothing else. */
function isSimpleClass(object: object, prototype: object | null): boolean {
  if (prototype === null) return !types.isModuleNamespaceObject(object);
  try {
    if (kindOf(object) !== 'instance') return false;
    if (dataProperty(prototype, serialize) !== undefined) return false;
    for (let at: object | null = prototype; at !== null; at = getPrototypeOf(at) as object | null) {
      if (types.isProxy(at)) return false;
      const type = prototypeOwner(at);
      if (type !== undefined && privateParts(type) !== undefined) return false;
    }
    return true;
  } catch (error) {
    // The walk that comes next says why.
    if (error instanceof Refusal) return false;
    throw error;
  }
}
