/**
 * What a worker does: claims tasks one by one, runs them, answers. pool/layout.ts has the protocol.
 *
 * run() is called at each bell. It goes on until the ring is empty, a task is asynchronous, or its time is over; then the event
 * loop has its turn, so that timers, signals and V8's own tasks are never starved.
 */
import { native } from '../native';
import { blockViews } from '../pool/block';
import * as L from '../pool/layout';
import { RingReader } from '../pool/ring';
import { ModulesMissing, ValueReader } from '../pool/values';
import { monotonic } from '../pool/watch';
import type { AnswerWriter } from './answer-writer';
import { ItemsChunk, NumbersChunk, type ChunkRun } from './chunk-run';
import { RunningTask } from './running-task';

/** Answers wait at most so long (ms) for others to be published with. */
const FLUSH_MS = 0.1;
/** The clock is read about every so much work, ms. */
const CLOCK_MS = 0.02;
/** The event loop gets a turn after so much work, ms. */
const TURN_MS = 8;

type Callable = (...args: unknown[]) => unknown;

export class TaskRunner {
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly tasks: RingReader;
  private readonly reader: ValueReader;
  private readonly answers: AnswerWriter;
  private readonly functions = new Map<number, Callable>();
  private readonly numbers = new Map<number, Float64Array>();
  private lastFunction: Callable | undefined;
  private lastFunctionId = -1;
  /** The task that runs; shown as currentTask(). */
  private readonly running: RunningTask;
  /** An asynchronous task has not settled: no other one begins. */
  private waiting = false;
  private turnAsked = false;
  private stopped = false;
  /** Microseconds spent in tasks (not in chunks of maps, which tell their cost themselves), and up to when they are counted. */
  private busy = 0;
  private clock = 0;
  private done = 0;
  private lastFlush = 0;

  constructor(words: Int32Array, doubles: Float64Array, answers: AnswerWriter, results: number) {
    this.words = words;
    this.doubles = doubles;
    this.answers = answers;
    this.tasks = new RingReader(words, L.TASK_RING, L.TASK_HEAD);
    this.reader = new ValueReader(words, results, true);
    this.running = new RunningTask(words, answers);
  }

  /** Takes what is there. */
  run(): void {
    if (this.waiting) {
      this.running.look();
      return;
    }
    const { words, tasks } = this;
    const begun = (this.clock = performance.now());
    let left = 1; // tasks until the clock is read
    let since = 0; // tasks since then
    while (!this.waiting && !this.stopped) {
      const at = tasks.next(Atomics.load(words, L.TASK_TAIL), L.LENGTH);
      if (at < 0) break;
      tasks.skip(words[at] & L.LENGTH);
      if (!this.begin(at)) continue;
      since++;
      if (--left > 0) continue;
      const now = performance.now();
      const spent = now - this.clock;
      this.clock = now;
      this.busy += spent * 1000;
      left = Math.max(1, Math.min(64, Math.round((CLOCK_MS * since) / (spent + 1e-3))));
      since = 0;
      if (now - this.lastFlush > FLUSH_MS) this.flush(now);
      if (now - begun > TURN_MS) {
        this.takeTurn();
        break;
      }
    }
    const now = performance.now();
    this.busy += (now - this.clock) * 1000;
    this.clock = now;
    this.flush(now);
    if (this.stopped && !this.waiting) this.end();
  }

  private flush(now: number): void {
    this.lastFlush = now;
    this.doubles[L.BUSY_US] = this.busy;
    this.doubles[L.DONE] = this.done;
    if (!this.waiting) this.tasks.release();
    this.answers.publish();
  }

  /** Goes on after the event loop had its turn. */
  private takeTurn(): void {
    if (this.turnAsked) return;
    this.turnAsked = true;
    setImmediate(() => {
      this.turnAsked = false;
      this.run();
    });
  }

  /** Deals with a record. False: it was no task, or one that was taken back. */
  private begin(at: number): boolean {
    const { words } = this;
    const head = words[at];
    const kind = (head >>> L.KIND_SHIFT) & L.KIND;
    const id = words[at + 1];
    if (kind >= L.DEFINE) {
      this.notice(kind, at);
      return false;
    }
    if ((head & L.TIMED) !== 0) this.doubles[L.BEGUN_AT] = monotonic();
    words[L.PROGRESS] = 0;
    if (id < 0 || Atomics.compareExchange(words, at + 1, id, L.CLAIMED) !== id) return false;
    this.running.begin(id, head >>> L.ATTEMPT_SHIFT);
    if (kind === L.NUMBERS || kind === L.ITEMS) this.chunk(at, kind, id);
    else this.call(at, head, kind, id);
    return true;
  }

  private call(at: number, head: number, kind: number, id: number): void {
    let result: unknown;
    try {
      const fn = this.words[at + 2];
      const f = fn === this.lastFunctionId ? this.lastFunction! : this.functionOf(fn);
      const count = (head >>> L.COUNT_SHIFT) & L.COUNT;
      if (kind === L.CALL && count === 0) {
        result = f();
      } else {
        const source = this.payload(at);
        if (kind === L.CALL_LIST) {
          result = f(...(source.value() as unknown[]));
        } else if (count === 1) {
          result = f(source.value());
        } else {
          const list: unknown[] = [];
          for (let i = 0; i < count; i++) list.push(source.value());
          result = f(...list);
        }
      }
      if (isThenable(result)) return this.wait(result, id);
    } catch (error) {
      if (error instanceof ModulesMissing) return this.callLater(error.loading, at, head, kind, id);
      this.answers.threw(L.THREW, id, 0, error);
      return this.finish();
    }
    this.answers.returned(id, result);
    this.finish();
  }

