import { native } from '../native';
import * as bell from '../arena/bell';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { wordsOf } from '../arena/words';
import { DeadlockError, NotHeldError, OwnerDiedError } from '../errors';
import { checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import * as scope from './hold';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { showsAs } from '../inspect/shown';

/** What native calls on a mutex return (crates/node, mutex.rs). */
const ACQUIRED = 0;
const TIMED_OUT = -1;
/** Minus the pid of the holder that died, minus this. */
const OWNER_DIED = -2;

/** Bits of the lock word: the owner's slot + 1. The others are flags (crates/shm, mutex.rs). */
const OWNER = 0xffff;

/** First argument of the constructor where an existing block is adopted; the second is its id. */
export const ADOPT: unique symbol = Symbol('adopt');

/** Last argument of the constructor of a lock that its owner may take again. */
export const RECURSIVE: unique symbol = Symbol('recursive');

/** Waits for a lock; `taken` is called at once when it is had, before anything else runs in this thread. */
export let awaitLock: (lock: Lock, options: WaitOptions | undefined, taken: () => void) => Promise<boolean>;

/** Whether this thread has the lock. */
export let isMine: (lock: Lock) => boolean;

/**
 * Mutual exclusion among all threads and processes that are handed it: as an argument, through a queue, or captured by
 * a function. Any of them may release it, whoever took it (Python's rule).
 *
 * Taking a free lock, and releasing one that nobody waits for, is one compare-and-exchange on shared memory, done here
 * in JavaScript; native code only blocks, wakes and repairs.
 *
 * @example
 * const lock = new Lock();
 * await lock.run(() => appendFile('log.txt', line));
 */
export class Lock {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #id: number;
  /** What the word holds while this thread has the lock and nobody waits. */
  readonly #mine: number;

  constructor();
  constructor(...internal: readonly unknown[]) {
    this.#mine = tree().slot + 1;
    const recursive = internal.at(-1) === RECURSIVE;
    this.#id =
      internal[0] === ADOPT ? (internal[1] as number) : native.mutexCreate(recursive, creationSite(new.target));
    const { words, at } = wordsOf(this.#id);
    this.#words = words;
    this.#at = at;
    own(this, recursive ? 'RLock' : 'Lock', this.#id);
  }

  static {
    awaitLock = (lock, options, taken) => lock.#await(options, taken);
    isMine = (lock) => (Atomics.load(lock.#words, lock.#at) & OWNER) === lock.#mine;
  }

  /**
   * Takes the lock, waiting for it if need be.
   *
   * @returns false where the timeout passed first.
   * @throws OwnerDiedError where its holder ended without releasing it: see {@link recover}.
   */
  acquire(options?: WaitOptions): Promise<boolean> {
    return this.#await(options);
  }

  async #await(options?: WaitOptions, taken?: () => void): Promise<boolean> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    if (this.#take()) {
      taken?.();
      return true;
    }
    let acquired = false;
    const attempt = (waited: number) => {
      const got = this.#tryOrArm(waited);
      if (got) taken?.();
      return got;
    };
    try {
      const got = await bell.wait(`lock ${this.#id}`, attempt, timeout, signal);
      return (acquired = got === true);
    } finally {
      if (!acquired) native.mutexGiveUp(this.#id);
    }
  }

  /**
   * Takes the lock, blocking this thread until it is had.
   *
   * @returns false where the timeout passed first.
   * @throws DeadlockError where this thread holds it and no timeout was given; OwnerDiedError as acquire().
   */
  acquireSync(options?: WaitSyncOptions): boolean {
    const timeout = options === undefined ? -1 : checkSyncTimeout(options);
    if (this.#take()) return true;
    if (timeout === -1 && (Atomics.load(this.#words, this.#at) & OWNER) === this.#mine) {
      throw new DeadlockError('this thread holds the lock already and would wait for itself');
    }
    return checkOwner(native.mutexLock(this.#id, timeout)) !== TIMED_OUT;
  }

  /** Takes the lock if it is free. @throws OwnerDiedError as acquire(). */
  tryAcquire(): boolean {
    return this.#take() || checkOwner(native.mutexLock(this.#id, 0)) === ACQUIRED;
  }

  /** Lets the lock go, whoever took it. @throws NotHeldError where nobody holds it. */
  release(): void {
    const mine = this.#mine;
    if (Atomics.compareExchange(this.#words, this.#at, mine, 0) === mine) return;
    if (native.mutexRelease(this.#id) === 0)
      throw new NotHeldError('the lock is not held: release() without acquire()');
  }

  /** Whether anyone holds it. */
  locked(): boolean {
    return (Atomics.load(this.#words, this.#at) & OWNER) !== 0;
  }

  /**
   * After OwnerDiedError: takes the abandoned lock and clears that state. What it guards may be half done: mend it
   * before release().
   *
   * @returns false where the lock is not abandoned (any more).
   */
  recover(): boolean {
    return native.mutexRecover(this.#id);
  }

  /** Acquires; the result releases when it is disposed: `using _ = await lock.hold()`. @throws TimeoutError */
  hold(options?: WaitOptions): Promise<Disposable> {
    return scope.hold(this, options);
  }

  /** {@link hold}, blocking. */
  holdSync(options?: WaitSyncOptions): Disposable {
    return scope.holdSync(this, options);
  }

  /** Runs `critical` with the lock held; it is released however that ends. @throws TimeoutError */
  run<T>(critical: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
    return scope.run(this, critical, options);
  }

  /** {@link run}, blocking. @throws TypeError where `critical` returns a Promise. */
  runSync<T>(critical: () => T extends PromiseLike<unknown> ? never : T, options?: WaitSyncOptions): T {
    return scope.runSync(this, critical as () => T, options);
  }

  #take(): boolean {
    return Atomics.compareExchange(this.#words, this.#at, 0, this.#mine) === 0;
  }

  #tryOrArm(waited: number): true | undefined {
    const status = checkOwner(native.mutexTryOrArm(this.#id, waited));
    if (status === ACQUIRED) return true;
    bell.retryIn(status);
    return undefined;
  }
}

/** What a native call returned. @throws OwnerDiedError where that is what it tells. */
export function checkOwner(status: number): number {
  if (status > OWNER_DIED) return status;
  const pid = OWNER_DIED - status;
  throw new OwnerDiedError(
    `the holder of the lock (pid ${pid}) ended without releasing it; recover() takes it over`,
    pid,
  );
}

registerKind('Lock', (id) => Reflect.construct(Lock, [ADOPT, id]) as Lock);

showsAs(Lock, (lock) => ({ locked: lock.locked() }));
