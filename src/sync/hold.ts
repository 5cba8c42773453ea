/** Scopes of a held lock, for every class that has acquire, acquireSync and release. */
import { NotHeldError, NotOwnerError, TimeoutError } from '../errors';
import { checkFunction } from '../validate';
import type { WaitOptions, WaitSyncOptions } from '../types';

export interface Acquirable {
  acquire(options?: WaitOptions): Promise<boolean>;
  acquireSync(options?: WaitSyncOptions): boolean;
  release(): void;
}

/** Releases once, however often it is disposed. */
class Hold implements Disposable {
  #held: Acquirable | undefined;

  constructor(held: Acquirable) {
    this.#held = held;
  }

  [Symbol.dispose](): void {
    const held = this.#held;
    this.#held = undefined;
    held?.release();
  }
}

/** The error of a scope whose lock was not had in time. */
export function timedOut(lock: object, options: WaitSyncOptions | undefined): TimeoutError {
  return new TimeoutError(`the ${lock.constructor.name} was not acquired within ${options?.timeout} ms`);
}

/** What `critical` gives; the lock is released afterwards. An error of the release does not hide one of `critical`. */
export async function guarded<T>(lock: Acquirable, critical: () => T | Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await critical();
  } catch (error) {
    releaseQuietly(lock);
    throw error;
  }
  lock.release();
  return result;
}

/** After an error: `critical` may have lost the lock, as a wait of a condition does whose lock's next owner died. */
function releaseQuietly(lock: Acquirable): void {
  try {
    lock.release();
  } catch (error) {
    if (!(error instanceof NotHeldError) && !(error instanceof NotOwnerError)) throw error;
  }
}

export async function hold(lock: Acquirable, options?: WaitOptions): Promise<Disposable> {
  if (!(await lock.acquire(options))) throw timedOut(lock, options);
  return new Hold(lock);
}

export function holdSync(lock: Acquirable, options?: WaitSyncOptions): Disposable {
  if (!lock.acquireSync(options)) throw timedOut(lock, options);
  return new Hold(lock);
}

export async function run<T>(lock: Acquirable, critical: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
  checkFunction(critical, 'critical');
  if (!(await lock.acquire(options))) throw timedOut(lock, options);
  return guarded(lock, critical);
}

export function runSync<T>(lock: Acquirable, critical: () => T, options?: WaitSyncOptions): T {
  checkFunction(critical, 'critical');
  if (!lock.acquireSync(options)) throw timedOut(lock, options);
  let result: T;
  try {
    result = critical();
    refusePromise(
      result,
      'critical must not return a Promise in runSync(): the lock would be released before it settles; use run()',
    );
  } catch (error) {
    releaseQuietly(lock);
    throw error;
  }
  lock.release();
  return result;
}

/** For functions whose end is waited for without an event loop. @throws TypeError where `result` is a promise. */
export function refusePromise(result: unknown, message: string): void {
  if (typeof (result as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  // The promise is handed to nobody: what it rejects with must not end the process.
  Promise.resolve(result).catch(() => {});
  throw new TypeError(message);
}
