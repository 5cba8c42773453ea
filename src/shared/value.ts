import { native } from '../native';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { wordsOf } from '../arena/words';
import type { Lock } from '../sync/lock';
import {
  arrayOf,
  checkNumber,
  checkNumberType,
  numberOfType,
  typeOfNumber,
  type NumberOf,
  type NumberType,
} from './number-types';
import { adoptLock, checkLock, chooseLock, openLock, type LockOption } from './own-lock';
import { showsAs } from '../inspect/shown';

const ADOPT: unique symbol = Symbol('adopt');
/** Index of the type's number in the block's words. The number itself is at 0; what own-lock.ts writes follows. */
const TYPE_WORD = 2;

type Integers = Exclude<ReturnType<typeof integersOf>, undefined>;

/** The integers of a cell: the value itself, or the bits of a float. */
function integersOf(type: NumberType, buffer: ArrayBufferLike, offset: number) {
  switch (type) {
    case 'float32':
      return new Int32Array(buffer, offset, 1);
    case 'float64':
      return new BigInt64Array(buffer, offset, 1);
    default:
      return new (arrayOf(type))(buffer as ArrayBuffer, offset, 1) as unknown as Int32Array;
  }
}

/** Where floats are turned into bits and back; one a thread. */
const float64 = new Float64Array(1);
const bits64 = new BigInt64Array(float64.buffer);
const float32 = new Float32Array(1);
const bits32 = new Int32Array(float32.buffer);

/** How the value of a type is read from the integers of its cell, and written as them. */
interface Form {
  read(integer: any): any;
  write(value: any): any;
}
const SAME: Form = { read: (integer) => integer, write: (value) => value };
const FORMS: Partial<Record<NumberType, Form>> = {
  float32: {
    read(bits: number) {
      bits32[0] = bits;
      return float32[0];
    },
    write(value: number) {
      float32[0] = value;
      return bits32[0];
    },
  },
  float64: {
    read(bits: bigint) {
      bits64[0] = bits;
      return float64[0];
    },
    write(value: number) {
      float64[0] = value;
      return bits64[0];
    },
  },
};

/**
 * A number in shared memory: the same one in every process that is handed it.
 *
 * Each read and write, add() and compareExchange() is atomic across processes; for more than one step there is `lock`. A number out of
 * the type's range is converted as typed arrays do: `uint8` keeps 300 as 44.
 *
 * @example
 * const hits = new Value('int32');
 * await pool.map(() => void hits.add(1), range);
 * console.log(hits.value);
 */
export class Value<K extends NumberType = NumberType> {
  readonly #type: NumberType;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #cell: Integers;
  readonly #form: Form;
  #lock: Lock | undefined;

  /**
   * @param initial what it begins with; 0 by default.
   * @param options.lock the lock that `lock` gives: by default an RLock of its own; false: none.
   */
  constructor(type: K, initial?: NumberOf<K>, options?: LockOption);
  constructor(...params: readonly unknown[]) {
    tree();
    const adopted = params[0] === ADOPT;
    const [type, initial, options] = params as [unknown, unknown, LockOption | undefined];
    if (!adopted) {
      checkNumberType(type);
      if (initial !== undefined) checkNumber(initial, 'initial', type);
      checkLock(options);
    }
    const id = adopted ? (params[1] as number) : native.valueCreate(creationSite(new.target));
    const { words, at } = wordsOf(id);
    this.#words = words;
    this.#at = at;
    if (!adopted) words[at + TYPE_WORD] = numberOfType(type as NumberType);
    this.#type = typeOfNumber(words[at + TYPE_WORD]);
    this.#cell = integersOf(this.#type, words.buffer, at * 4) as Integers;
    this.#form = FORMS[this.#type] ?? SAME;
    own(this, 'Value', id, adopted ? adoptLock(words, at) : chooseLock(options, words, at));
    if (!adopted && initial !== undefined) this.value = initial as NumberOf<K>;
  }

  get value(): NumberOf<K> {
    return this.#form.read(Atomics.load(this.#cell as Int32Array, 0)) as NumberOf<K>;
  }
  set value(value: NumberOf<K>) {
    checkNumber(value, 'value', this.#type);
    Atomics.store(this.#cell as Int32Array, 0, this.#form.write(value) as number);
  }

  /** Its lock. add() and compareExchange() do not need it. @throws ProcessError where it was made with `lock: false`. */
  get lock(): Lock {
    return (this.#lock ??= openLock(this.#words, this.#at, 'Value'));
  }

  /** Adds `n`. @returns the value before. */
  add(n: NumberOf<K>): NumberOf<K> {
    checkNumber(n, 'n', this.#type);
    const form = this.#form;
    const cell = this.#cell as Int32Array;
    if (form === SAME) return Atomics.add(cell, 0, n as number) as NumberOf<K>;
    for (let bits = Atomics.load(cell, 0); ;) {
      const before = form.read(bits) as number;
      const found = Atomics.compareExchange(cell, 0, bits, form.write(before + (n as number)) as number);
      if (found === bits) return before as NumberOf<K>;
      bits = found;
    }
  }

  /**
   * Makes it `next` if it is `expected`, both converted to its type. Floats are compared as numbers: 0 is -0, and NaN is NaN.
   *
   * @returns the value before: `expected` where it was exchanged.
   */
  compareExchange(expected: NumberOf<K>, next: NumberOf<K>): NumberOf<K> {
    checkNumber(expected, 'expected', this.#type);
    checkNumber(next, 'next', this.#type);
    const form = this.#form;
    const cell = this.#cell as Int32Array;
    if (form === SAME) {
      return Atomics.compareExchange(cell, 0, expected as number, next as number) as NumberOf<K>;
    }
    const wanted = form.read(form.write(expected)) as number;
    const bits = form.write(next) as number;
    for (let old = Atomics.load(cell, 0); ;) {
      const before = form.read(old) as number;
      if (before !== wanted && !(before !== before && wanted !== wanted)) return before as NumberOf<K>;
      const found = Atomics.compareExchange(cell, 0, old, bits);
      if (found === old) return before as NumberOf<K>;
      old = found;
    }
  }
}

registerKind('Value', (id) => Reflect.construct(Value, [ADOPT, id]) as Value);

showsAs(Value, ({ value }) => ({ value }));
