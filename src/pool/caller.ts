/** Where a task was submitted from, and how that place is added to the stack of what the task threw. */
import { PACKAGE } from '../here';
import type { Caller } from './task-table';

/** Remembers the present stack below `above`. V8 writes it out only when it is read. */
export function captureCaller(above: Function): Caller {
  const caller: Caller = {};
  Error.captureStackTrace(caller, above);
  return caller;
}

/** Of one function's tasks within WINDOW_MS so many each remember where they were submitted; further ones, the last of these. */
const EXACT = 16;
const WINDOW_MS = 10;

/**
 * Callers of many tasks. To walk the stack takes V8 a sixth of what an awaited task costs in all; a task of the same function
 * that comes as one of hundreds in these milliseconds comes from the same place.
 */
export class CallerCache {
  private fn: unknown = null;
  private count = 0;
  private last: Caller | null = null;
  private since = 0;
  private forgetting = false;

  get(fn: unknown, above: Function): Caller {
    if (this.fn !== fn || this.count >= EXACT) {
      const now = performance.now();
      if (this.fn === fn && this.last !== null && now - this.since < WINDOW_MS) return this.last;
      this.fn = fn;
      this.count = 0;
      this.since = now;
      this.forgetLater();
    }
    this.count++;
    return (this.last = captureCaller(above));
  }

  /** A stack holds the functions and objects in it. */
  private forgetLater(): void {
    if (this.forgetting) return;
    this.forgetting = true;
    setTimeout(() => {
      this.forgetting = false;
      this.fn = this.last = null;
    }, WINDOW_MS).unref();
  }
}

/**
 * Adds the caller's stack to that of an error which came from a worker; gives anything else as it is.
 *
 * @param method what the caller called, where it does not say so itself: 'map'.
 * @param where the worker, as PoolWorker.label has it.
 */
export function joinStacks(thrown: unknown, caller: Caller | null, method: string, where: string): unknown {
  if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return thrown;
  const lines = thrown.stack.split('\n').filter((line) => !isOurs(line));
  lines.push(`    at pool.${caller?.method ?? method} (in worker ${where})`);
  const below = typeof caller?.stack === 'string' ? caller.stack.split('\n') : [];
  for (const line of below) if (/^\s+at /.test(line) && !isOurs(line)) lines.push(line);
  try {
    Object.defineProperty(thrown, 'stack', {
      value: lines.join('\n'),
      writable: true,
      configurable: true,
      enumerable: false,
    });
  } catch {
    // A frozen error keeps the stack that it has.
  }
  return thrown;
}

/** Frames of this package are of no use to its users. */
function isOurs(line: string): boolean {
  return line.includes(PACKAGE) && /^\s+at /.test(line);
}
