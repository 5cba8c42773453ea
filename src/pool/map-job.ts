/**
 * A map that runs: hands chunks of its items to workers as they have room, and gathers what comes back.
 *
 * Each item is in exactly one of these places: not read yet; in `todo` or at `next` and beyond, up to source.ready; in one chunk that
 * a worker has; settled. A chunk that comes back unfinished, or whose worker died, puts its items back into `todo`.
 */
import { native } from '../native';
import { Chunk } from './chunk';
import { ChunkSizer } from './chunk-size';
import type { Collector } from './collectors';
import type { Engine } from './engine';
import type { ItemSource } from './item-source';
import type { PoolWorker } from './pool-worker';
import { PLACED, type Caller } from './task-table';
import { TaskDetail } from './task-detail';
import { joinStacks } from './caller';
import * as L from './layout';

export interface JobSettings {
  /** starmap: an item is a list of arguments. */
  readonly spread: boolean;
  /** 0: adapt. */
  readonly chunkSize: number;
  readonly stopOnError: boolean;
  readonly retries: number;
  /** Milliseconds an item may take; -1: no limit. */
  readonly timeout: number;
  readonly abortGrace: number;
  readonly priority: number;
  readonly key: string | number | undefined;
  readonly onReport: ((value: unknown) => void) | undefined;
  readonly onProgress: ((done: number, total: number | undefined) => void) | undefined;
  readonly caller: Caller;
  /** What the caller called: 'map'. */
  readonly method: string;
}

/** A run of items: [first, end). `attempt` above 1 goes alone. */
interface Range {
  first: number;
  end: number;
  readonly attempt: number;
  /** One item a chunk, since it is not known which one ended a worker. */
  readonly single: boolean;
}

export class MapJob {
  readonly fn: number;
  readonly settings: JobSettings;
  readonly priority: number;
  settledItems = 0;
  failedItems = 0;
  finished = false;
  /** The source may read on as items settle: nobody consumes them one by one. */
  readsBySettled = false;
  /** Called once, when the map is over. */
  onLeave: () => void = () => {};
  private readonly engine: Engine;
  private readonly source: ItemSource;
  private readonly collector: Collector;
  private readonly sizer: ChunkSizer;
  private readonly todo: Range[] = [];
  private next = 0;
  /** Ids of the chunks that workers have. */
  private readonly open = new Set<number>();
  private readonly bad = new Set<number>();
  private reported = -1;
  private readonly begun = performance.now();

  constructor(engine: Engine, fn: number, source: ItemSource, collector: Collector, settings: JobSettings) {
    this.engine = engine;
    this.fn = fn;
    this.source = source;
    this.collector = collector;
    this.settings = settings;
    this.priority = settings.priority;
    // A limit per item needs to know when each item began.
    this.sizer = new ChunkSizer(settings.timeout >= 0 ? 1 : settings.chunkSize);
  }

  /** Items that can be sent now. */
  waiting(): number {
    if (this.finished) return 0;
    let count = this.source.ready - this.next;
    for (const range of this.todo) count += range.end - range.first;
    return count;
  }

  /** Nothing of it goes on until its consumer takes more. */
  get stalled(): boolean {
    return !this.readsBySettled && this.open.size === 0 && this.waiting() === 0 && !this.source.reading;
  }

  /** Reads on although nobody consumes: as far ahead of what has settled as it was of what was consumed. */
  readOn(): void {
    this.readsBySettled = true;
    this.checkEnd();
  }

  /** How many chunks a worker should have of this job. */
  depth(): number {
    return this.sizer.depth();
  }

  /** Sends a chunk to `worker`. False: there is nothing to send, or no room. */
  place(worker: PoolWorker, workers: number): boolean {
    const rest = this.waiting();
    if (rest === 0 || worker.tasksLeft <= 0) return false;
    const range = this.take(Math.min(this.sizer.size(rest, workers), worker.tasksLeft));
    if (range === undefined) return false;
    try {
      if (this.placeRange(worker, range)) return true;
    } catch (error) {
      this.putBack(range.first + 1, range.end, range.attempt, range.single);
      this.itemError(range.first, error);
      this.checkEnd();
      return true;
    }
    this.putBack(range.first, range.end, range.attempt, range.single);
    return false;
  }

