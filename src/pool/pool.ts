import { onAbort } from '../arena/abort';
import * as bell from '../arena/bell';
import { stays } from '../closure/hooks';
import { ProcessError, QueueFullError, TimeoutError } from '../errors';
import type { Target, WaitOptions, WaitSyncOptions } from '../types';
import {
  checkArray,
  checkFunction,
  checkIterable,
  checkSignal,
  checkSyncTimeout,
  checkTimeout,
  show,
} from '../validate';
import { captureCaller } from './caller';
import { ListCollector, SettledCollector, type Collector } from './collectors';
import { Engine } from './engine';
import { ResultStream, type Mode } from './imap';
import { ArraySource, IterableSource, type ItemSource } from './item-source';
import type { JobSettings } from './map-job';
import {
  fillBuffered,
  fillMapOptions,
  fillPoolOptions,
  fillTaskOptions,
  type FilledMapOptions,
  type MapOptions,
  type PoolOptions,
  type TaskOptions,
} from './options';
import { progressBar } from './progress';
import { statsOf, type PoolStats } from './stats';
import { inWordsOfStream, produce, TaskStream } from './stream';
import type { Caller, Settle } from './task-table';
import { showsAs } from '../inspect/shown';

type Items<T> = Iterable<T> | AsyncIterable<T>;
type ItemFunction<T, R> = (item: T) => R | Promise<R>;

// The executor of a task's promise: it only hands the two functions out, without a closure for each task.
let resolveOf: Settle;
let rejectOf: Settle;
function handOut(resolve: Settle, reject: Settle): void {
  resolveOf = resolve;
  rejectOf = reject;
}

const NO_ARGS: readonly unknown[] = [];

/** Pools that were dropped without close(): what they have submitted still runs, then their workers end. */
const dropped = new FinalizationRegistry<Engine>((engine) => engine.close());

/**
 * Worker processes, or threads, that run functions: Python's `multiprocessing.Pool`.
 *
 * Workers start as load asks. A task whose worker dies fails alone, with WorkerDiedError; tasks that only waited in that worker
 * go to another. An idle pool does not keep the process alive, a running task does.
 *
 * Calls that return a promise never throw: wrong arguments reject. What is sent is serialised within the call, so later changes of
 * the caller's are not seen, and what can't be sent is a SerializationError with nothing queued. (Of an array of more than 8 MiB,
 * serialised, the rest is serialised as it is sent.)
 *
 * @example
 * await using pool = new Pool(4);
 * await pool.map((n) => n * n, [1, 2, 3]);   // [1, 4, 9]
 */
export class Pool implements AsyncDisposable {
  readonly #engine: Engine;

  /**
   * @param processes how many workers at most; default: availableCpuCount().
   * @throws TypeError, RangeError for options; SerializationError for an initializer that can't be sent.
   */
  constructor(processes?: number, options?: PoolOptions);
  constructor(options?: PoolOptions & { processes?: number });
  constructor(first?: unknown, second?: unknown) {
    this.#engine = new Engine(fillPoolOptions(first, second, new.target));
    dropped.register(this, this.#engine);
  }

  /** How many workers it has at most. */
  get processes(): number {
    return this.#engine.options.processes;
  }

  /** Those of the workers that run now. Threads have that of the process. */
  get pids(): number[] {
    return this.#engine.crew.workers.map((worker) => worker.pid);
  }

  // ---------------------------------------------------------------- one call

  /** f(...args) in a worker. Rejects with what f threw, or WorkerDiedError. */
  apply<R>(f: Target<[], R>, args?: readonly [], options?: TaskOptions): Promise<Awaited<R>>;
  apply<A extends readonly unknown[], R>(
    f: Target<A, R>,
    args: readonly [...A],
    options?: TaskOptions,
  ): Promise<Awaited<R>>;
  apply(f: Function, args: readonly unknown[] = NO_ARGS, options?: TaskOptions): Promise<any> {
    const promise = new Promise<unknown>(handOut as never);
    const resolve = resolveOf;
    const reject = rejectOf;
    try {
      this.#submit(f, args, options, resolve, reject, promise, this.#engine.callers.get(f, this.apply));
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  #submit(
    f: Function,
    args: readonly unknown[],
    options: TaskOptions | undefined,
    resolve: Settle,
    reject: Settle,
    promise: Promise<unknown> | null,
    caller: Caller,
  ): void {
    const engine = this.#engine;
    if (typeof f !== 'function') checkFunction(f, 'f');
    if (!Array.isArray(args)) checkArray(args, 'args');
    engine.checkOpen();
    const { retries, maxQueued } = engine.options;
    const filled = options !== undefined || retries > 0 ? fillTaskOptions(options, engine.options) : null;
    if (maxQueued < Infinity && engine.dispatcher.queued >= maxQueued) {
      engine.dispatcher.pump();
      if (engine.dispatcher.queued >= maxQueued)
        throw new QueueFullError(`${maxQueued} tasks wait already (options.maxQueued)`);
    }
    engine.submit(f, args, filled, resolve, reject, promise, caller);
  }

  /** {@link apply}, blocking this thread. */
  applySync<R>(f: Target<[], R>, args?: readonly [], options?: Omit<TaskOptions, 'signal'>): Awaited<R>;
  applySync<A extends readonly unknown[], R>(
    f: Target<A, R>,
    args: readonly [...A],
    options?: Omit<TaskOptions, 'signal'>,
  ): Awaited<R>;
  applySync(f: Function, args: readonly unknown[] = NO_ARGS, options?: Omit<TaskOptions, 'signal'>): any {
    const caller = this.#engine.callers.get(f, this.applySync);
    return this.#blocking((resolve, reject) =>
      this.#submit(f, args, withoutSignal(options), resolve, reject, null, caller),
    );
  }

  /** Submits by `begin`, and blocks until it is settled. */
  #blocking(begin: (resolve: Settle, reject: Settle) => void): unknown {
    let state: 'pending' | 'done' | 'failed' = 'pending';
    let outcome: unknown;
    begin(
      (value) => {
        state = 'done';
        outcome = value;
      },
      (error) => {
        state = 'failed';
        outcome = error;
      },
    );
    this.#engine.runSync(() => state !== 'pending');
    if ((state as string) === 'failed') throw outcome;
    return outcome;
  }

