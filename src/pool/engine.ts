/**
 * A pool's inside: the parts and what they share. The facade (pool.ts) checks arguments and calls this.
 *
 * The engine is held by the thread's bell while it has workers, so a pool that nobody refers to any more still finishes what was
 * submitted; it keeps the event loop alive exactly while a task is unsettled.
 */
import { native } from '../native';
import { onAbort } from '../arena/abort';
import * as bell from '../arena/bell';
import { encode } from '../codec';
import { PoolClosedError, PoolTerminatedError } from '../errors';
import { Answers, callUser } from './answers';
import { blockOf, blockOfMessage } from './block';
import { CallerCache } from './caller';
import { Crew } from './crew';
import { Deaths } from './deaths';
import { Dispatcher } from './dispatcher';
import { FunctionTable } from './functions';
import { Limits } from './limits';
import { MapJob, type JobSettings } from './map-job';
import type { Collector } from './collectors';
import type { ItemSource } from './item-source';
import { NumberBlocks } from './number-blocks';
import type { FilledPoolOptions, FilledTaskOptions } from './options';
import type { WorkerOrder } from './pool-worker';
import { Times } from './histogram';
import { Counters } from './stats';
import type { TaskStream } from './stream';
import { Upkeep } from './upkeep';
import { ABANDONED, DROPPED, PLACED, TaskTable, type Caller, type Settle } from './task-table';
import { TaskDetail } from './task-detail';
import { ValueWriter } from './values';
import * as L from './layout';

/** A burst is handed out in parts of so many tasks, so that workers begin while it still goes on. */
const PART = 256;
/** How long idle workers may take to end by themselves when the pool is terminated: those that report coverage write it then. */
const END_MS = process.env.NODE_V8_COVERAGE ? 10_000 : 1000;
/** Names of arguments in errors, made once. */
const ARGUMENT = Array.from({ length: L.COUNT + 1 }, (_, i) => `args[${i}]`);

/** What workers are called where the pool has no name. */
const WORKER_NAMES = { spawn: 'SpawnPoolWorker', thread: 'ThreadPoolWorker' } as const;

let engines = 0;

export class Engine {
  /** Of the pools of this thread. */
  readonly number = ++engines;
  readonly options: FilledPoolOptions;
  readonly table = new TaskTable();
  readonly functions = new FunctionTable();
  readonly numberBlocks = new NumberBlocks();
  readonly stats = new Counters();
  readonly runTimes = new Times();
  readonly waitTimes = new Times();
  readonly callers = new CallerCache();
  /** Where records are put together. */
  readonly scratch = new ValueWriter();
  readonly dispatcher = new Dispatcher(this);
  readonly crew = new Crew(this);
  readonly answers = new Answers(this);
  readonly deaths = new Deaths(this);
  readonly limits = new Limits(this);
  readonly upkeep = new Upkeep(this);
  /** Those whose task is unsettled. */
  readonly streams = new Set<TaskStream>();
  readonly startedAt = performance.now();
  /** Microseconds that tasks of this pool took lately: what is assumed of a worker that has done none. */
  guess = 0;
  closed = false;
  terminated = false;
  private readonly initializer: Uint8Array;
  private readonly initializerRefs: readonly number[];
  private scheduled = false;
  private burst = 0;
  /** When the present burst began: the time of its tasks' submission. */
  private burstAt = 0;
  private holdsLoop = false;
  private unlisten: (() => void) | undefined;
  private workerNumber = 0;
  private readonly pumpLater = () => {
    this.scheduled = false;
    this.burst = 0;
    this.dispatcher.pump();
  };

  /** @throws SerializationError where the initializer or its arguments can't be sent. */
  constructor(options: FilledPoolOptions) {
    this.options = options;
    const { initializer, initArgs } = options;
    const { bytes, refs } = encode({ initializer, initArgs }, 'options');
    this.initializer = bytes;
    this.initializerRefs = refs;
    for (const ref of refs) native.retain(ref);
    this.dispatcher.plain.writer.far = blockOfMessage;
    this.functions.onForget = (id) => {
      for (const worker of this.crew.workers) worker.forget(id);
    };
    this.unlisten = bell.listen(() => this.look());
    if (options.minProcesses > 0) this.crew.ensure(options.minProcesses);
  }

