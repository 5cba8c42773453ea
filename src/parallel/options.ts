/** What every call of `parallel` can be given. */
import { availableCpuCount } from '../machine';
import type { NumericArray } from '../native/kernel';
import { checkInteger, checkOptions, checkSignal, checkTimeout, show } from '../validate';
import { checkNumericArray } from './arrays';

export interface ParallelOptions {
  /** At most so many threads; availableCpuCount(). */
  threads?: number;
  /** Stops a running kernel, even `while (true)`: the Promise rejects with its reason. */
  signal?: AbortSignal;
  /** Milliseconds; TimeoutError. */
  timeout?: number;
  /** What a function gets that can't be compiled: KernelError, or this thread's own V8. */
  fallback?: 'error' | 'serial';
}

/** Options, looked at. */
export interface Settings {
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  /** -1: none. */
  readonly timeout: number;
  readonly serial: boolean;
  readonly into: NumericArray | undefined;
}

const MOST_THREADS = 1024;
let cpus: number | undefined;

/** @throws TypeError, RangeError; the signal's reason where it is aborted. */
export function settings(given: (ParallelOptions & { into?: NumericArray }) | undefined, async: boolean): Settings {
  const options = checkOptions(given);
  const { threads, fallback, into } = options;
  if (threads !== undefined) checkInteger(threads, 'options.threads', 1, MOST_THREADS);
  if (fallback !== undefined && fallback !== 'error' && fallback !== 'serial') {
    throw Object.assign(new TypeError(`options.fallback must be 'error' or 'serial', got ${show(fallback)}`), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  if (into !== undefined) checkNumericArray(into, 'options.into');
  const timeout = checkTimeout(options);
  const signal = async ? checkSignal(options) : undefined;
  return { threads: threads ?? (cpus ??= availableCpuCount()), signal, timeout, serial: fallback === 'serial', into };
}
