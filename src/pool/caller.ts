/** Where a task was submitted from, and how that place is added to the stack of what the task threw. */
import { sep } from 'node:path';
import { HERE } from '../here';
import type { Caller } from './task-table';

/** Frames of this package are of no use to its users. */
const PACKAGE = HERE + sep;

/** Remembers the present stack below `above`. Costs about 1.5 µs: V8 writes it out only when it is read. */
export function captureCaller(above: Function): Caller {
  const caller: Caller = {};
  Error.captureStackTrace(caller, above);
  return caller;
}

/** Callers of a burst: the first tasks of a function each remember their own, further ones the last of these. */
export class CallerCache {
  private fn: unknown = null;
  private count = 0;
  private last: Caller | null = null;

  get(fn: unknown, above: Function): Caller {
    if (this.fn !== fn || this.count < EXACT || this.last === null) {
      if (this.fn !== fn) this.count = 0;
      this.fn = fn;
      this.count++;
      return (this.last = captureCaller(above));
    }
    return this.last;
  }

  /** The burst is over: the call stack was left. */
  end(): void {
    this.fn = this.last = null;
    this.count = 0;
  }
}

/** Tasks of one function in one burst (one run of the event loop's callbacks) that each remember where they were submitted. */
const EXACT = 16;

/**
 * Adds the caller's stack to that of an error which came from a worker; gives anything else as it is.
 *
 * @param method what the caller called: 'map'.
 * @param where the worker, as PoolWorker.label has it.
 */
export function joinStacks(thrown: unknown, caller: Caller | null, method: string, where: string): unknown {
  if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return thrown;
  const lines = thrown.stack.split('\n').filter((line) => !isOurs(line));
  lines.push(`    at pool.${method} (in worker ${where})`);
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

function isOurs(line: string): boolean {
  return line.includes(PACKAGE) && /^\s+at /.test(line);
}
