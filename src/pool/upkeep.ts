/**
 * Workers that a pool can do without: those that were idle for too long (options.idleTimeout), and those that have grown too large
 * (options.maxMemory), which end between two tasks; another starts when there is work for it.
 *
 * Looked at by an unreferenced timer, while there are workers: during a blocking call of the pool's nobody is idle for long, and one that is too
 * large ends after it.
 */
import { native } from '../native';
import type { Engine } from './engine';
import type { PoolWorker } from './pool-worker';

/** How often memory is looked at, ms. */
const MEMORY_MS = 1000;
/** The longest time of a timer, ms. */
const LONGEST_MS = 2 ** 31 - 1;

export class Upkeep {
  private readonly engine: Engine;
  private timer: NodeJS.Timeout | undefined;
  private memoryAt = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A worker was started, or has nothing to do any more: it is looked at in time. */
  watch(): void {
    const { idleTimeout, maxMemory } = this.engine.options;
    if (this.timer !== undefined || (idleTimeout === Infinity && maxMemory === Infinity)) return;
    const due = Math.min(this.idleIn(), maxMemory < Infinity && this.engine.crew.takers() > 0 ? MEMORY_MS : Infinity);
    if (due === Infinity) return;
    this.timer = setTimeout(() => this.look(), Math.min(LONGEST_MS, Math.max(1, Math.ceil(due))));
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    this.timer = undefined;
    const { crew, options } = this.engine;
    const now = performance.now();
    if (options.idleTimeout < Infinity) this.endIdle(now);
    if (options.maxMemory < Infinity && now - this.memoryAt >= MEMORY_MS - 1) {
      this.memoryAt = now;
      for (const worker of crew.workers) if (!worker.retired) this.checkMemory(worker);
    }
    this.watch();
  }

  /** Until the first worker has been idle for long enough; Infinity: none is idle, or none too many. */
  private idleIn(): number {
    const { crew, options } = this.engine;
    if (options.idleTimeout === Infinity || crew.takers() <= options.minProcesses) return Infinity;
    let first = Infinity;
    for (const worker of crew.workers) if (isIdle(worker)) first = Math.min(first, worker.lastAnswer);
    return first + options.idleTimeout - performance.now();
  }

  /** The one that was idle for the longest time first. */
  private endIdle(now: number): void {
    const { crew, options } = this.engine;
    const idle = crew.workers.filter((worker) => isIdle(worker) && now - worker.lastAnswer >= options.idleTimeout);
    idle.sort((a, b) => a.lastAnswer - b.lastAnswer);
    for (const worker of idle.slice(0, Math.max(0, crew.takers() - options.minProcesses))) this.retire(worker);
  }

  private checkMemory(worker: PoolWorker): void {
    if ((native.privateMemory(worker.pid) ?? 0) <= this.engine.options.maxMemory) return;
    this.engine.dispatcher.takeBack(worker, Infinity, true);
    this.retire(worker);
    this.engine.dispatcher.pump();
  }

  private retire(worker: PoolWorker): void {
    worker.stop();
    this.engine.dispatcher.ordered.leave(worker);
  }
}

function isIdle(worker: PoolWorker): boolean {
  return worker.ready && !worker.retired && worker.channel.inFlight === 0;
}
