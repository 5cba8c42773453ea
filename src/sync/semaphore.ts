import { native } from '../native';
import * as bell from '../arena/bell';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { look, wordsOf } from '../arena/words';
import { NotHeldError } from '../errors';
import { checkInteger, checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import * as scope from './hold';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { showsAs } from '../inspect/shown';

// The words of a semaphore, by their index (crates/shm, semaphore.rs).
// The first one is the gate: below 0 where somebody waits.
const ANONYMOUS = 1;
const FIRST = 2;
const FLAGS = 3;
const OWNED = 6;
const PERMITS = 48;

const FAIR = 1 << 30;
const BOUNDED_FLAG = 1;
/** The largest number of permits. */
const MOST = 2 ** 31 - 1;

/** What native calls return (crates/node, semaphore.rs): permit number + 1, or one of these. */
const NONE = 0;
const AN_ANONYMOUS = 65536;
const NOT_HELD = 1;
const TOO_MANY = 2;

/** First argument of the constructor where an existing block is adopted; the second is its id. */
const ADOPT: unique symbol = Symbol('adopt');
/** Second argument of the constructor of a bounded one. */
const BOUNDED: unique symbol = Symbol('bounded');

/**
 * A number of permits, among all threads and processes that are handed it. Any of them may release, whoever acquired.
 *
 * The permits of a process that is killed or fails come back, as long as every release was by a thread that had acquired:
 * then it is known whose they are. It is not known where the first value is above 208, and where a permit was released by
 * a thread that had none: that may be a signal. A process that ends with exit code 0 leaves its permits taken.
 *
 * @example
 * const atMostTwo = new Semaphore(2);
 * await atMostTwo.run(() => fetch(url));
 */
export class Semaphore {
  readonly #words: Int32Array;
  /** Index of its first word. */
  readonly #at: number;
  readonly #id: number;
  /** What a permit's word holds while it is this thread's. */
  readonly #mine: number;
  /** How many permits have a word. */
  readonly #owned: number;
  readonly #bounded: boolean;
  readonly #first: number;
  /** Index of the word of the permit that this thread took last and has not released since; -1: look for one. */
  #last = -1;
  /** Index of the word of the permit to look at first; -1: there are none. */
  #next: number;

  /** @param value permits at first, 0..2^31 - 1. */
  constructor(value?: number);
  constructor(...params: readonly unknown[]) {
    this.#mine = tree().slot + 1;
    if (params[0] === ADOPT) {
      this.#id = params[1] as number;
    } else {
      const [value = 1] = params;
      checkInteger(value, 'value', 0, MOST);
      this.#id = native.semaphoreCreate(value, params[1] === BOUNDED, creationSite(new.target));
    }
    const { words, at } = wordsOf(this.#id);
    this.#words = words;
    this.#at = at;
    this.#owned = words[at + OWNED];
    this.#first = words[at + FIRST];
    this.#bounded = (words[at + FLAGS] & BOUNDED_FLAG) !== 0;
    this.#next = this.#owned === 0 ? -1 : at + PERMITS + (tree().slot % this.#owned);
    own(this, this.#bounded ? 'BoundedSemaphore' : 'Semaphore', this.#id);
  }

  /** Takes a permit, waiting for one if need be. @returns false where the timeout passed first. */
  async acquire(options?: WaitOptions): Promise<boolean> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const key = `semaphore ${this.#id}`;
    if (!bell.isWaiting(key) && this.#take()) return true;
    let acquired = false;
    try {
      const got = await bell.wait(key, (waited) => this.#tryOrArm(waited), timeout, signal);
      return (acquired = got === true);
    } finally {
      if (!acquired) native.semaphoreGiveUp(this.#id);
    }
  }

  /** {@link acquire}, blocking. */
  acquireSync(options?: WaitSyncOptions): boolean {
    const words = this.#words;
    const i = this.#next;
    if (options === undefined && i >= 0 && (look(words, this.#at) & FAIR) === 0) {
      if (Atomics.compareExchange(words, i, 0, this.#mine) === 0) {
        this.#last = i;
        return true;
      }
    }
    const timeout = options === undefined ? -1 : checkSyncTimeout(options);
    return this.#take() || this.#got(native.semaphoreAcquire(this.#id, timeout));
  }

  /** Takes a permit if there is one. */
  tryAcquire(): boolean {
    return this.#take() || this.#got(native.semaphoreAcquire(this.#id, 0));
  }

  /**
   * Gives permits back, or adds some.
   *
   * @param n how many, ≥ 1; all of them or, where it throws, none.
   * @throws RangeError where there would be more than 2^31 - 1; NotHeldError: a BoundedSemaphore past its first value.
   */
  release(n?: number): void {
    const i = this.#last;
    if (n === undefined && i >= 0) {
      const words = this.#words;
      const mine = this.#mine;
      this.#last = -1;
      if (Atomics.compareExchange(words, i, mine, 0) === mine) {
        if (look(words, this.#at) < 0) native.semaphorePassOn(this.#id, 1);
        return;
      }
    }
    this.#releaseAny(n);
  }

  #releaseAny(n = 1): void {
    checkInteger(n, 'n', 1, MOST);
    if (n === 1 && (this.#owned === 0 ? this.#addAnonymous() : this.#freeOne())) {
      if (look(this.#words, this.#at) < 0) native.semaphorePassOn(this.#id, 1);
      return;
    }
    const refused = native.semaphoreRelease(this.#id, n);
    if (refused === NOT_HELD) {
      throw new NotHeldError(
        `release(${n === 1 ? '' : n}) would leave more permits than the first value, ${this.#first}`,
      );
    }
    if (refused === TOO_MANY) {
      throw Object.assign(new RangeError(`n must leave at most ${MOST} permits, got ${n}`), {
        code: 'ERR_OUT_OF_RANGE',
      });
    }
  }

  /** Permits left now. */
  get value(): number {
    const words = this.#words;
    let value = Atomics.load(words, this.#at + ANONYMOUS);
    const first = this.#at + PERMITS;
    for (let i = 0; i < this.#owned; i++) if (Atomics.load(words, first + i) === 0) value++;
    return value;
  }

  /** Acquires; the result releases when it is disposed: `using _ = await semaphore.hold()`. @throws TimeoutError */
  hold(options?: WaitOptions): Promise<Disposable> {
    return scope.hold(this, options);
  }

  /** {@link hold}, blocking. */
  holdSync(options?: WaitSyncOptions): Disposable {
    return scope.holdSync(this, options);
  }

  /** Runs `critical` with a permit; it is given back however that ends. @throws TimeoutError */
  run<T>(critical: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
    return scope.run(this, critical, options);
  }

  /** {@link run}, blocking. @throws TypeError where `critical` returns a Promise. */
  runSync<T>(critical: () => T extends PromiseLike<unknown> ? never : T, options?: WaitSyncOptions): T {
    return scope.runSync(this, critical as () => T, options);
  }

  /** One compare-and-exchange, where a permit is free and nobody has waited for one for long. */
  #take(): boolean {
    const words = this.#words;
    if ((Atomics.load(words, this.#at) & FAIR) !== 0) return false;
    const first = this.#at + PERMITS;
    const end = first + this.#owned;
    let i = this.#next;
    for (let k = first; k < end; k++) {
      if (look(words, i) === 0 && Atomics.compareExchange(words, i, 0, this.#mine) === 0) {
        this.#note(i);
        return true;
      }
      if (++i === end) i = first;
    }
    const anonymous = this.#at + ANONYMOUS;
    for (let left = look(words, anonymous); left > 0; left = look(words, anonymous)) {
      if (Atomics.compareExchange(words, anonymous, left, left - 1) === left) return true;
    }
    return false;
  }

  #tryOrArm(waited: number): true | undefined {
    const status = native.semaphoreTryOrArm(this.#id, waited);
    if (this.#got(status)) return true;
    bell.retryIn(-status);
    return undefined;
  }

  /** Notes what a native call has taken. */
  #got(status: number): boolean {
    if (status <= NONE) return false;
    if (status !== AN_ANONYMOUS) this.#note(this.#at + PERMITS + status - 1);
    return true;
  }

  #note(i: number): void {
    this.#next = i;
    this.#last = i;
  }

  /** Releases any permit of this thread's. False: it is on record for none. */
  #freeOne(): boolean {
    const words = this.#words;
    const mine = this.#mine;
    const first = this.#at + PERMITS;
    for (let i = first; i < first + this.#owned; i++) {
      if (look(words, i) === mine && Atomics.compareExchange(words, i, mine, 0) === mine) return true;
    }
    return false;
  }

  /** False where it would be too many. */
  #addAnonymous(): boolean {
    const most = this.#bounded ? this.#first : MOST;
    for (;;) {
      const value = Atomics.load(this.#words, this.#at + ANONYMOUS);
      if (value >= most) return false;
      if (Atomics.compareExchange(this.#words, this.#at + ANONYMOUS, value, value + 1) === value) return true;
    }
  }
}

/** A semaphore that never has more permits than at first: release() past that throws NotHeldError. */
export class BoundedSemaphore extends Semaphore {
  constructor(value?: number);
  constructor(...params: readonly unknown[]) {
    super(...((params[0] === ADOPT ? params : [params[0], BOUNDED]) as [number]));
  }
}

registerKind('Semaphore', (id) => Reflect.construct(Semaphore, [ADOPT, id]) as Semaphore);
registerKind('BoundedSemaphore', (id) => Reflect.construct(BoundedSemaphore, [ADOPT, id]) as BoundedSemaphore);

showsAs(Semaphore, ({ value }) => ({ value }));
