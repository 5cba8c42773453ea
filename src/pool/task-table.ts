/**
 * The unsettled tasks of a pool, by id.
 *
 * Ids go up from 0 and wrap at 2^31, so they are also the order of submission, and an old answer never meets a new task.
 * A task lies in slot `id & mask` of a few parallel arrays; an id whose slot is taken by a task that still runs is passed over.
 * Arrays, not an object per task: a burst of 100,000 tasks is mostly the garbage collector's work.
 */
import type { TaskDetail } from './task-detail';

/** Waits to be dispatched. */
export const QUEUED = 1;
/** In a worker's ring, or running. */
export const PLACED = 2;
/** Settled by this side while it was queued: its record is dropped when it comes up. */
export const DROPPED = 3;
/** Settled by this side while it ran: its answer is ignored. */
export const ABANDONED = 4;

export type Settle = (value: unknown) => void;

/** Where a task was submitted: its stack is written out only when an error needs it. */
export interface Caller {
  stack?: string;
  /** Of the pool's, that was called; absent: apply or the map's. */
  method?: string;
}

const noop = () => {};

/** Filled at once: V8 keeps it as a plain array, whatever slot is written first. */
function empty<T>(capacity: number): (T | null)[] {
  return new Array<T | null>(capacity).fill(null);
}

export class TaskTable {
  /** Unsettled tasks, and settled ones whose record is still under way. */
  size = 0;
  private next = 0;
  private mask = 1023;
  private ids = new Int32Array(1024).fill(-1);
  private states = new Uint8Array(1024);
  private functions = new Int32Array(1024);
  private times = new Float64Array(1024);
  private resolvers = empty<Settle>(1024);
  private rejecters = empty<Settle>(1024);
  private promises = empty<Promise<unknown>>(1024);
  private callers = empty<Caller>(1024);
  private details = empty<TaskDetail>(1024);

  /**
   * Adds a queued task.
   *
   * @param promise what rejects when the task fails; null where nobody can miss its rejection.
   * @param span ids that it takes: a chunk has one for each item.
   * @param time when it was submitted.
   */
  add(
    fn: number,
    resolve: Settle | null,
    reject: Settle | null,
    promise: Promise<unknown> | null,
    caller: Caller | null,
    detail: TaskDetail | null,
    span = 1,
    time = 0,
  ): number {
    if (this.size > this.mask >> 1) this.grow();
    let id = this.next;
    while (this.ids[id & this.mask] !== -1) id = (id + 1) & 0x7fffffff;
    this.next = (id + span) & 0x7fffffff;
    const slot = id & this.mask;
    this.ids[slot] = id;
    this.states[slot] = QUEUED;
    this.functions[slot] = fn;
    this.times[slot] = time;
    this.resolvers[slot] = resolve;
    this.rejecters[slot] = reject;
    this.promises[slot] = promise;
    this.callers[slot] = caller;
    this.details[slot] = detail;
    this.size++;
    return id;
  }

  has(id: number): boolean {
    return id >= 0 && this.ids[id & this.mask] === id;
  }

  state(id: number): number {
    return this.states[id & this.mask];
  }

  setState(id: number, state: number): void {
    this.states[id & this.mask] = state;
  }

  functionOf(id: number): number {
    return this.functions[id & this.mask];
  }

  submittedAt(id: number): number {
    return this.times[id & this.mask];
  }

  detail(id: number): TaskDetail | null {
    return this.details[id & this.mask];
  }

  caller(id: number): Caller | null {
    return this.callers[id & this.mask];
  }

  /** Settles the task with a value and forgets it. */
  resolve(id: number, value: unknown): void {
    const resolve = this.resolvers[id & this.mask];
    this.remove(id);
    resolve?.(value);
  }

  /** Settles the task with an error and forgets it. */
  reject(id: number, error: unknown): void {
    const reject = this.rejecters[id & this.mask];
    this.remove(id);
    reject?.(error);
  }

  /** Rejects the task but keeps its place: its record is still in the queue or in a ring. */
  rejectEarly(id: number, error: unknown, state: typeof DROPPED | typeof ABANDONED): void {
    const slot = id & this.mask;
    const reject = this.rejecters[slot];
    this.resolvers[slot] = this.rejecters[slot] = this.promises[slot] = this.callers[slot] = null;
    this.states[slot] = state;
    reject?.(error);
  }

  /** That this task rejects from now on is no unhandled rejection: this side asked for it. */
  excuse(id: number): void {
    this.promises[id & this.mask]?.catch(noop);
  }

  remove(id: number): void {
    const slot = id & this.mask;
    this.ids[slot] = -1;
    this.resolvers[slot] = this.rejecters[slot] = this.promises[slot] = this.callers[slot] = this.details[slot] = null;
    this.size--;
  }

  /** All ids, in order of submission (but for a wrap). */
  all(): number[] {
    return Array.from(this.ids.filter((id) => id !== -1)).sort((a, b) => a - b);
  }

  private grow(): void {
    const { mask, ids, states, functions, times, resolvers, rejecters, promises, callers, details } = this;
    const capacity = (mask + 1) * 4;
    this.mask = capacity - 1;
    this.ids = new Int32Array(capacity).fill(-1);
    this.states = new Uint8Array(capacity);
    this.functions = new Int32Array(capacity);
    this.times = new Float64Array(capacity);
    this.resolvers = empty<Settle>(capacity);
    this.rejecters = empty<Settle>(capacity);
    this.promises = empty<Promise<unknown>>(capacity);
    this.callers = empty<Caller>(capacity);
    this.details = empty<TaskDetail>(capacity);
    // Two ids that differ in their lower bits differ in more of them too: no slot is wanted twice.
    for (const id of ids) {
      if (id === -1) continue;
      const from = id & mask;
      const to = id & this.mask;
      this.ids[to] = id;
      this.states[to] = states[from];
      this.functions[to] = functions[from];
      this.times[to] = times[from];
      this.resolvers[to] = resolvers[from];
      this.rejecters[to] = rejecters[from];
      this.promises[to] = promises[from];
      this.callers[to] = callers[from];
      this.details[to] = details[from];
    }
  }
}
