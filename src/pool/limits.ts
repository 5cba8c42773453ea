/**
 * What ends a task before it is done: its AbortSignal, its time limit.
 *
 * A task that waits is taken out. One that runs rejects at once; its worker is told (currentTask().signal aborts), and killed if the
 * task has not ended after abortGrace. What waited behind it goes to other workers meanwhile.
 */
import { TaskTimeoutError } from '../errors';
import { joinStacks } from './caller';
import type { Engine } from './engine';
import type { PoolWorker } from './pool-worker';
import { ABANDONED, DROPPED, PLACED } from './task-table';
import type { TaskDetail } from './task-detail';
import { monotonic, Watch } from './watch';
import * as L from './layout';

export class Limits {
  private readonly engine: Engine;
  private readonly watch = new Watch();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A task with a time limit was placed. */
  start(id: number, detail: TaskDetail): void {
    const { timeout } = detail;
    this.watch.set(id, monotonic() + timeout, (now) => {
      const { worker } = detail;
      if (worker === null) return undefined;
      const { channel } = worker;
      this.engine.answers.drainUnpublished(worker);
      if (detail.worker !== worker) return undefined; // it was answered
      // It counts from the start, and only the oldest of a worker's tasks can have started.
      if (channel.front() !== id || !channel.frontIsClaimed()) return now + timeout;
      const end = channel.doubles[L.BEGUN_AT] + timeout;
      if (end > now) return end;
      const error = this.tooLong(id, detail, worker);
      this.engine.stats.failed++;
      if (detail.chunk !== null) detail.chunk.job.itemFailed(detail.chunk, error);
      this.abandon(id, error);
      detail.chunk?.job.checkEnd();
      this.engine.changed();
      // abandon() has set the time of the grace: this entry is gone.
      return undefined;
    });
  }

  /** With the stack of whoever submitted the task: that of this timer says nothing. */
  private tooLong(id: number, { chunk, timeout }: TaskDetail, worker: PoolWorker): TaskTimeoutError {
    const error = new TaskTimeoutError(`the task ran longer than ${timeout} ms`);
    error.stack = `${error.name}: ${error.message}`;
    const method = chunk === null ? 'apply' : chunk.job.settings.method;
    return joinStacks(error, this.engine.table.caller(id), method, worker.label) as TaskTimeoutError;
  }

  stop(id: number): void {
    this.watch.delete(id);
  }

  /** Settles the task with `error`, wherever it is. */
  abandon(id: number, error: unknown): void {
    const { engine } = this;
    const { table } = engine;
    const state = table.state(id);
    const detail = table.detail(id);
    const worker = detail?.worker;
    detail?.unlisten?.();
    if (state === DROPPED || state === ABANDONED) return;
    this.watch.delete(id);
    if (state !== PLACED || worker == null) {
      table.rejectEarly(id, error, DROPPED);
      return;
    }
    if (worker.channel.takeBackOne(id)) {
      worker.unplaced(detail, detail?.chunk?.count ?? 1);
      if (detail?.chunk != null) detail.chunk.job.giveBack(id, detail.chunk, false, detail.attempt);
      engine.rejectTask(id, error);
      return;
    }
    table.rejectEarly(id, error, ABANDONED);
    worker.abort(id);
    engine.dispatcher.takeBack(worker, Infinity);
    const grace = detail?.abortGrace ?? 100;
    this.watch.set(id, monotonic() + grace, () => {
      worker.expected = true;
      worker.kill();
      return undefined;
    });
  }

  /** Looks whether something is due; a blocking call, during which no timer fires, calls it. */
  poll(): void {
    this.watch.poll();
  }

  /** Milliseconds until something is due. */
  get dueIn(): number {
    return this.watch.nextDue - monotonic();
  }

  clear(): void {
    this.watch.clear();
  }
}
