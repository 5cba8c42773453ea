import { registerKind } from '../arena/handle';
import { NotHeldError, NotOwnerError } from '../errors';
import { checkFunction, checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { newScope, runIn, scopeOf } from './async-context';
import { guarded, timedOut } from './hold';
import { ADOPT, awaitLock, isMine, Lock, RECURSIVE } from './lock';

/** The owner where no run() is: this thread, whatever of its code runs. */
const THREAD: object = { name: 'the thread' };

/** Who had a lock, and how often: what a wait of a condition gives up and takes back. */
export interface Suspended {
  readonly owner: object;
  readonly count: number;
}

/** Makes a lock that {@link isHeld} this thread's own, of nobody in it: what is to be released, however often it was taken. */
export let suspend: (lock: Lock) => Suspended;
/** Puts the owner back to whom it was, once the thread has the lock again. */
export let restore: (lock: Lock, suspended: Suspended) => void;
/** Whether a release() here would be by the owner. */
export let isHeld: (lock: Lock) => boolean;

/**
 * A lock that its owner may take again, and must release as often.
 *
 * The sync forms and an awaited acquire() or hold() belong to this thread; run() belongs to the async context that it
 * opened, and all forms inside of it re-enter. An awaited acquire(), hold() or run() outside of the owner's run() waits
 * like anyone, also where this thread has the lock.
 *
 * @example
 * const lock = new RLock();
 * await lock.run(async () => {
 *   await lock.run(() => 'in again');
 * });
 */
export class RLock extends Lock {
  /** Of this thread: whose it is while the thread has it. */
  #owner: object | undefined;
  #count = 0;

  constructor();
  constructor(...internal: readonly unknown[]) {
    super(...([...internal, RECURSIVE] as unknown as []));
  }

  static {
    suspend = (lock) => {
      if (!(lock instanceof RLock)) return { owner: THREAD, count: 1 };
      const suspended = { owner: lock.#owner!, count: lock.#count };
      lock.#owner = undefined;
      lock.#count = 0;
      return suspended;
    };
    restore = (lock, { owner, count }) => {
      if (!(lock instanceof RLock)) return;
      lock.#owner = owner;
      lock.#count = count;
    };
    isHeld = (lock) => (lock instanceof RLock ? lock.#isOwner() : isMine(lock));
  }

  /** Takes the lock; false where the timeout passed first. Re-enters only inside of run(). @throws OwnerDiedError */
  override async acquire(options?: WaitOptions): Promise<boolean> {
    if (this.#owner === THREAD || !this.#isOwner()) return awaitLock(this, options, () => this.#own(THREAD));
    checkTimeout(options);
    checkSignal(options);
    this.#count++;
    return true;
  }

  /**
   * Takes the lock, or takes it again, blocking this thread.
   *
   * @returns false where the timeout passed first.
   * @throws DeadlockError where a run() of this thread has it that this code is not in, and no timeout was given;
   * OwnerDiedError.
   */
  override acquireSync(options?: WaitSyncOptions): boolean {
    if (options !== undefined) checkSyncTimeout(options);
    if (this.#isOwner()) {
      this.#count++;
      return true;
    }
    return super.acquireSync(options) && this.#own(THREAD);
  }

  /** Takes the lock if it is free or this code's own. @throws OwnerDiedError */
  override tryAcquire(): boolean {
    if (!this.#isOwner()) return super.tryAcquire() && this.#own(THREAD);
    this.#count++;
    return true;
  }

  /** Lets go of it once. @throws NotOwnerError where another has it, NotHeldError where nobody has. */
  override release(): void {
    if (this.#isOwner()) {
      if (--this.#count === 0) this.#letGo();
      return;
    }
    if (!this.locked()) throw new NotHeldError('the lock is not held: release() without acquire()');
    throw new NotOwnerError(
      isMine(this)
        ? 'the lock is held by a run() that this code is not in'
        : 'the lock is held by another thread or process, which alone may release it',
    );
  }

  /** After OwnerDiedError: takes the abandoned lock, for this thread. False where it is not abandoned (any more). */
  override recover(): boolean {
    return super.recover() && this.#own(THREAD);
  }

  /** Runs `critical` with the lock held, which belongs to what `critical` does and awaits. @throws TimeoutError */
  override async run<T>(critical: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
    checkFunction(critical, 'critical');
    if (this.#owner !== THREAD && this.#isOwner()) {
      await this.acquire(options);
      return guarded(this, critical);
    }
    const scope = newScope(this);
    if (!(await awaitLock(this, options, () => this.#own(scope)))) throw timedOut(this, options);
    return runIn(scope, () => guarded(this, critical));
  }

  #isOwner(): boolean {
    const owner = this.#owner;
    return owner !== undefined && (owner === THREAD || owner === scopeOf(this));
  }

  #own(owner: object): true {
    this.#owner = owner;
    this.#count = 1;
    return true;
  }

  #letGo(): void {
    this.#owner = undefined;
    this.#count = 0;
    super.release();
  }
}

/** Takes a suspended lock that was released again. @throws OwnerDiedError: then it is not held. */
export async function resume(lock: Lock, suspended: Suspended): Promise<void> {
  await awaitLock(lock, undefined, () => restore(lock, suspended));
}

registerKind('RLock', (id) => Reflect.construct(RLock, [ADOPT, id]) as RLock);
