/**
 * The workers of a pool: started as load asks, replaced when they die or have done their share, ended with the pool.
 *
 * A worker that dies before it answered anything, and not in a task, failed to start. Then the next start waits, longer each time; after
 * MAX_FAILED_STARTS such deaths in a row (MAX_KILLED_STARTS by signals), or MAX_FAILED_INITS in the initializer, the pool is broken, and every task fails with that.
 * A pool is broken at once by an initializer that throws.
 */
import { died } from './deaths';
import { nextPath } from '../process/current';
import type { Engine } from './engine';
import { PoolWorker } from './pool-worker';
import * as L from './layout';

const MAX_FAILED_STARTS = 10;
/** The same, for workers that somebody killed: that need not be their own fault, and may stop. */
const MAX_KILLED_STARTS = 100;
const MAX_FAILED_INITS = 3;
/** The wait after the first failed start. It doubles with each up to the longest. */
const BACK_OFF_MS = 20;
const LONGEST_BACK_OFF_MS = 1000;

export class Crew {
  readonly workers: PoolWorker[] = [];
  /** Those that run no more, but whose memory the system has not wholly. */
  readonly leaving = new Set<PoolWorker>();
  /** Why the pool can run nothing any more. */
  broken: { readonly error: unknown } | undefined;
  /** No worker is started any more. */
  closed = false;
  private readonly engine: Engine;
  private failedStarts = 0;
  private failedInits = 0;
  private notBefore = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** All workers have ended, and the system has all that was theirs. */
  get isGone(): boolean {
    return this.workers.length === 0 && this.leaving.size === 0;
  }

  /** Workers that can be given tasks. */
  takers(): number {
    let count = 0;
    for (const worker of this.workers) if (!worker.retired) count++;
    return count;
  }

  /** Starts as many workers as `demand` tasks need beyond those that are idle. */
  ensure(demand: number): void {
    if (this.closed || this.broken !== undefined) return;
    let idle = 0;
    let active = 0;
    for (const worker of this.workers) {
      if (worker.retired) continue;
      active++;
      if (worker.channel.inFlight === 0) idle++;
    }
    let missing = Math.min(demand - idle, this.engine.options.processes - active);
    if (missing <= 0) return;
    const wait = this.notBefore - performance.now();
    if (wait > 0) {
      this.retry ??= setTimeout(() => this.retryNow(), Math.ceil(wait));
      return;
    }
    for (; missing > 0; missing--) if (!this.start()) return;
  }

  /** What the back-off put off; a blocking call, during which no timer fires, calls it itself. */
  retryNow(): void {
    if (this.retry === undefined) return;
    clearTimeout(this.retry);
    this.retry = undefined;
    this.engine.dispatcher.pump(); // sets it again where it is too early
  }

  get retries(): boolean {
    return this.retry !== undefined;
  }

  private start(): boolean {
    const { engine } = this;
    let worker: PoolWorker;
    try {
      const identity = nextPath();
      worker = new PoolWorker(engine.workerOrder(identity), engine.functions);
    } catch (error) {
      // No process, no descriptor, no memory: what waits goes on with the workers there are.
      if (this.takers() > 0) this.notBefore = performance.now() + 1000;
      else this.break(error);
      return false;
    }
    engine.stats.workersStarted++;
    worker.child.onDying = (code) => this.ended(worker, code);
    worker.child.onExit = (code) => this.left(worker, code);
    worker.child.watch();
    this.workers.push(worker);
    engine.upkeep.watch();
    return true;
  }

  /** A worker's initializer is done. */
  isReady(worker: PoolWorker): void {
    worker.ready = true;
    worker.lastAnswer = performance.now();
    this.failedInits = 0;
    this.engine.upkeep.watch();
  }

  /** A worker has answered a task. */
  works(): void {
    this.failedStarts = 0;
  }

  /** The system has all of a worker. */
  private left(worker: PoolWorker, code: number): void {
    this.ended(worker, code);
    if (this.leaving.delete(worker)) this.engine.changed();
  }

  /** Nothing of a worker runs any more. */
  private ended(worker: PoolWorker, code: number): void {
    const { engine } = this;
    const index = this.workers.indexOf(worker);
    if (index < 0) return;
    worker.retired = true;
    if (worker.child.exitCode === null) this.leaving.add(worker);
    engine.answers.drainUnpublished(worker);
    this.workers.splice(index, 1);
    worker.rest();
    engine.stats.pastBusy += worker.busyTime;
    engine.stats.pastAlive += performance.now() - worker.startedAt;
    if (!worker.expected) engine.stats.workersDied++;
    engine.dispatcher.ordered.leave(worker);
    const blamed = engine.deaths.judge(worker, code);
    const stage = worker.channel.words[L.STAGE];
    worker.free();
    if (!worker.answered && !blamed && !worker.expected && !this.closed && this.broken === undefined)
      this.failedStart(worker, code, stage);
    engine.changed();
  }

  private failedStart(worker: PoolWorker, code: number, stage: number): void {
    this.failedStarts++;
    if (stage === L.INITIALIZING && !worker.ready) this.failedInits++;
    this.notBefore = performance.now() + Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** this.failedStarts);
    if (this.failedInits >= MAX_FAILED_INITS) this.break(died(worker, code, 'in its initializer, as those before it'));
    else if (this.failedStarts >= (code < 0 ? MAX_KILLED_STARTS : MAX_FAILED_STARTS))
      this.break(died(worker, code, 'before it did anything, as those before it'));
  }

  /** Nothing can run any more: all tasks fail with `error`, later ones too. */
  break(error: unknown): void {
    if (this.broken !== undefined) return;
    this.broken = { error };
    this.engine.failAll(() => error, false);
    for (const worker of this.workers) worker.stop();
  }

  /** A worker has done its share: it ends, and another takes its place when there is work. */
  retireSpent(): void {
    for (const worker of this.workers) {
      if (worker.tasksLeft > 0 || worker.retired || worker.channel.inFlight > 0) continue;
      worker.stop();
      this.engine.dispatcher.ordered.leave(worker);
    }
  }

  /** Tells all workers to end once they have done what they have. */
  stopAll(): void {
    this.closed = true;
    this.engine.upkeep.stop();
    if (this.retry !== undefined) clearTimeout(this.retry);
    this.retry = undefined;
    for (const worker of this.workers) worker.stop();
  }
}