  private take(size: number): Range | undefined {
    if (this.todo.length > 0) {
      const range = this.takeLowest();
      const end = range.single || range.attempt > 1 ? range.first + 1 : Math.min(range.end, range.first + size);
      if (end < range.end) this.putBack(end, range.end, range.attempt, range.single);
      return { ...range, end };
    }
    while (this.bad.has(this.next)) this.next++;
    const first = this.next;
    let end = Math.min(this.source.ready, first + size);
    if (this.bad.size > 0) for (let i = first; i < end; i++) if (this.bad.has(i)) end = i;
    if (end <= first) return undefined;
    this.next = end;
    return { first, end, attempt: 1, single: false };
  }

  /** The one nearest to the front: a consumer in order waits for it. */
  private takeLowest(): Range {
    let lowest = 0;
    for (let i = 1; i < this.todo.length; i++) if (this.todo[i].first < this.todo[lowest].first) lowest = i;
    const range = this.todo[lowest];
    const last = this.todo.pop()!;
    if (last !== range) this.todo[lowest] = last;
    return range;
  }

  private putBack(first: number, end: number, attempt: number, single: boolean): void {
    if (first < end) this.todo.push({ first, end, attempt, single });
  }

  private placeRange(worker: PoolWorker, range: Range): boolean {
    const { engine, source, settings } = this;
    const writer = engine.scratch;
    writer.at = L.TASK_HEADER;
    let { end } = range;
    let kind = L.ITEMS;
    let flags = (settings.spread ? L.SPREAD : 0) | (settings.timeout >= 0 ? L.TIMED : 0);
    let block = -1;
    let numbers = -1;
    if (source.numbers !== undefined && !settings.spread) {
      kind = L.NUMBERS;
      end = Math.min(end, range.first + L.MAX_NUMBERS);
      numbers = engine.numberBlocks.take();
      engine.numberBlocks.doubles(numbers).set(source.numbers.subarray(range.first, end));
      writer.rawDouble(numbers);
      writer.rawDouble((end - range.first) * 2);
      flags |= L.IN_BLOCK;
    } else {
      end = range.first + source.write(writer, range.first, end - range.first);
      block = engine.intoBlock(writer);
      if (block >= 0) flags |= L.IN_BLOCK;
    }
    const chunk = new Chunk(this, range.first, end - range.first, numbers);
    const detail = new TaskDetail();
    detail.chunk = chunk;
    if (block >= 0) detail.blocks = [block];
    detail.attempt = range.attempt;
    detail.timeout = settings.timeout;
    detail.abortGrace = settings.abortGrace;
    detail.onReport = settings.onReport;
    detail.key = settings.key;
    const id = engine.table.add(this.fn, null, null, null, settings.caller, detail, chunk.count);
    const { words } = writer;
    words[0] = L.head(writer.at, kind, flags, 0, Math.min(range.attempt, L.ATTEMPT));
    words[1] = id;
    words[2] = this.fn;
    words[3] = chunk.count;
    if (!worker.know(this.fn) || !worker.channel.place(words, 0, writer.at, id)) {
      engine.table.remove(id);
      this.freeBlocks(chunk, block);
      return false;
    }
    engine.functions.reuse(this.fn);
    engine.table.setState(id, PLACED);
    worker.placed(detail, chunk.count);
    engine.waitTimes.add(performance.now() - this.begun, chunk.count);
    if (settings.timeout >= 0) engine.limits.start(id, detail);
    this.open.add(id);
    if (end < range.end) this.putBack(end, range.end, range.attempt, range.single);
    return true;
  }

  private freeBlocks(chunk: Chunk, block: number): void {
    if (chunk.numbers >= 0) this.engine.numberBlocks.give(chunk.numbers);
    chunk.numbers = -1;
    if (block >= 0) native.release(block);
  }

  /** The worker says: item `index` of the chunk is done. False: it can't be. */
  item(chunk: Chunk, index: number, value: unknown, threw: boolean, where: string): boolean {
    if (index < chunk.received || index >= chunk.count) return false;
    if (!this.takeInPlace(chunk, index) || chunk.received !== index) return false;
    chunk.inPlace = false;
    chunk.received = index + 1;
    if (threw)
      this.itemError(chunk.first + index, joinStacks(value, this.settings.caller, this.settings.method, where));
    else this.itemValue(chunk.first + index, value);
    this.checkEnd();
    return true;
  }

