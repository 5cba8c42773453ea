/** Scopes of a held lock, for every class that has acquire, acquireSync and release. */
import { TimeoutError } from '../errors';
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

function timedOut(what: string, options: WaitSyncOptions | undefined): TimeoutError {
  return new TimeoutError(`the ${what} was not acquired within ${options?.timeout} ms`);
}

function nameOf(lock: Acquirable): string {
  return lock.constructor.name;
}

export async function hold(lock: Acquirable, options?: WaitOptions): Promise<Disposable> {
  if (!(await lock.acquire(options))) throw timedOut(nameOf(lock), options);
  return new Hold(lock);
}

export function holdSync(lock: Acquirable, options?: WaitSyncOptions): Disposable {
  if (!lock.acquireSync(options)) throw timedOut(nameOf(lock), options);
  return new Hold(lock);
}

export async function run<T>(lock: Acquirable, critical: () => T | Promise<T>, options?: WaitOptions): Promise<T> {
  checkFunction(critical, 'critical');
  if (!(await lock.acquire(options))) throw timedOut(nameOf(lock), options);
  try {
    return await critical();
  } finally {
    lock.release();
  }
}

export function runSync<T>(lock: Acquirable, critical: () => T, options?: WaitSyncOptions): T {
  checkFunction(critical, 'critical');
  if (!lock.acquireSync(options)) throw timedOut(nameOf(lock), options);
  try {
    const result = critical();
    if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function') {
      // The promise is handed to nobody: what it rejects with must not end the process.
      Promise.resolve(result).catch(() => {});
      throw new TypeError(
        'critical must not return a Promise in runSync(): the lock would be released before it settles; use run()',
      );
    }
    return result;
  } finally {
    lock.release();
  }
}