  /** What the next worker is to be. */
  workerOrder(identity: readonly number[]): WorkerOrder {
    const number = ++this.workerNumber;
    return {
      name: `${this.options.name ?? WORKER_NAMES[this.options.startMethod]}-${number}`,
      startMethod: this.options.startMethod,
      identity,
      maxTasks: this.options.maxTasksPerChild,
      payload: (channel, results) => {
        const { bytes } = encode({ channel, results, initializer: this.initializer }, 'order');
        return { bytes, refs: this.initializerRefs };
      },
    };
  }

  /** Throws what a submission now rejects with. */
  checkOpen(): void {
    if (this.terminated) throw new PoolTerminatedError('the pool was terminated');
    if (this.closed) throw new PoolClosedError('the pool is closed');
    if (this.crew.broken !== undefined) throw this.crew.broken.error;
  }

  // ---------------------------------------------------------------- tasks

  /**
   * Submits f(...args).
   *
   * @throws SerializationError; nothing was queued then.
   */
  submit(
    f: Function,
    args: readonly unknown[],
    options: FilledTaskOptions | null,
    resolve: Settle,
    reject: Settle,
    promise: Promise<unknown> | null,
    caller: Caller | null,
  ): void {
    const fn = this.functions.use(f, 'f');
    const { plain } = this.dispatcher;
    const { writer } = plain;
    const at = writer.at;
    writer.room(L.TASK_HEADER);
    writer.at = at + L.TASK_HEADER;
    writer.refs = null;
    let kind = L.CALL;
    writer.blocks = null;
    // What may be sent once more must arrive as it was.
    writer.once = options === null || options.retries === 0;
    let inBlock = 0;
    const count = args.length;
    try {
      if (count <= L.COUNT) {
        for (let i = 0; i < count; i++) if (!writer.scalar(args[i])) writer.encoded(args[i], ARGUMENT[i]);
      } else {
        kind = L.CALL_LIST;
        writer.encoded(args, 'args');
      }
      writer.align();
      if (writer.at - at > L.INLINE_WORDS) {
        const block = this.intoBlock(writer, at);
        (writer.blocks ??= []).push(block);
        inBlock = L.IN_BLOCK;
      }
    } catch (error) {
      writer.at = at;
      for (const block of writer.blocks ?? []) native.release(block);
      this.functions.release(fn);
      throw error;
    }
    let detail: TaskDetail | null = null;
    if (options !== null || writer.blocks !== null || writer.refs !== null) {
      detail = this.detailOf(options, writer.blocks, writer.refs);
    }
    if (!this.scheduled) this.burstAt = performance.now();
    const id = this.table.add(fn, resolve, reject, promise, caller, detail, 1, this.burstAt);
    const { words } = writer;
    words[at] = L.head(
      writer.at - at,
      kind,
      inBlock | (detail !== null && detail.timeout >= 0 ? L.TIMED : 0),
      kind === L.CALL ? count : 0,
      1,
    );
    words[at + 1] = id;
    words[at + 2] = fn;
    words[at + 3] = 0;
    if (detail !== null && (detail.priority !== 0 || detail.key !== undefined)) {
      const record = words.slice(at, writer.at);
      writer.at = at;
      this.dispatcher.addOrdered({ id, record, priority: detail.priority, key: detail.key });
      if (detail.priority > 0) this.makeWay(detail.priority);
    } else {
      plain.count++;
    }
    if (options?.signal !== undefined) this.listenTo(options.signal, id, detail!);
    this.hold();
    this.schedule();
  }

  private detailOf(
    options: FilledTaskOptions | null,
    blocks: readonly number[] | null,
    refs: readonly number[] | null,
  ): TaskDetail {
    const detail = new TaskDetail();
    detail.blocks = blocks;
    detail.refs = refs;
    if (refs !== null) for (const ref of refs) native.retain(ref);
    if (options === null) {
      detail.retries = this.options.retries;
      return detail;
    }
    detail.retries = options.retries;
    detail.timeout = options.timeout;
    detail.abortGrace = options.abortGrace;
    detail.priority = options.priority;
    detail.key = options.key;
    detail.onReport = options.onReport;
    return detail;
  }

  private listenTo(signal: AbortSignal, id: number, detail: TaskDetail): void {
    const abort = () => {
      this.stats.failed++;
      this.limits.abandon(id, signal.reason);
      this.changed();
    };
    const unlisten = onAbort(signal, abort);
    detail.unlisten = () => {
      unlisten();
      detail.unlisten = null;
    };
  }