  // ---------------------------------------------------------------- many

  /** [f(items[0]), f(items[1]), ...]. Settles when all have; rejects with the error of the first item, by position, that failed. */
  map<T, R>(f: ItemFunction<T, R>, items: Items<T>, options?: MapOptions): Promise<Awaited<R>[]> {
    const caller = captureCaller(this.map);
    return this.#list(f, items, options, caller, 'map', ListCollector);
  }

  /** {@link map}, blocking this thread. */
  mapSync<T, R>(f: ItemFunction<T, R>, items: Iterable<T>, options?: Omit<MapOptions, 'signal'>): Awaited<R>[] {
    const caller = captureCaller(this.mapSync);
    return this.#listSync(f, items, options, caller, 'mapSync') as Awaited<R>[];
  }

  /** As {@link map}, but with the outcome of each item, as Promise.allSettled has it. */
  mapSettled<T, R>(
    f: ItemFunction<T, R>,
    items: Items<T>,
    options?: MapOptions,
  ): Promise<PromiseSettledResult<Awaited<R>>[]> {
    const caller = captureCaller(this.mapSettled);
    return this.#list(f, items, options, caller, 'mapSettled', SettledCollector);
  }

  /** [f(...items[0]), f(...items[1]), ...]. */
  starmap<A extends readonly unknown[], R>(
    f: Target<A, R>,
    items: Iterable<A>,
    options?: MapOptions,
  ): Promise<Awaited<R>[]> {
    const caller = captureCaller(this.starmap);
    return this.#list(f, items, options, caller, 'starmap', ListCollector);
  }

  /** {@link starmap}, blocking this thread. */
  starmapSync<A extends readonly unknown[], R>(
    f: Target<A, R>,
    items: Iterable<A>,
    options?: Omit<MapOptions, 'signal'>,
  ): Awaited<R>[] {
    const caller = captureCaller(this.starmapSync);
    return this.#listSync(f, items, options, caller, 'starmapSync') as Awaited<R>[];
  }

