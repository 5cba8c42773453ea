/**
 * A chunk of a map in the worker: runs its items one after the other, and commits each result before the next item begins.
 *
 * After BUDGET_MS it ends early, and the pool gives the rest to whoever is free. An item that returns a promise is awaited.
 */
import * as L from '../pool/layout';
import { ModulesMissing, type ValueReader } from '../pool/values';
import type { AnswerWriter } from './answer-writer';
import type { RunningTask } from './running-task';

const BUDGET_MS = 2;
/** The clock is read about every so often, ms: not more than half, not less than twice. */
const LOOK_MS = 0.1;

type Callable = (...args: any[]) => unknown;

export interface ChunkRun {
  /** Runs to the end. @returns a promise of that where an item is asynchronous. It never rejects. */
  go(): Promise<void> | undefined;
}

abstract class Run implements ChunkRun {
  protected readonly words: Int32Array;
  protected readonly answers: AnswerWriter;
  protected readonly running: RunningTask;
  protected readonly id: number;
  protected readonly f: Callable;
  protected readonly count: number;
  /** The item that is next. */
  protected index = 0;
  private readonly begun = performance.now();
  private lastLook = this.begun;
  private lastFlush = this.begun;
  /** Items until the clock is read, at present. */
  protected stride = 1;

  constructor(words: Int32Array, answers: AnswerWriter, running: RunningTask, id: number, f: Callable, count: number) {
    this.words = words;
    this.answers = answers;
    this.running = running;
    this.id = id;
    this.f = f;
    this.count = count;
  }

  go(): Promise<void> | undefined {
    while (this.index < this.count) {
      const promise = this.step(Math.min(this.count, this.index + this.stride));
      if (promise !== undefined) return this.goOn(promise);
      if (this.isTimeUp()) break;
    }
    this.close();
    return undefined;
  }

  /** Runs items up to `end`. @returns a promise where an item is asynchronous: that it is committed. */
  protected abstract step(end: number): Promise<void> | undefined;

  private async goOn(promise: Promise<void>): Promise<void> {
    await promise;
    while (this.index < this.count && !this.isTimeUp()) await this.step(this.index + 1);
    this.close();
  }

  private isTimeUp(): boolean {
    const now = performance.now();
    const spent = now - this.lastLook;
    this.lastLook = now;
    if (spent < LOOK_MS / 2) this.stride *= 2;
    else if (spent > LOOK_MS * 2) this.stride = this.stride >> 1 || 1;
    if (now - this.lastFlush > LOOK_MS) {
      this.lastFlush = now;
      this.answers.publish();
    }
    return now - this.begun > BUDGET_MS || this.running.aborted;
  }

  private close(): void {
    this.answers.chunkEnd(this.id, this.index, ((performance.now() - this.begun) * 1000) / Math.max(1, this.index));
    // A chunk is long enough for its end to be told at once.
    this.answers.publish();
  }

  /** Item `index` returned `value`: commits it as an answer. */
  protected answer(index: number, value: unknown): Promise<void> | undefined {
    let thenable: boolean;
    try {
      thenable =
        value !== null &&
        (typeof value === 'object' || typeof value === 'function') &&
        typeof (value as any).then === 'function';
    } catch (error) {
      this.threw(index, error);
      return undefined;
    }
    if (!thenable) {
      this.answers.item(this.id, index, value);
      this.done(index);
      return undefined;
    }
    return Promise.resolve(value as PromiseLike<unknown>).then(
      (result) => {
        this.answers.item(this.id, index, result);
        this.done(index);
      },
      (error: unknown) => this.threw(index, error),
    );
  }

  protected threw(index: number, error: unknown): void {
    this.answers.threw(L.ITEM_THREW, this.id, index, error);
    this.done(index);
  }

  protected done(index: number): void {
    this.words[L.PROGRESS] = 2 * index + 2;
    this.index = index + 1;
  }
}

/** Items of any kind. */
export class ItemsChunk extends Run {
  private readonly source: ValueReader;
  private readonly spread: boolean;

  constructor(
    words: Int32Array,
    answers: AnswerWriter,
    running: RunningTask,
    id: number,
    f: Callable,
    count: number,
    source: ValueReader,
    spread: boolean,
  ) {
    super(words, answers, running, id, f, count);
    this.source = source;
    this.spread = spread;
  }

  protected step(end: number): Promise<void> | undefined {
    const { words, running, source, f } = this;
    for (let i = this.index; i < end; i++) {
      words[L.PROGRESS] = 2 * i + 1;
      running.beginItem(i);
      const place = source.at;
      let value: unknown;
      try {
        const item = source.value();
        source.at = (source.at + 1) & ~1;
        value = this.spread ? f(...(item as unknown[])) : f(item);
      } catch (error) {
        if (error instanceof ModulesMissing) return this.load(error.loading, i, place);
        this.threw(i, error);
        continue;
      }
      const promise = this.answer(i, value);
      if (promise !== undefined) return promise;
    }
    return undefined;
  }

  /** Item `index`, which lies at `place`, holds functions that import modules: once these are loaded, it is next. */
  private load(loading: Promise<void>, index: number, place: number): Promise<void> {
    const after = (this.source.at + 1) & ~1;
    return loading.then(
      () => {
        this.source.at = place;
      },
      (error: unknown) => {
        this.source.at = after;
        this.threw(index, error);
      },
    );
  }
}

/** Plain numbers: as long as the results are numbers too, each is stored over its item. */
export class NumbersChunk extends Run {
  private readonly doubles: Float64Array;
  private inPlace = true;

  constructor(
    words: Int32Array,
    answers: AnswerWriter,
    running: RunningTask,
    id: number,
    f: Callable,
    count: number,
    doubles: Float64Array,
  ) {
    super(words, answers, running, id, f, count);
    this.doubles = doubles;
  }

  protected step(end: number): Promise<void> | undefined {
    if (!this.inPlace) return this.answerEach(end);
    const { words, doubles, running, f } = this;
    for (let i = this.index; i < end; i++) {
      words[L.PROGRESS] = 2 * i + 1;
      running.beginItem(i);
      let value: unknown;
      try {
        value = f(doubles[i]);
      } catch (error) {
        this.inPlace = false;
        this.threw(i, error);
        return undefined;
      }
      if (typeof value !== 'number') {
        this.inPlace = false;
        return this.answer(i, value);
      }
      doubles[i] = value;
      words[L.PROGRESS] = 2 * i + 2;
      this.index = i + 1;
    }
    return undefined;
  }

  private answerEach(end: number): Promise<void> | undefined {
    const { words, doubles, running, f } = this;
    for (let i = this.index; i < end; i++) {
      words[L.PROGRESS] = 2 * i + 1;
      running.beginItem(i);
      let value: unknown;
      try {
        value = f(doubles[i]);
      } catch (error) {
        this.threw(i, error);
        continue;
      }
      const promise = this.answer(i, value);
      if (promise !== undefined) return promise;
    }
    return undefined;
  }
}