  /** What has lower priority and has not begun steps back. */
  private makeWay(priority: number): void {
    for (const worker of this.crew.workers) {
      if (worker.channel.unbegun() > 0) {
        worker.channel.takeBack(
          Infinity,
          (id) => (this.table.detail(id)?.priority ?? 0) < priority && this.table.detail(id)?.key === undefined,
          (id, at) => this.dispatcher.requeue(worker, id, worker.channel.words, at),
        );
      }
    }
  }

  /** Moves a payload that is too large for a ring into a block: what `writer` holds from `at` + TASK_HEADER on. @returns the block; -1: none needed. */
  intoBlock(writer: ValueWriter, at = 0): number {
    const from = at + L.TASK_HEADER;
    const length = writer.at - from;
    if (length <= L.INLINE_WORDS - L.TASK_HEADER) return -1;
    const block = blockOf(writer.words.subarray(from, writer.at));
    writer.at = from;
    writer.rawDouble(block);
    writer.rawDouble(length);
    return block;
  }

  /** Hands out what was submitted: at the end of the present run of JavaScript, or when a part of a burst is full. */
  private schedule(): void {
    if (!this.scheduled) {
      this.scheduled = true;
      queueMicrotask(this.pumpLater);
    } else if ((++this.burst & (PART - 1)) === 0) {
      this.dispatcher.pump();
    }
  }

  resolveTask(id: number, value: unknown): void {
    if (this.table.state(id) !== ABANDONED) this.stats.done++;
    this.finish(id);
    this.table.resolve(id, value);
  }

  rejectTask(id: number, error: unknown): void {
    this.finish(id);
    this.table.reject(id, error);
  }

  /** Forgets a task whose outcome is known elsewhere. */
  remove(id: number): void {
    this.finish(id);
    this.table.remove(id);
  }

  /** Lets go of what the task held. */
  finish(id: number): void {
    this.functions.release(this.table.functionOf(id));
    const detail = this.table.detail(id);
    if (detail === null) return;
    detail.unlisten?.();
    if (detail.timeout >= 0 || this.table.state(id) === ABANDONED) this.limits.stop(id);
    if (detail.refs !== null) for (const ref of detail.refs) native.release(ref);
    detail.refs = null;
    if (detail.blocks !== null) for (const block of detail.blocks) native.release(block);
    detail.blocks = null;
  }

  // ---------------------------------------------------------------- maps

  /** @throws SerializationError where f can't be sent. */
  addJob(f: Function, source: ItemSource, collector: Collector, settings: JobSettings): MapJob {
    const fn = this.functions.use(f, 'f');
    const job = new MapJob(this, fn, source, collector, settings);
    this.dispatcher.addJob(job);
    this.hold();
    this.schedule();
    return job;
  }

  removeJob(job: MapJob): void {
    this.dispatcher.removeJob(job);
    this.functions.release(job.fn);
  }

  /** A chunk of a map that was stopped. */
  abandonChunk(id: number): void {
    this.limits.abandon(id, undefined);
  }

  /** A chunk of a map that nobody waits for: it runs to its end if it has begun. */
  takeBackChunk(id: number): void {
    const detail = this.table.detail(id);
    const { worker, chunk } = detail!;
    if (worker === null || !worker.channel.takeBackOne(id)) return;
    worker.unplaced(detail, chunk!.count);
    chunk!.job.giveBack(id, chunk!, false, 1);
    this.remove(id);
  }

  // ---------------------------------------------------------------- looking

  /** At each bell: takes answers, hands out more. */
  private look(): void {
    if (this.answers.drain()) this.dispatcher.awake();
    this.changed();
  }

  /** Something settled, came back or ended: goes on with what follows from it. */
  changed(): void {
    for (const job of this.dispatcher.jobs) callUser(() => job.progress());
    if (this.options.maxTasksPerChild < Infinity) this.crew.retireSpent();
    this.dispatcher.pump();
    this.hold();
    if (this.closed && this.idle) this.end();
  }

  /** Tasks of a worker took so many microseconds each. */
  measured(cost: number, tasks: number): void {
    this.guess = this.guess === 0 ? cost : this.guess * 0.9 + cost * 0.1;
    this.runTimes.add(cost / 1000, tasks);
  }

