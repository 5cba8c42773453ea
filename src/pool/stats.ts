import { ProcessError } from '../errors';
import type { Engine } from './engine';
import type { PoolWorker } from './pool-worker';
import type { TaskTable } from './task-table';

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

/** What a pool has counted, and what it does now. */
export function statsOf({ stats, table, crew, dispatcher, runTimes, waitTimes }: Engine): PoolStats {
  let running = 0;
  let busy = stats.pastBusy;
  let alive = stats.pastAlive;
  const time = performance.now();
  for (const worker of crew.workers) {
    running += worker.channel.inFlight - (isThrough(worker, table) ? 1 : 0);
    busy += worker.busyTime + (worker.busySince > 0 ? time - worker.busySince : 0);
    alive += time - worker.startedAt;
  }
  const { done, failed, retried, workersStarted, workersDied } = stats;
  return {
    queued: dispatcher.demand(),
    running,
    done,
    failed,
    retried,
    workersStarted,
    workersDied,
    utilization: alive === 0 ? 0 : Math.min(1, busy / alive),
    waitTime: waitTimes,
    runTime: runTimes,
  };
}

/** Whether all items of the chunk that a worker has are settled: only its end is not told yet. */
function isThrough(worker: PoolWorker, table: TaskTable): boolean {
  const id = worker.channel.front();
  const chunk = id < 0 ? null : table.detail(id)?.chunk;
  return chunk != null && chunk.received === chunk.count;
}

/** A getter for what is not there yet. */
export function notImplemented(what: string): never {
  throw new ProcessError(`${what} is not implemented yet`, 'ERR_NOT_IMPLEMENTED');
}
