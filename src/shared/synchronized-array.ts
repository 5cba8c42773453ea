import { native } from '../native';
import { fromHandle, handleOf, own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { wordsOf } from '../arena/words';
import type { Lock } from '../sync/lock';
import {
  arrayOf,
  checkNumberType,
  numberOfType,
  typeOfNumber,
  type ArrayOf,
  type NumberOf,
  type NumberType,
} from './number-types';
import { adoptLock, checkLock, chooseLock, openLock, type LockOption } from './own-lock';
import { sharedArray } from './shared-array';
import { showsAs } from '../inspect/shown';

const ADOPT: unique symbol = Symbol('adopt');
/** In the block's words: the type's number, with a flag that tells inspect that it is an array's; then, behind the lock, the array's id. */
const TYPE_WORD = 2;
const ARRAY_FLAG = 0x100;
const ARRAY_WORD = 6;

/**
 * A sharedArray with a lock: Python's Array.
 *
 * @example
 * const totals = new SynchronizedArray('float64', 10);
 * totals.lock.runSync(() => { totals.array[3] += 1; });
 */
export class SynchronizedArray<K extends NumberType = NumberType> {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #array: ArrayOf<K>;
  #lock: Lock | undefined;

  /**
   * @param from its length, zeroed; or what it begins with.
   * @param options.lock by default an RLock of its own; false: none, and `lock` throws.
   */
  constructor(type: K, from: number | ArrayLike<NumberOf<K>>, options?: LockOption);
  constructor(...params: readonly unknown[]) {
    tree();
    if (params[0] === ADOPT) {
      const id = params[1] as number;
      const { words, at } = wordsOf(id);
      this.#words = words;
      this.#at = at;
      const array = (words[at + ARRAY_WORD] >>> 0) + words[at + ARRAY_WORD + 1] * 2 ** 32;
      const buffer = fromHandle({ tree: tree().tree, kind: 'Array', id: array }) as ArrayBuffer;
      this.#array = new (arrayOf(typeOfNumber(words[at + TYPE_WORD] & ~ARRAY_FLAG)))(buffer) as ArrayOf<K>;
      native.retain(array);
      own(this, 'SynchronizedArray', id, [array, ...adoptLock(words, at)]);
      return;
    }
    const [type, from, options] = params as [unknown, number | ArrayLike<never>, LockOption | undefined];
    checkNumberType(type);
    checkLock(options);
    const array = sharedArray(arrayOf(type), from);
    this.#array = array as ArrayOf<K>;
    const id = native.valueCreate(creationSite(new.target));
    const { words, at } = wordsOf(id);
    this.#words = words;
    this.#at = at;
    const arrayId = handleOf(array.buffer)!.id;
    words[at + TYPE_WORD] = numberOfType(type) | ARRAY_FLAG;
    words[at + ARRAY_WORD] = arrayId;
    words[at + ARRAY_WORD + 1] = Math.floor(arrayId / 2 ** 32);
    native.retain(arrayId);
    own(this, 'SynchronizedArray', id, [arrayId, ...chooseLock(options, words, at)]);
  }

  /** The numbers: a sharedArray. */
  get array(): ArrayOf<K> {
    return this.#array;
  }

  /** @throws ProcessError where it was made with `lock: false`. */
  get lock(): Lock {
    return (this.#lock ??= openLock(this.#words, this.#at, 'SynchronizedArray'));
  }

  get length(): number {
    return this.#array.length;
  }
}

registerKind('SynchronizedArray', (id) => Reflect.construct(SynchronizedArray, [ADOPT, id]) as SynchronizedArray);

showsAs(SynchronizedArray, ({ array }) => ({ array }));