  private get idle(): boolean {
    return this.table.size === 0 && this.dispatcher.jobs.length === 0;
  }

  /** Keeps the event loop alive while something is unsettled; a stream of which no more is taken does not. */
  hold(): void {
    let resting = 0;
    if (this.streams.size > 0) for (const stream of this.streams) if (stream.rests) resting++;
    const wanted = this.table.size > resting || this.dispatcher.jobs.some((job) => !job.stalled);
    if (wanted === this.holdsLoop) return;
    this.holdsLoop = wanted;
    if (wanted) bell.ref();
    else bell.unref();
  }

  /** Blocks this thread until `done`, which is asked again at performance.now() `end` too. */
  runSync(done: () => boolean, end = Infinity): void {
    this.scheduled = false;
    this.dispatcher.pump();
    while (!done()) {
      const slice = Math.min(
        this.crew.retries ? 20 : 200,
        this.dispatcher.sweepDueIn,
        this.limits.dueIn,
        end - performance.now(),
      );
      const woken = bell.waitSync(() => this.lookSync() || done() || undefined, Math.max(1, slice));
      this.limits.poll();
      if (woken === bell.TIMED_OUT) this.dispatcher.sweepNow();
      this.crew.retryNow();
    }
  }

  private lookSync(): boolean {
    for (const worker of [...this.crew.workers, ...this.crew.leaving]) worker.child.poll();
    for (const stream of this.streams) stream.readNow();
    this.look();
    return false;
  }

  // ---------------------------------------------------------------- the end

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.changed();
  }

  /** Somebody waits for the end: streams go on although nobody may consume them. */
  finishStreams(): void {
    for (const job of [...this.dispatcher.jobs]) job.readOn();
    for (const stream of this.streams) stream.readOn();
    this.changed();
  }

  /** The last task is settled and none will come. */
  private end(): void {
    this.crew.stopAll();
    this.limits.clear();
    this.dispatcher.stop();
    if (this.crew.isGone) this.dispose();
  }

  private disposed = false;

  /** The last worker has ended. */
  private dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.unlisten?.();
    this.functions.clear();
    this.numberBlocks.clear();
    for (const ref of this.initializerRefs) native.release(ref);
  }

  /** Whether it is closed and its workers have ended. */
  get ended(): boolean {
    return this.disposed;
  }

  /** Ends everything now. */
  terminate(): void {
    if (this.terminated) return;
    this.terminated = this.closed = true;
    this.failAll(() => new PoolTerminatedError('the pool was terminated before the task was done'), true);
    this.crew.closed = true;
    for (const worker of this.crew.workers) {
      worker.expected = true;
      // An idle one ends by itself: exit handlers run, coverage is written.
      if (worker.channel.inFlight > 0 || !worker.ready) worker.kill();
    }
    this.end();
    this.hold();
    if (this.crew.workers.length > 0) setTimeout(() => this.killAll(), END_MS).unref();
  }

  killAll(): void {
    for (const worker of this.crew.workers) worker.kill();
  }

  /** Settles every task with an error of its own. @param excused this side asked for it: no such rejection counts as unhandled. */
  failAll(error: () => unknown, excused: boolean): void {
    this.failTasks(() => true, error, excused);
    this.dispatcher.drop();
  }

  /** Settles all tasks that call a function. */
  failFunction(fn: number, error: () => unknown): void {
    this.failTasks((other) => other === fn, error, false);
  }

  private failTasks(calls: (fn: number) => boolean, error: () => unknown, excused: boolean): void {
    for (const job of [...this.dispatcher.jobs]) {
      if (!calls(job.fn)) continue;
      if (excused) job.excuse();
      job.stop(error());
    }
    for (const id of this.table.all()) {
      const state = this.table.state(id);
      if (!this.table.has(id) || state === DROPPED || state === ABANDONED || !calls(this.table.functionOf(id)))
        continue;
      if (excused) this.table.excuse(id);
      this.stats.failed++;
      // A plain task does not know its worker: its place in a ring is kept until it is answered, or its worker has ended.
      if (state === PLACED && this.table.detail(id) === null) this.table.rejectEarly(id, error(), ABANDONED);
      else this.limits.abandon(id, error());
    }
  }
}
