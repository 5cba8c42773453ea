/**
 * Reads what workers answer, and settles the tasks.
 *
 * Nothing in an answer is believed: an answer must be to the oldest task that its worker has, and a record must lie within what was
 * committed. A worker that writes anything else is killed; its death is then judged as any other.
 */
import { joinStacks } from './caller';
import type { Engine } from './engine';
import type { PoolWorker } from './pool-worker';
import { ABANDONED } from './task-table';
import * as L from './layout';

export class Answers {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Takes all answers that were published. @returns whether there were any. */
  drain(): boolean {
    let any = false;
    for (const worker of this.engine.crew.workers) any = this.drainWorker(worker, L.ANSWER_TAIL) || any;
    return any;
  }

  /**
   * Takes what a worker has committed but not published yet, since it went on with a task that takes long.
   *
   * @returns whether there was anything.
   */
  drainUnpublished(worker: PoolWorker): boolean {
    return this.drainWorker(worker, L.ANSWER_SOFT);
  }

  private drainWorker(worker: PoolWorker, tailWord: number): boolean {
    const { channel } = worker;
    const { answers, words } = channel;
    // The published tail may lie behind what was taken unpublished.
    if (worker.broken || ((Atomics.load(words, tailWord) - answers.position) | 0) <= 0) return false;
    for (;;) {
      // Read anew each time: a callback of the user's may have blocked in a call that drained further.
      const tail = Atomics.load(words, tailWord);
      if (((tail - answers.position) | 0) <= 0) break;
      const at = answers.next(tail, L.LENGTH);
      if (at === -1) break;
      const length = at < 0 ? 0 : words[at] & L.LENGTH;
      if (at >= 0) answers.skip(length);
      if (at < 0 || !this.handle(worker, at, length)) {
        worker.broken = true;
        worker.kill();
        break;
      }
    }
    if (channel.releaseAnswers()) worker.wake();
    const account = worker.account();
    if (account !== undefined) this.engine.measured(account.cost, account.tasks);
    worker.lastAnswer = performance.now();
    if (channel.inFlight === 0) {
      worker.rest();
      this.engine.upkeep.watch();
    }
    worker.releaseRead();
    if (worker.answered) this.engine.crew.works();
    return true;
  }

  /** False: no worker of ours writes that. */
  private handle(worker: PoolWorker, at: number, length: number): boolean {
    const { engine } = this;
    const { channel } = worker;
    const { reader, words } = channel;
    const kind = (words[at] >>> L.KIND_SHIFT) & L.KIND;
    const id = words[at + 1];
    reader.seek(at + L.ANSWER_HEADER, at + length);
    if (kind === L.READY) {
      engine.crew.isReady(worker);
      return true;
    }
    if (kind === L.INIT_FAILED) {
      worker.expected = true;
      engine.crew.break(this.error(worker, 'initializer'));
      return true;
    }
    if (id < 0 || channel.front() !== id) return false;
    worker.answered = true;
    switch (kind) {
      case L.RETURNED: {
        channel.shift();
        let value: unknown;
        try {
          value = reader.value();
        } catch (error) {
          return this.unreadable(worker, id, error);
        }
        this.settled(worker, id);
        engine.resolveTask(id, value);
        return true;
      }
      case L.THREW: {
        channel.shift();
        const error = this.error(worker, 'apply', id);
        this.settled(worker, id);
        if (engine.table.state(id) !== ABANDONED) engine.stats.failed++;
        engine.rejectTask(id, error);
        return true;
      }
      case L.ITEM:
      case L.ITEM_THREW:
        return this.item(worker, id, words[at + 2], kind === L.ITEM_THREW);
      case L.CHUNK_END:
        return this.chunkEnd(worker, id, words[at + 2]);
      case L.REPORT:
        return this.report(id, worker);
      default:
        return false;
    }
  }

  private settled(worker: PoolWorker, id: number): void {
    const detail = this.engine.table.detail(id);
    if (detail !== null) worker.unplaced(detail, 0);
  }

  private error(worker: PoolWorker, method: string, id = -1): unknown {
    let thrown: unknown;
    try {
      thrown = worker.channel.reader.error();
    } catch (error) {
      thrown = error;
    }
    return joinStacks(thrown, id < 0 ? null : this.engine.table.caller(id), method, worker.label);
  }

  /** The value can't be decoded here: that is the task's failure, or the worker's. */
  private unreadable(worker: PoolWorker, id: number, error: unknown): boolean {
    this.settled(worker, id);
    this.engine.stats.failed++;
    this.engine.rejectTask(id, error);
    return (error as { code?: unknown })?.code !== 'ERR_CHANNEL';
  }

  private item(worker: PoolWorker, id: number, index: number, threw: boolean): boolean {
    const { table } = this.engine;
    const { reader } = worker.channel;
    const chunk = table.detail(id)?.chunk;
    if (chunk == null) return false;
    if (table.state(id) === ABANDONED && chunk.received > index) return true;
    reader.at += 2;
    let value: unknown;
    let failed = threw;
    try {
      value = threw ? reader.error() : reader.value();
    } catch (error) {
      if ((error as { code?: unknown })?.code === 'ERR_CHANNEL') return false;
      value = error;
      failed = true;
    }
    return chunk.job.item(chunk, index, value, failed, worker.label);
  }

  private chunkEnd(worker: PoolWorker, id: number, done: number): boolean {
    const { engine } = this;
    const { channel } = worker;
    const detail = engine.table.detail(id);
    const chunk = detail?.chunk;
    if (detail == null || chunk == null) return false;
    channel.reader.at += 2;
    const cost = channel.reader.rawDouble();
    const count = engine.table.state(id) === ABANDONED ? Math.max(done, chunk.received) : done;
    channel.shift();
    worker.unplaced(detail, chunk.count - count);
    const valid = chunk.job.chunkEnd(id, chunk, count, cost);
    engine.remove(id);
    return valid;
  }

  private report(id: number, worker: PoolWorker): boolean {
    const onReport = this.engine.table.detail(id)?.onReport;
    let value: unknown;
    try {
      value = worker.channel.reader.value();
    } catch (error) {
      return (error as { code?: unknown })?.code !== 'ERR_CHANNEL';
    }
    if (onReport !== undefined) callUser(() => onReport(value));
    return true;
  }
}

/** Calls a function of the user's; what it throws is an uncaught exception of the user's, and harms nothing here. */
export function callUser(call: () => void): void {
  try {
    call();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