  /** Takes the results that lie in place of the items, up to `index` (exclusive). False: there can't be so many. */
  takeInPlace(chunk: Chunk, index: number): boolean {
    if (index > chunk.count) return false;
    const count = index - chunk.received;
    if (count === 0) return true;
    if (!chunk.inPlace) return false;
    if (!this.finished) {
      this.collector.numbers(
        chunk.first + chunk.received,
        this.engine.numberBlocks.doubles(chunk.numbers),
        chunk.received,
        count,
      );
      for (let i = 0; i < count; i++) this.source.settled(chunk.first + chunk.received + i);
      this.settledItems += count;
      this.engine.stats.done += count;
    }
    chunk.received = index;
    return true;
  }

  /** The worker is through with a chunk, of which it did `done` items at `cost` microseconds each. False: it can't be. */
  chunkEnd(id: number, chunk: Chunk, done: number, cost: number): boolean {
    if (done < 0 || done > chunk.count || !this.takeInPlace(chunk, done) || chunk.received !== done) return false;
    if (done > 0) {
      this.sizer.measured(cost);
      if (cost >= 0) this.engine.runTimes.add(cost / 1000, done);
    }
    this.closeChunk(id, chunk);
    this.putBack(chunk.first + done, chunk.first + chunk.count, 1, false);
    this.checkEnd();
    return true;
  }

  /** The chunk's worker died, or it was taken back: what it did counts, the rest goes elsewhere. The caller has settled `received`. */
  giveBack(id: number, chunk: Chunk, single: boolean, attempt: number): void {
    this.closeChunk(id, chunk);
    this.putBack(chunk.first + chunk.received, chunk.first + chunk.count, attempt, single);
  }

  /** The worker died in item `chunk.first + chunk.received`: that one is tried again or fails; then giveBack(). */
  itemDied(chunk: Chunk, error: unknown, attempt: number): void {
    const index = chunk.first + chunk.received++;
    if (attempt <= this.settings.retries && !this.finished) {
      this.engine.stats.retried++;
      this.putBack(index, index + 1, attempt + 1, true);
    } else {
      this.itemError(index, error);
    }
  }

  /** Item `chunk.first + chunk.received` fails, by this side's decision. */
  itemFailed(chunk: Chunk, error: unknown): void {
    this.itemError(chunk.first + chunk.received++, error);
  }

  private closeChunk(id: number, chunk: Chunk): void {
    this.open.delete(id);
    if (chunk.numbers >= 0) this.engine.numberBlocks.give(chunk.numbers);
    chunk.numbers = -1;
  }

  private itemValue(index: number, value: unknown): void {
    this.source.settled(index);
    this.settledItems++;
    this.engine.stats.done++;
    if (!this.finished) this.collector.value(index, value);
  }

  itemError(index: number, error: unknown): void {
    this.source.settled(index);
    this.settledItems++;
    this.failedItems++;
    this.engine.stats.failed++;
    if (this.finished) return;
    if (this.settings.stopOnError) return this.stop(error);
    this.collector.error(index, error);
  }

  /** The item could not even be sent. */
  itemBad(index: number, error: unknown): void {
    this.bad.add(index);
    this.itemError(index, error);
  }

  /** Ends the map if all is settled. */
  checkEnd(): void {
    if (this.readsBySettled && !this.finished) this.source.consumed(this.settledItems);
    if (this.finished || this.source.total === undefined || this.settledItems < this.source.total) return;
    this.finished = true;
    this.progress();
    this.leave();
    this.collector.end(this.source.failure);
  }

  /** That the map fails from now on is no unhandled rejection: this side asked for it. */
  excuse(): void {
    this.collector.excuse();
  }

  /** Ends the map now: running items are aborted, the others never run. */
  stop(error: unknown): void {
    if (this.finished) return;
    this.finished = true;
    this.leave();
    this.collector.fail(error);
    for (const id of [...this.open]) this.engine.abandonChunk(id);
  }

  /** Nobody wants the rest: items that run are let finish, no other one begins. */
  cancel(): void {
    if (this.finished) return;
    this.finished = true;
    this.leave();
    for (const id of [...this.open]) this.engine.takeBackChunk(id);
  }

  private leave(): void {
    this.todo.length = 0;
    this.source.close();
    this.engine.removeJob(this);
    this.onLeave();
  }

  /** Tells the user how far it is, if there is something new. */
  progress(): void {
    if (this.settledItems === this.reported || this.settings.onProgress === undefined) return;
    this.reported = this.settledItems;
    this.settings.onProgress(this.settledItems, this.source.total);
  }

  /** The consumer of a stream has so many. */
  consumed(count: number): void {
    if (!this.finished) this.source.consumed(count);
  }
}
