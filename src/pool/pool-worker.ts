/**
 * A worker, process or thread, as its pool sees it: the child, its channel, what it knows and what it costs.
 */
import { native } from '../native';
import type { Child } from '../process/launch';
import { FAILED, OUT_OF_HEAP } from '../process/messages';
import { SIGKILL } from '../process/signals';
import { startChild } from '../process/start';
import type { StartMethod } from '../types';
import { Channel } from './channel';
import type { FunctionTable } from './functions';
import type { TaskDetail } from './task-detail';
import * as L from './layout';

/** Work that a worker has before it, microseconds: enough that it never waits for the parent, little to take back. */
const PREFETCH_US = 300;
const PREFETCH_MAX = 1024;

export interface WorkerOrder {
  readonly name: string;
  readonly identity: readonly number[];
  /** What pool-main.ts is told, given the channel and the queue of large results. */
  payload(channel: number, results: number): { bytes: Uint8Array; refs: readonly number[] };
  readonly maxTasks: number;
  readonly startMethod: StartMethod;
}

export class PoolWorker {
  readonly channel: Channel;
  /** The queue of results that are too large for the answer ring, or name shared objects. */
  readonly results: number;
  readonly child: Child;
  /** A thread that Node ended at the limit of its heap. */
  outOfHeap = false;
  /** What it threw that nothing caught, an encoded error. */
  failure: Uint8Array | undefined;
  /** What errors call it: 'process 123', 'thread ThreadPoolWorker-1'. */
  readonly label: string;
  /** Its initializer is done. */
  ready = false;
  /** It has answered a task, or part of one. */
  answered = false;
  /** It gets no more tasks: it was told to stop, or is being killed. */
  retired = false;
  /** We ended it: its death is nobody's failure. */
  expected = false;
  /** Microseconds a task takes, smoothed; 0: not known. */
  cost = 0;
  /** Chunks of maps that it has. */
  chunks = 0;
  /** Tasks that it may still be given (maxTasksPerChild). */
  tasksLeft: number;
  /** Time with tasks in its channel, before the present spell, and its start. */
  busyTime = 0;
  busySince = 0;
  readonly startedAt = performance.now();
  /** The dispatcher's round that it was last fed in. */
  fedIn = 0;
  /** When it last answered, or was given work while it had none. */
  lastAnswer = performance.now();
  /** It wrote what no worker writes: it is being ended, and nothing more is read from it but by its death. */
  broken = false;
  private readonly functions: FunctionTable;
  private readonly known = new Set<number>();
  private lastKnown = -1;
  /** Blocks of DEFINE records that it may not have read yet. */
  private readonly unread: { position: number; block: number }[] = [];
  private busy = 0;
  private done = 0;
  private freed = false;

  constructor(order: WorkerOrder, functions: FunctionTable) {
    this.functions = functions;
    this.tasksLeft = order.maxTasks;
    this.results = native.queueCreate(0, 0, order.name);
    this.channel = new Channel(this.results);
    try {
      const { bytes, refs } = order.payload(this.channel.id, this.results);
      this.child = startChild(order.startMethod, {
        role: 'worker',
        payload: bytes,
        refs: [this.channel.id, this.results, ...refs],
        name: order.name,
        identity: order.identity,
        daemon: true,
      });
      this.child.onMessage = (kind, message) => {
        if (kind === FAILED) this.failure = message;
        else if (kind === OUT_OF_HEAP) this.outOfHeap = true;
      };
      this.label = order.startMethod === 'thread' ? `thread ${order.name}` : `process ${this.child.pid}`;
    } catch (error) {
      this.free();
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid;
  }

  /** How many single tasks it should have. */
  want(guess: number): number {
    const cost = this.cost === 0 ? guess : this.cost;
    if (!this.ready || cost === 0 || cost > PREFETCH_US * 4) return 1;
    return Math.min(PREFETCH_MAX, Math.ceil(PREFETCH_US / cost) + 1);
  }

  /** Makes sure that it knows a function before a task that calls it. False: no room in its ring. */
  know(fn: number): boolean {
    if (fn === this.lastKnown) return true;
    if (!this.known.has(fn)) {
      const { record, block } = this.functions.record(fn);
      if (!this.channel.placeNotice(record, 0, record.length)) return false;
      if (block >= 0) {
        native.retain(block);
        this.unread.push({ position: this.channel.position, block });
      }
      this.known.add(fn);
    }
    this.lastKnown = fn;
    return true;
  }

  forget(fn: number): void {
    if (!this.known.delete(fn)) return;
    if (this.lastKnown === fn) this.lastKnown = -1;
    this.notice(L.FORGET, fn);
  }

  /** No more tasks come: it ends when it has done what it has. */
  stop(): void {
    if (this.retired) return;
    this.retired = true;
    this.expected = true;
    if (!this.notice(L.STOP, 0)) this.child.kill(SIGKILL);
    this.wake();
  }

  private notice(kind: number, fn: number): boolean {
    const record = Int32Array.of(L.head(L.TASK_HEADER, kind), L.NO_TASK, fn, 0);
    return this.channel.placeNotice(record, 0, record.length);
  }

  kill(): void {
    this.retired = true;
    this.child.kill(SIGKILL);
  }

  /** Publishes what was placed. */
  wake(): void {
    if (this.busySince === 0) this.busySince = this.lastAnswer = performance.now();
    this.channel.publish();
    native.ring(this.child.slot);
  }

  /** It has nothing to do (any more): its busy spell ends. */
  rest(): void {
    if (this.busySince === 0) return;
    this.busyTime += performance.now() - this.busySince;
    this.busySince = 0;
  }

  /** A task was placed. */
  placed(detail: TaskDetail | null, tasks: number): void {
    this.tasksLeft -= tasks;
    if (detail !== null) {
      detail.worker = this;
      if (detail.chunk !== null) this.chunks++;
    }
  }

  /** A task came back without having run. */
  unplaced(detail: TaskDetail | null, tasks: number): void {
    this.tasksLeft += tasks;
    if (detail !== null) {
      detail.worker = null;
      if (detail.chunk !== null) this.chunks--;
    }
  }

  /** Reads its account of what tasks cost. @returns the mean of those since the last time, and their number. */
  account(): { cost: number; tasks: number } | undefined {
    const { doubles } = this.channel;
    const busy = doubles[L.BUSY_US];
    const done = doubles[L.DONE];
    const tasks = done - this.done;
    if (!(tasks > 0)) return undefined;
    const cost = Math.max(0.05, (busy - this.busy) / tasks);
    this.busy = busy;
    this.done = done;
    if (cost < Infinity) this.cost = this.cost === 0 ? cost : this.cost * 0.7 + cost * 0.3;
    return { cost, tasks };
  }

  /** Tells the running task to end. */
  abort(id: number): void {
    Atomics.store(this.channel.words, L.ABORT, id);
    native.ring(this.child.slot);
  }

  releaseRead(): void {
    while (this.unread.length > 0 && this.channel.isPast(this.unread[0].position))
      native.release(this.unread.shift()!.block);
  }

  /** Lets go of its shared memory. It must have ended, or never begun. */
  free(): void {
    if (this.freed) return;
    this.freed = true;
    for (const { block } of this.unread) native.release(block);
    this.channel.free();
    native.release(this.results);
  }
}