  #list(
    f: Function,
    items: Items<unknown>,
    options: MapOptions | undefined,
    caller: Caller,
    method: string,
    type: typeof ListCollector | typeof SettledCollector,
  ): Promise<any> {
    const promise = new Promise<unknown>(handOut as never);
    const resolve = resolveOf;
    const reject = rejectOf;
    try {
      const filled = this.#checkMap(f, items, options, true);
      const source = sourceOf(items, filled.buffered, method === 'starmap');
      this.#run(f, source, new type(source.total, resolve, reject, promise), filled, caller, method);
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  #listSync(
    f: Function,
    items: Iterable<unknown>,
    options: Omit<MapOptions, 'signal'> | undefined,
    caller: Caller,
    method: string,
  ): unknown {
    const filled = this.#checkMap(f, items, withoutSignal(options), false);
    const source = sourceOf(items, filled.buffered, method === 'starmapSync');
    return this.#blocking((resolve, reject) =>
      this.#run(f, source, new ListCollector(source.total, resolve, reject, null), filled, caller, method),
    );
  }

  #checkMap(
    f: Function,
    items: Items<unknown>,
    options: MapOptions | undefined,
    mayBeAsync: boolean,
  ): FilledMapOptions {
    checkFunction(f, 'f');
    if (!mayBeAsync || items == null || typeof (items as AsyncIterable<unknown>)[Symbol.asyncIterator] !== 'function') {
      checkIterable(items, 'items');
    }
    this.#engine.checkOpen();
    return fillMapOptions(options, this.#engine.options);
  }

  /** Starts a map: of a source that is read to an end, or ahead of its consumer. */
  #run(
    f: Function,
    source: ItemSource,
    collector: Collector,
    options: FilledMapOptions,
    caller: Caller,
    method: string,
  ): void {
    const engine = this.#engine;
    const { progress, signal } = options;
    const bar = progress === true ? progressBar(f.name || method) : undefined;
    const settings: JobSettings = {
      ...options,
      spread: method.startsWith('starmap'),
      onProgress: typeof progress === 'function' ? progress : bar?.draw,
      caller,
      method,
    };
    let job: ReturnType<Engine['addJob']>;
    try {
      job = engine.addJob(f, source, collector, settings);
    } catch (error) {
      source.close();
      throw error;
    }
    if (bar !== undefined) job.onLeave = () => bar.end();
    if (signal !== undefined) {
      const abort = () => {
        job.stop(signal.reason);
        engine.changed();
      };
      const unlisten = onAbort(signal, abort);
      job.onLeave = () => {
        unlisten();
        bar?.end();
      };
    }
    if (source instanceof IterableSource) {
      source.onBad = (index, error) => job.itemBad(index, error);
      source.onChange = () => {
        job.checkEnd();
        engine.changed();
      };
      if (collector instanceof ResultStream) {
        collector.onConsumed = (count) => {
          job.consumed(count);
          job.checkEnd();
          engine.dispatcher.pump();
          engine.hold();
        };
        collector.onClose = () => {
          job.cancel();
          engine.changed();
        };
      } else {
        job.readsBySettled = true;
      }
      source.fill();
    }
    job.checkEnd();
    engine.changed();
  }

  /** The results of map, in order, as they come. Starts at the call, reads at most `buffered` items ahead. */
  imap<T, R>(
    f: ItemFunction<T, R>,
    items: Items<T>,
    options?: MapOptions,
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return this.#stream(f, items, options, captureCaller(this.imap), 'imap', 'ordered');
  }

  /** The results of map as they come, in any order. */
  imapUnordered<T, R>(
    f: ItemFunction<T, R>,
    items: Items<T>,
    options?: MapOptions,
  ): AsyncGenerator<Awaited<R>, void, undefined> {
    return this.#stream(f, items, options, captureCaller(this.imapUnordered), 'imapUnordered', 'unordered');
  }

  /** The outcomes of all items as they come, with their position. */
  imapSettled<T, R>(
    f: ItemFunction<T, R>,
    items: Items<T>,
    options?: MapOptions,
  ): AsyncGenerator<PromiseSettledResult<Awaited<R>> & { index: number }, void, undefined> {
    return this.#stream(f, items, options, captureCaller(this.imapSettled), 'imapSettled', 'settled');
  }

  /** @throws as it returns no promise: TypeError, RangeError, PoolClosedError, SerializationError. */
  #stream(
    f: Function,
    items: Items<unknown>,
    options: MapOptions | undefined,
    caller: Caller,
    method: string,
    mode: Mode,
  ): ResultStream {
    const filled = this.#checkMap(f, items, options, true);
    const stream = new ResultStream(mode);
    this.#run(f, new IterableSource(items, filled.buffered), stream, filled, caller, method);
    return stream;
  }

  /**
   * What the generator f yields in a worker, in order; the worker is at most `options.buffered` values ahead (256). Starts at the call.
   *
   * Leaving the loop early ends f, and its finally runs, if it comes to that within options.abortGrace. `options.timeout` is that of the whole stream. It
   * is not tried again where its worker dies: what was read before comes, then WorkerDiedError.
   * @throws as it returns no promise: TypeError, RangeError, PoolClosedError, QueueFullError, SerializationError.
   */
  stream<A extends readonly unknown[], R>(
    f: (...args: A) => Iterable<R> | AsyncIterable<R>,
    args?: readonly [...A],
    options?: TaskOptions & { buffered?: number },
  ): AsyncGenerator<R, void, undefined>;
  stream(f: Function, args: readonly unknown[] = NO_ARGS, options?: TaskOptions & { buffered?: number }): any {
    const caller = captureCaller(this.stream);
    caller.method = 'stream';
    checkFunction(f, 'f');
    checkArray(args, 'args');
    const stream = new TaskStream(this.#engine, fillBuffered(options), checkSignal(options));
    try {
      const settings = { ...options, signal: stream.signal, retries: 0 };
      const failed = (error: unknown) => stream.end({ error });
      this.#submit(produce, [stream.order(f, args)], settings, () => stream.end(), failed, null, caller);
    } catch (error) {
      throw inWordsOfStream(error);
    }
    stream.begin();
    return stream;
  }

  // ---------------------------------------------------------------- the end

  /** No more tasks. Those submitted still run; then the workers end. */
  close(): void {
    this.#engine.close();
  }

  /** Ends the workers now. Unsettled tasks reject with PoolTerminatedError, which counts as handled. */
  async terminate(): Promise<void> {
    this.#engine.terminate();
    await this.#joined(-1);
  }

  /**
   * Waits until all workers have ended. Streams (imap and the like) read on to their end, although nobody may consume them.
   * @throws ProcessError before close() or terminate(), TimeoutError.
   */
  async join(options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    this.#checkClosed('join');
    this.#engine.finishStreams();
    await this.#joined(timeout, signal);
  }

  async #joined(timeout: number, signal?: AbortSignal): Promise<void> {
    const engine = this.#engine;
    const ended = await bell.wait(`pool ${engine.number}`, () => engine.ended || undefined, timeout, signal);
    if (ended === bell.TIMED_OUT) throw new TimeoutError(`the pool's workers had not ended after ${timeout} ms`);
  }

  /** {@link join}, blocking this thread. */
  joinSync(options?: WaitSyncOptions): void {
    const timeout = checkSyncTimeout(options);
    this.#checkClosed('joinSync');
    this.#engine.finishStreams();
    const end = timeout < 0 ? Infinity : performance.now() + timeout;
    this.#engine.runSync(() => this.#engine.ended || performance.now() >= end, end);
    if (!this.#engine.ended) throw new TimeoutError(`the pool's workers had not ended after ${timeout} ms`);
  }

  #checkClosed(method: string): void {
    if (!this.#engine.closed)
      throw new ProcessError(`pool.${method}() needs pool.close() or pool.terminate() before it`, 'ERR_POOL_OPEN');
  }

  /** What it did and does. */
  get stats(): PoolStats {
    return statsOf(this.#engine);
  }

  /** terminate(), as Python's `with`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}

/** Options of a blocking call: nobody could abort a signal meanwhile. */
function withoutSignal<T extends object>(options: T | undefined): T | undefined {
  if (options !== undefined && (options as { signal?: unknown })?.signal !== undefined) {
    throw Object.assign(new TypeError('options.signal can not be given to a blocking call'), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  return options;
}

/** The items of a map that gives a list: as they are at the call, or as an async iterable brings them. */
function sourceOf(items: Items<unknown>, buffered: number, lists: boolean): ItemSource {
  if (Symbol.iterator in Object(items)) {
    const { list, failure } = listOf(items as Iterable<unknown>);
    if (lists) for (let i = 0; i < list.length; i++) checkList(list[i], i);
    return new ArraySource(list, failure);
  }
  return new IterableSource(items, buffered);
}

Object.defineProperty(Pool.prototype, stays, {
  value: 'a Pool stays in the process that made it; make another one there',
});

function checkList(item: unknown, index: number): void {
  if (Array.isArray(item)) return;
  throw Object.assign(new TypeError(`items[${index}] must be an array of arguments, got ${show(item)}`), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
}

/** All items, and what the iterable threw after them. */
function listOf(items: Iterable<unknown>): { list: ArrayLike<unknown>; failure: { error: unknown } | undefined } {
  if (Array.isArray(items) || ArrayBuffer.isView(items))
    return { list: items as unknown as ArrayLike<unknown>, failure: undefined };
  const list: unknown[] = [];
  try {
    for (const item of items) list.push(item);
  } catch (error) {
    return { list, failure: { error } };
  }
  return { list, failure: undefined };
}

showsAs(Pool, ({ processes, pids }) => ({ processes, pids }));
