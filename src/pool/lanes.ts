/**
 * Tasks that wait to be dispatched.
 *
 * Most of them lie back to back in one buffer, in order of submission: the *plain* lane. Those with a priority or a key, and
 * those that came back from a worker, are records of their own in the *ordered* lane, sorted by priority and then by age.
 */
import { ValueWriter } from './values';
import type { PoolWorker } from './pool-worker';
import * as L from './layout';

export class PlainLane {
  /** Records are appended here. */
  readonly writer = new ValueWriter(1 << 15);
  count = 0;
  private read = 0;

  /** The index of the oldest record in writer.words. */
  get front(): number {
    return this.read;
  }

  /** The oldest record is gone. */
  shift(length: number): void {
    this.read += length;
    if (--this.count === 0) this.read = this.writer.at = 0;
    else if (this.read > 1 << 20 && this.read > this.writer.at >> 1) this.compact();
  }

  clear(): void {
    this.count = this.read = this.writer.at = 0;
  }

  private compact(): void {
    this.writer.words.copyWithin(0, this.read, this.writer.at);
    this.writer.at -= this.read;
    this.read = 0;
  }
}

export interface Waiting {
  readonly id: number;
  readonly record: Int32Array;
  readonly priority: number;
  readonly key: string | number | undefined;
}

/** Sorted by priority, higher first, then by id: the order of submission. */
class Sorted {
  private entries: Waiting[] = [];
  private first = 0;

  get size(): number {
    return this.entries.length - this.first;
  }

  peek(): Waiting | undefined {
    return this.entries[this.first];
  }

  shift(): void {
    this.entries[this.first] = undefined as never;
    if (++this.first > 512 && this.first > this.entries.length >> 1) {
      this.entries = this.entries.slice(this.first);
      this.first = 0;
    } else if (this.first === this.entries.length) {
      this.entries.length = this.first = 0;
    }
  }

  add(task: Waiting): void {
    let low = this.first;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(task, this.entries[middle])) high = middle;
      else low = middle + 1;
    }
    if (low === this.entries.length) this.entries.push(task);
    else this.entries.splice(low, 0, task);
  }

  takeAll(): Waiting[] {
    const all = this.entries.slice(this.first);
    this.entries = [];
    this.first = 0;
    return all;
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.priority !== b.priority ? a.priority > b.priority : a.id < b.id;
}

export class OrderedLane {
  /** Tasks in it, those for one worker included. */
  count = 0;
  private readonly open = new Sorted();
  private readonly keyed = new Map<PoolWorker, Sorted>();
  private readonly workerOf = new Map<string | number, PoolWorker>();

  /** @param choose the worker for a key that has none yet. */
  add(task: Waiting, choose: () => PoolWorker | undefined): void {
    this.count++;
    if (task.key === undefined) {
      this.open.add(task);
      return;
    }
    let worker = this.workerOf.get(task.key);
    if (worker === undefined || worker.retired) {
      worker = choose();
      if (worker === undefined) {
        this.open.add(task); // there is none yet: the first that takes it gets the key
        return;
      }
      this.workerOf.set(task.key, worker);
    }
    this.lane(worker).add(task);
  }

  private lane(worker: PoolWorker): Sorted {
    let lane = this.keyed.get(worker);
    if (lane === undefined) this.keyed.set(worker, (lane = new Sorted()));
    return lane;
  }

  /** The next task that `worker` may run. */
  peek(worker: PoolWorker): Waiting | undefined {
    let task = this.open.peek();
    while (task !== undefined && task.key !== undefined) {
      const owner = this.workerOf.get(task.key);
      if (owner === undefined || owner.retired) this.workerOf.set(task.key, worker);
      else if (owner !== worker) {
        this.open.shift();
        this.lane(owner).add(task);
        task = this.open.peek();
        continue;
      }
      break;
    }
    const own = this.keyed.get(worker)?.peek();
    if (task === undefined) return own;
    return own !== undefined && isBefore(own, task) ? own : task;
  }

  /** Takes what peek() gave. */
  shift(worker: PoolWorker, task: Waiting): void {
    this.count--;
    if (this.open.peek() === task) this.open.shift();
    else this.keyed.get(worker)!.shift();
  }

  clear(): void {
    this.count = 0;
    this.open.takeAll();
    this.keyed.clear();
  }

  /** Tasks that only `worker` may run. */
  ownedBy(worker: PoolWorker): number {
    return this.keyed.get(worker)?.size ?? 0;
  }

  /** `worker` takes no more tasks: its keys go to others. */
  leave(worker: PoolWorker): void {
    const lane = this.keyed.get(worker);
    for (const [key, owner] of this.workerOf) if (owner === worker) this.workerOf.delete(key);
    if (lane === undefined) return;
    this.keyed.delete(worker);
    for (const task of lane.takeAll()) this.open.add(task);
  }

  /** The worker of a key, if it has one. */
  ownerOf(key: string | number): PoolWorker | undefined {
    const owner = this.workerOf.get(key);
    return owner === undefined || owner.retired ? undefined : owner;
  }

  own(key: string | number, worker: PoolWorker): void {
    this.workerOf.set(key, worker);
  }
}

/** The record at `at` in `words`, copied, with its id and attempt as given. */
export function copyRecord(words: Int32Array, at: number, id: number, attempt: number): Int32Array {
  const record = words.slice(at, at + (words[at] & L.LENGTH));
  record[0] = (record[0] & ~(L.ATTEMPT << L.ATTEMPT_SHIFT)) | (Math.min(attempt, L.ATTEMPT) << L.ATTEMPT_SHIFT);
  record[1] = id;
  return record;
}
