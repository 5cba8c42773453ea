import { native } from '../native';
import * as bell from '../arena/bell';
import { handleOf, own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { decode, encode } from '../codec';
import { NotHeldError, ProcessError } from '../errors';
import { checkFunction, checkInteger, checkSignal, checkSyncTimeout, checkTimeout, show } from '../validate';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { refusePromise } from './hold';
import { checkOwner, Lock } from './lock';
import { isHeld, restore, resume, RLock, suspend } from './rlock';
import { showsAs } from '../inspect/shown';

/** As a number of waiters: all of them. */
const ALL = 2 ** 32 - 1;

/** What native.conditionWait returns (crates/node, condition.rs), where the lock was had again or never released. */
const NOTIFIED = 1;
const TOO_MANY = -1;

const ADOPT: unique symbol = Symbol('adopt');

/**
 * Threads and processes wait, with a lock released meanwhile, until another notifies them.
 *
 * A wait releases the lock wholly, however often it was taken, and has it again when it ends: notified, timed out or
 * aborted.
 *
 * @example
 * const filled = new Condition();
 * await filled.run(() => filled.waitFor(() => box.value > 0));
 */
export class Condition {
  readonly #id: number;
  readonly #lock: Lock | RLock;
  readonly #lockId: number;

  /** @param lock what guards the state that is waited for; default: an RLock of its own. */
  constructor(lock?: Lock | RLock);
  constructor(...params: readonly unknown[]) {
    tree();
    if (params[0] === ADOPT) {
      this.#id = params[1] as number;
      this.#lock = params[2] as Lock;
    } else {
      const [lock = new RLock()] = params;
      if (!(lock instanceof Lock)) {
        throw Object.assign(new TypeError(`lock must be a Lock or an RLock, got ${show(lock)}`), {
          code: 'ERR_INVALID_ARG_TYPE',
        });
      }
      this.#lock = lock;
      this.#id = native.conditionCreate(handleOf(lock)!.id, creationSite(new.target));
    }
    this.#lockId = handleOf(this.#lock)!.id;
    own(this, 'Condition', this.#id, undefined, () => encode(this.#lock, 'lock'));
  }

  get lock(): Lock | RLock {
    return this.#lock;
  }

  /**
   * Releases the lock, waits to be notified, and takes the lock again, also after the timeout and where it is aborted.
   *
   * @returns false where the timeout passed first.
   * @throws NotHeldError where the lock is not held here; OwnerDiedError where it could not be had again.
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    this.#checkHeld('wait()');
    if (!native.conditionEnter(this.#id)) throw tooMany();
    const suspended = suspend(this.#lock);
    native.mutexRelease(this.#lockId);
    let notified: boolean;
    try {
      const attempt = () => native.conditionTake(this.#id) || undefined;
      const got = await bell.wait(`condition ${this.#id}`, attempt, timeout, signal);
      notified = got === true || native.conditionLeave(this.#id);
    } catch (error) {
      // Aborted: what it may have been notified of is for another.
      if (native.conditionLeave(this.#id)) native.conditionNotify(this.#id, 1);
      await resume(this.#lock, suspended);
      throw error;
    }
    await resume(this.#lock, suspended);
    return notified;
  }

  /** {@link wait}, blocking. */
  waitSync(options?: WaitSyncOptions): boolean {
    const timeout = checkSyncTimeout(options);
    this.#checkHeld('waitSync()');
    const suspended = suspend(this.#lock);
    const status = checkOwner(native.conditionWait(this.#id, this.#lockId, timeout));
    restore(this.#lock, suspended);
    if (status === TOO_MANY) throw tooMany();
    return status === NOTIFIED;
  }

  /**
   * Waits until `predicate` gives true, which is called with the lock held, at first and after each notify.
   *
   * @param options.timeout for all of it.
   * @returns what `predicate` gave last: false where the timeout passed first.
   */
  async waitFor(predicate: () => boolean, options?: WaitOptions): Promise<boolean> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const end = this.#begin(predicate, timeout, 'waitFor()');
    while (!holds(predicate)) {
      const left = end - performance.now();
      if (left <= 0) return false;
      await this.wait({ timeout: left, signal });
    }
    return true;
  }

  /** {@link waitFor}, blocking. */
  waitForSync(predicate: () => boolean, options?: WaitSyncOptions): boolean {
    const timeout = checkSyncTimeout(options);
    const end = this.#begin(predicate, timeout, 'waitForSync()');
    while (!holds(predicate)) {
      const left = end - performance.now();
      if (left <= 0) return false;
      this.waitSync({ timeout: left });
    }
    return true;
  }

  /** Wakes `n` of those that wait, or as many as there are. @throws NotHeldError where the lock is not held here. */
  notify(n = 1): void {
    checkInteger(n, 'n');
    this.#checkHeld('notify()');
    native.conditionNotify(this.#id, Math.min(n, ALL - 1));
  }

  /** Wakes all that wait. @throws NotHeldError where the lock is not held here. */
  notifyAll(): void {
    this.#checkHeld('notifyAll()');
    native.conditionNotify(this.#id, ALL);
  }

  /** The lock's. */
  acquire(options?: WaitOptions): Promise<boolean> {
    return this.#lock.acquire(options);
  }

  /** The lock's. */
  acquireSync(options?: WaitSyncOptions): boolean {
    return this.#lock.acquireSync(options);
  }

  /** The lock's. */
  release(): void {
    this.#lock.release();
  }

  /** The lock's. */
  hold(options?: WaitOptions): Promise<Disposable> {
    return this.#lock.hold(options);
  }

  /** The lock's. */
  holdSync(options?: WaitSyncOptions): Disposable {
    return this.#lock.holdSync(options);
  }

  /** The lock's. */
  run<T>(critical: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
    return this.#lock.run(critical, options);
  }

  /** The lock's. */
  runSync<T>(critical: () => T extends PromiseLike<unknown> ? never : T, options?: WaitSyncOptions): T {
    return this.#lock.runSync(critical, options);
  }

  #checkHeld(what: string): void {
    if (!isHeld(this.#lock)) throw new NotHeldError(`${what} needs the condition's lock, which is not held here`);
  }

  /** When the time is over. */
  #begin(predicate: unknown, timeout: number, what: string): number {
    checkFunction(predicate, 'predicate');
    this.#checkHeld(what);
    return timeout === -1 ? Infinity : performance.now() + timeout;
  }
}

function tooMany(): ProcessError {
  return new ProcessError('65535 waits of this thread are pending on the condition', 'ERR_TOO_MANY_WAITERS');
}

function holds(predicate: () => boolean): boolean {
  const result: unknown = predicate();
  refusePromise(result, 'predicate must not return a Promise: it is called with the lock held, and not awaited');
  return Boolean(result);
}

registerKind('Condition', (id, parts) => Reflect.construct(Condition, [ADOPT, id, decode(parts!)]) as Condition);

showsAs(Condition, ({ lock }) => ({ lock }));
