import { ProcessError } from '../errors';

/** Times in milliseconds. */
export interface Histogram {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  percentile(p: number): number;
}

export interface PoolStats {
  /** Tasks that wait, items of maps among them as far as they have been read. */
  queued: number;
  /** Tasks that workers have. */
  running: number;
  /** Those that succeeded. */
  done: number;
  failed: number;
  retried: number;
  workersStarted: number;
  workersDied: number;
  /** The part of the workers' lifetime in which they had something to do, 0 to 1. */
  utilization: number;
  /** From the call to the handing over to a worker, of a map's items from the start of the map. */
  readonly waitTime: Histogram;
  /** In the worker. Of short tasks it tells the mean of a few at a time. */
  readonly runTime: Histogram;
}

/** What is counted as it happens. */
export class Counters {
  done = 0;
  failed = 0;
  retried = 0;
  workersStarted = 0;
  workersDied = 0;
  /** Of workers that have ended: milliseconds busy, and alive. */
  pastBusy = 0;
  pastAlive = 0;
}

/** A getter for what is not there yet. */
export function notImplemented(what: string): never {
  throw new ProcessError(`${what} is not implemented yet`, 'ERR_NOT_IMPLEMENTED');
}