  /** An argument holds functions that import modules: the call waits until they are loaded. */
  private callLater(loading: Promise<void>, at: number, head: number, kind: number, id: number): void {
    this.park();
    loading.then(
      () => {
        this.unpark();
        this.call(at, head, kind, id);
        if (!this.waiting) this.run();
      },
      (error: unknown) => this.settled(() => this.answers.threw(L.THREW, id, 0, error)),
    );
  }

  /** A reader of the record's payload, wherever it is. */
  private payload(at: number): ValueReader {
    const { words, reader } = this;
    if ((words[at] & L.IN_BLOCK) === 0) {
      reader.seek(at + L.TASK_HEADER, at + (words[at] & L.LENGTH));
      return reader;
    }
    reader.seek(at + L.TASK_HEADER, at + L.TASK_HEADER + 4);
    const block = reader.rawDouble();
    const length = reader.rawDouble();
    const far = new ValueReader(blockViews(block, (length * 4 + 7) & ~7).words, -1, true);
    far.seek(0, length);
    return far;
  }

  private functionOf(id: number): Callable {
    const f = this.functions.get(id);
    if (f === undefined) throw new Error(`the function of the task (number ${id}) did not reach the worker`);
    this.lastFunction = f;
    this.lastFunctionId = id;
    return f;
  }

  private notice(kind: number, at: number): void {
    const id = this.words[at + 2];
    if (kind === L.STOP) {
      this.stopped = true;
    } else if (kind === L.FORGET) {
      this.functions.delete(id);
      if (this.lastFunctionId === id) this.lastFunctionId = -1;
    } else if (kind === L.DEFINE) {
      this.define(at, id);
    }
  }

  private define(at: number, id: number): void {
    this.words[L.DEFINING] = id + 1;
    try {
      this.functions.set(id, this.payload(at).value() as Callable);
    } catch (error) {
      if (error instanceof ModulesMissing) return this.defineLater(error.loading, at, id);
      this.functions.set(id, failing(error));
    }
    this.words[L.DEFINING] = 0;
  }

  /** Nothing else runs until the modules that the function imports are loaded: its tasks come next. */
  private defineLater(loading: Promise<void>, at: number, id: number): void {
    this.park();
    const goOn = (define: () => void) => {
      this.unpark();
      define();
      if (!this.waiting) this.run();
    };
    loading.then(
      () => goOn(() => this.define(at, id)),
      (error: unknown) =>
        goOn(() => {
          this.functions.set(id, failing(error));
          this.words[L.DEFINING] = 0;
        }),
    );
  }

  private finish(): void {
    this.done++;
    this.running.end();
  }

  // ---------------------------------------------------------------- asynchronous tasks

  /** A task's promise: the loop runs meanwhile, and no other task begins. */
  private wait(promise: PromiseLike<unknown>, id: number): void {
    this.park();
    promise.then(
      (value) => this.settled(() => this.answers.returned(id, value)),
      (error: unknown) => this.settled(() => this.answers.threw(L.THREW, id, 0, error)),
    );
  }

  private park(): void {
    this.waiting = true;
    native.workerSleep(false);
  }

  private unpark(): void {
    this.waiting = false;
    native.workerSleep(true);
  }

  private settled(answer: () => void): void {
    if (!this.waiting) return; // a thenable that settles twice
    this.unpark();
    answer();
    this.finish();
    const now = performance.now();
    this.busy += (now - this.clock) * 1000;
    this.clock = now;
    this.flush(now);
    // Not at once: an unhandled rejection that this task left behind ends the worker before the next task begins.
    this.takeTurn();
  }

  // ---------------------------------------------------------------- chunks of a map

  private chunk(at: number, kind: number, id: number): void {
    const { words } = this;
    const count = words[at + 3];
    this.busy += (performance.now() - this.clock) * 1000;
    let run: ChunkRun;
    try {
      const f = this.functionOf(words[at + 2]);
      if (kind === L.NUMBERS) {
        this.reader.seek(at + L.TASK_HEADER, at + L.TASK_HEADER + 4);
        run = new NumbersChunk(
          words,
          this.answers,
          this.running,
          id,
          f,
          count,
          this.numbersIn(this.reader.rawDouble()),
        );
      } else {
        const spread = (words[at] & L.SPREAD) !== 0;
        run = new ItemsChunk(words, this.answers, this.running, id, f, count, this.payload(at), spread);
      }
    } catch (error) {
      for (let i = 0; i < count; i++) this.answers.threw(L.ITEM_THREW, id, i, error);
      this.answers.chunkEnd(id, count, 0);
      this.endChunk();
      return;
    }
    const promise = run.go();
    if (promise === undefined) {
      this.endChunk();
      return;
    }
    this.park();
    void promise.then(() => this.settledChunk());
  }

  /** The doubles of a block. The pool uses the same few again and again. */
  private numbersIn(block: number): Float64Array {
    let doubles = this.numbers.get(block);
    if (doubles === undefined) {
      doubles = blockViews(block, L.MAX_NUMBERS * 8).doubles;
      this.numbers.set(block, doubles);
    }
    return doubles;
  }

  private endChunk(): void {
    this.running.end();
    this.clock = performance.now();
  }

  private settledChunk(): void {
    this.unpark();
    this.endChunk();
    this.flush(performance.now());
    this.takeTurn();
  }

  private end(): void {
    process.exit();
  }
}

/** What stands for a function that could not be made: its tasks fail with the reason. */
function failing(error: unknown): Callable {
  return () => {
    throw error;
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
