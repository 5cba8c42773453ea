import { native } from '../native';
import * as bell from '../arena/bell';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { look, wordsOf } from '../arena/words';
import { DeadlockError, OwnerDiedError, TimeoutError } from '../errors';
import { checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import { showsAs } from '../inspect/shown';
import type { WaitOptions, WaitSyncOptions } from '../types';

/** What native calls return (crates/node, rwlock.rs). */
const ACQUIRED = 0;
const TIMED_OUT = -1;
/** Minus the pid of the writer that died, minus this. */
const OWNER_DIED = -2;

// The words of a lock, by their index (crates/shm, rwlock.rs).
const MUTEX = 0;
const WRITER = 13;
const READERS = 48;
/** How many members a tree can have: each has a word for its readers. */
const SLOTS = 320;

/** Bits of the mutex: the owner's slot + 1. */
const OWNER = 0xffff;

/** How often a blocked reader looks whether it waits for itself, in milliseconds. */
const LOOK = 200;

const ADOPT: unique symbol = Symbol('adopt');

/** Ends once, however often it is disposed. */
class Section implements Disposable {
  #end: (() => void) | undefined;

  constructor(end: () => void) {
    this.#end = end;
  }

  [Symbol.dispose](): void {
    const end = this.#end;
    this.#end = undefined;
    end?.();
  }
}

/**
 * Many readers or one writer. A waiting writer holds back new readers; neither starves. It is not recursive: a reader
 * that reads again waits behind a writer that waits for the reader.
 *
 * What a process that is killed was reading is given back; where it was writing, all get OwnerDiedError until
 * {@link recover} is called.
 *
 * @example
 * using _ = await lock.read();
 */
export class RWLock {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #id: number;
  /** What the mutex holds while this thread has it. */
  readonly #mine: number;
  /** Index of the number of this thread's readers. */
  readonly #readers: number;

  constructor();
  constructor(...internal: readonly unknown[]) {
    const { slot } = tree();
    this.#id = internal[0] === ADOPT ? (internal[1] as number) : native.rwlockCreate(creationSite(new.target));
    const { words, at } = wordsOf(this.#id);
    this.#words = words;
    this.#at = at;
    this.#mine = slot + 1;
    this.#readers = at + READERS + slot;
    own(this, 'RWLock', this.#id);
  }

  /** Waits until it may read; the result ends that when it is disposed. @throws TimeoutError, OwnerDiedError */
  async read(options?: WaitOptions): Promise<Disposable> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    if (!bell.isWaiting(this.#key) && this.#tryRead()) return this.#reading();
    const attempt = (waited: number) => this.#triedTo(native.rwlockTryReadOrArm(this.#id, waited));
    let got: unknown;
    try {
      got = await bell.wait(this.#key, attempt, timeout, signal);
    } finally {
      if (got !== true) native.rwlockGiveUp(this.#id);
    }
    if (got !== true) throw timedOut('read', timeout);
    return this.#reading();
  }

  /** {@link read}, blocking. @throws also DeadlockError where this thread would wait for itself, and no timeout was given. */
  readSync(options?: WaitSyncOptions): Disposable {
    const timeout = checkSyncTimeout(options);
    if (this.#tryRead()) return this.#reading();
    if (timeout === -1) this.#readPatiently();
    else if (this.#checked(native.rwlockRead(this.#id, timeout)) === TIMED_OUT) throw timedOut('read', timeout);
    return this.#reading();
  }

  #readPatiently(): void {
    let status: number;
    do {
      this.#refuseDeadlock();
      // Where this thread reads already, a writer may come that waits for that, and that this read would wait for.
      status = this.#checked(native.rwlockRead(this.#id, this.#isReading() ? LOOK : -1));
    } while (status === TIMED_OUT);
  }

  /** Waits until it may write; the result ends that when it is disposed. @throws TimeoutError, OwnerDiedError */
  async write(options?: WaitOptions): Promise<Disposable> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    let first = false;
    const attempt = (waited: number) => {
      if (!first && this.#triedTo(native.rwlockBeginWriteOrArm(this.#id, waited)) === undefined) return undefined;
      // From here on new readers are held back; those inside leave.
      first = true;
      return native.rwlockEnterOrArm(this.#id) || undefined;
    };
    let got: unknown;
    try {
      got = await bell.wait(this.#key, attempt, timeout, signal);
    } finally {
      if (got !== true) {
        if (first) native.rwlockLeave(this.#id);
        else native.rwlockGiveUp(this.#id);
      }
    }
    if (got !== true) throw timedOut('write', timeout);
    return this.#writing();
  }

  /** {@link write}, blocking. @throws also DeadlockError where this thread would wait for itself, and no timeout was given. */
  writeSync(options?: WaitSyncOptions): Disposable {
    const timeout = checkSyncTimeout(options);
    if (timeout === -1) {
      this.#refuseDeadlock();
      if (this.#isReading()) throw new DeadlockError('this thread reads and would wait for itself to write');
    }
    if (this.#checked(native.rwlockWrite(this.#id, timeout)) === TIMED_OUT) throw timedOut('write', timeout);
    return this.#writing();
  }

  /**
   * After OwnerDiedError: clears that state and leaves the lock free. What it guards may be half written.
   *
   * @returns false where it is not abandoned (any more).
   */
  recover(): boolean {
    return native.rwlockRecover(this.#id);
  }

  get #key(): string {
    return `rwlock ${this.#id}`;
  }

  /** One addition and one look, where nobody writes or waits to. */
  #tryRead(): boolean {
    Atomics.add(this.#words, this.#readers, 1);
    if (look(this.#words, this.#at + MUTEX) === 0) return true;
    this.#endRead();
    return false;
  }

  #endRead(): void {
    Atomics.sub(this.#words, this.#readers, 1);
    if ((look(this.#words, this.#at + MUTEX) & OWNER) !== 0) native.rwlockRingWriter(this.#id);
  }

  #endWrite(): void {
    Atomics.store(this.#words, this.#at + WRITER, 0);
    const mine = this.#mine;
    if (Atomics.compareExchange(this.#words, this.#at + MUTEX, mine, 0) !== mine) native.rwlockLeave(this.#id);
  }

  #reading(): Disposable {
    return new Section(() => this.#endRead());
  }

  #writing(): Disposable {
    return new Section(() => this.#endWrite());
  }

  static {
    showsAs(RWLock, (lock) => lock.#state());
  }

  #state(): object {
    let readers = 0;
    for (let slot = 0; slot < SLOTS; slot++) readers += Atomics.load(this.#words, this.#at + READERS + slot);
    return { written: Atomics.load(this.#words, this.#at + WRITER) !== 0, readers };
  }

  #isReading(): boolean {
    return Atomics.load(this.#words, this.#readers) > 0;
  }

  /** Where this thread has the mutex, or a writer that has it waits for this thread's readers. */
  #refuseDeadlock(): void {
    const owner = Atomics.load(this.#words, this.#at + MUTEX) & OWNER;
    if (owner === this.#mine) throw new DeadlockError('this thread writes, or waits to, and would wait for itself');
    if (owner !== 0 && this.#isReading() && Atomics.load(this.#words, this.#at + WRITER) === 0) {
      throw new DeadlockError('a writer waits for this thread, which reads already and would wait for that writer');
    }
  }

  #triedTo(status: number): true | undefined {
    if (this.#checked(status) === ACQUIRED) return true;
    bell.retryIn(status);
    return undefined;
  }

  #checked(status: number): number {
    if (status > OWNER_DIED) return status;
    const pid = OWNER_DIED - status;
    throw new OwnerDiedError(`the writer (pid ${pid}) ended without letting go of the lock; recover() frees it`, pid);
  }
}

function timedOut(what: string, timeout: number): TimeoutError {
  return new TimeoutError(`the RWLock could not be had to ${what} within ${timeout} ms`);
}

registerKind('RWLock', (id) => Reflect.construct(RWLock, [ADOPT, id]) as RWLock);
