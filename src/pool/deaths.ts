/** What becomes of the tasks of a worker that ended. layout.ts says why this is the whole truth. */
import { decodeError } from '../codec';
import { WorkerDiedError } from '../errors';
import { copyRecord } from './lanes';
import { joinStacks } from './caller';
import type { Chunk } from './chunk';
import type { Engine } from './engine';
import type { PoolWorker } from './pool-worker';
import { ABANDONED, QUEUED } from './task-table';
import * as L from './layout';

const MAX_DEATHS_MAKING = 3;

export class Deaths {
  private readonly engine: Engine;
  /** Workers that ended while they made a function, by its id. */
  private readonly making = new Map<number, number>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /**
   * Settles or requeues all that `worker` had. Its answers have been read to the last one.
   *
   * @returns whether a task was to blame.
   */
  judge(worker: PoolWorker, code: number): boolean {
    const { engine } = this;
    const { channel } = worker;
    const front = channel.front();
    const making = channel.words[L.DEFINING] - 1;
    const begun = front >= 0 && channel.words[channel.frontPlace() + 1] !== front;
    if (begun) this.judgeBegun(worker, code, channel.words[L.PROGRESS]);
    else if (front >= 0 && engine.table.functionOf(front) === making) this.judgeBegun(worker, code, 1);
    this.requeueAll(worker);
    if (making >= 0) this.judgeFunction(making, worker, code);
    return begun || making >= 0;
  }

  /** A function ends workers as it is made there: after a few, none of its tasks is tried any more. */
  private judgeFunction(fn: number, worker: PoolWorker, code: number): void {
    const deaths = (this.making.get(fn) ?? 0) + 1;
    this.making.set(fn, deaths);
    if (deaths < MAX_DEATHS_MAKING) return;
    this.making.delete(fn);
    this.engine.failFunction(fn, () =>
      died(worker, code, 'while it made the function of the task, as those before it'),
    );
  }

  private requeueAll(worker: PoolWorker): void {
    const { channel } = worker;
    for (let id = channel.front(); id >= 0; id = channel.front()) {
      const at = channel.frontPlace();
      channel.shift();
      this.engine.dispatcher.requeue(worker, id, channel.words, at);
    }
  }

  /** The one task that had begun. @param progress of a chunk, as PROGRESS has it. */
  private judgeBegun(worker: PoolWorker, code: number, progress: number): void {
    const { engine } = this;
    const { channel } = worker;
    const id = channel.front();
    const at = channel.frontPlace();
    channel.shift();
    const detail = engine.table.detail(id);
    const error = () => died(worker, code, 'while it ran the task');
    if (detail?.chunk != null) {
      this.judgeChunk(id, detail.chunk, detail.attempt, progress, error, worker);
      worker.unplaced(detail, detail.chunk.count);
      return;
    }
    worker.unplaced(detail, 0);
    if (engine.table.state(id) === ABANDONED) {
      engine.remove(id);
    } else if (detail !== null && detail.attempt <= detail.retries) {
      engine.stats.retried++;
      detail.attempt++;
      engine.limits.stop(id);
      engine.table.setState(id, QUEUED);
      const record = copyRecord(channel.words, at, id, detail.attempt);
      engine.dispatcher.addOrdered({ id, record, priority: detail.priority, key: detail.key });
    } else {
      engine.stats.failed++;
      engine.rejectTask(id, joinStacks(error(), engine.table.caller(id), 'apply', worker.label));
    }
  }

  private judgeChunk(
    id: number,
    chunk: Chunk,
    attempt: number,
    progress: number,
    error: () => unknown,
    worker: PoolWorker,
  ): void {
    const { job } = chunk;
    const abandoned = this.engine.table.state(id) === ABANDONED;
    // In place, results count as far as PROGRESS says; else as answers, which have been read.
    if (chunk.inPlace) job.takeInPlace(chunk, Math.max(chunk.received, Math.min(chunk.count, progress >> 1)));
    const began = progress & 1 && progress >> 1 === chunk.received;
    const alone = chunk.count === 1;
    if (!abandoned && chunk.received < chunk.count && (began || alone)) {
      job.itemDied(chunk, joinStacks(error(), job.settings.caller, job.settings.method, worker.label), attempt);
      job.giveBack(id, chunk, false, 1);
    } else {
      // None had begun: if reading one ends workers, going one by one shows which.
      job.giveBack(id, chunk, true, 1);
    }
    this.engine.remove(id);
    job.checkEnd();
  }
}

/** The first name where there are several (SIGABRT, not SIGIOT). */
function signalName(number: number): string {
  const { signals } = process.getBuiltinModule('node:os').constants;
  return Object.entries(signals).find(([, each]) => each === number)?.[0] ?? `signal ${number}`;
}

/** The error of a task whose worker ended; its cause is what the worker threw uncaught. @param code its exit code, or -signal. */
export function died(worker: PoolWorker, code: number, when: string): WorkerDiedError {
  const signal = code < 0 ? signalName(-code) : null;
  const { label, pid, outOfHeap, failure } = worker;
  const exited = outOfHeap ? 'was ended at the limit of its heap' : `exited with code ${code}`;
  const how = signal === null ? exited : `was ended by ${signal}`;
  return new WorkerDiedError(`worker ${label} ${how} ${when}`, {
    pid,
    exitCode: signal === null ? code : null,
    signal,
    ...(failure !== undefined && { cause: decodeError(failure) }),
  });
}
