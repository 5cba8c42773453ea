/**
 * What a generator in a worker yields: pool.stream().
 *
 * It is a task that puts what `f` yields into a bounded queue, and this is the queue's consumer. What was put lies in the queue before
 * the task's answer is published, so once the task is settled the rest is there: it is read, and then the stream ends, or throws what
 * the task rejected with. Leaving the stream aborts the task: its put() rejects, so the generator's finally runs.
 */
import { handleOf } from '../arena/handle';
import { SerializationError } from '../errors';
import { native } from '../native';
import { Queue } from '../queue/queue';
import { AsyncResults } from './async-results';
import { currentTask } from './current-task';
import type { Engine } from './engine';

export interface StreamOrder {
  readonly f: (...args: readonly unknown[]) => unknown;
  readonly args: readonly unknown[];
  readonly queue: Queue<unknown>;
  readonly task: typeof currentTask;
}

/** The task. It refers to nothing outside of it: it goes to the worker as text. */
export async function produce({ f, args, queue, task }: StreamOrder): Promise<void> {
  const { signal } = task()!;
  const values = (await f(...args)) as Iterable<unknown> | AsyncIterable<unknown>;
  if (Object(values)[Symbol.asyncIterator] === undefined && Object(values)[Symbol.iterator] === undefined) {
    throw new TypeError(`what f returns must be iterable, got ${values === null ? 'null' : typeof values}`);
  }
  for await (const value of values) await queue.put(value, { signal });
}

/** The error of a submission, in the words of stream(): f and args came inside of an order. */
export function inWordsOfStream(error: unknown): unknown {
  if (!(error instanceof SerializationError) || !error.path.startsWith('args[0].')) return error;
  const reworded = new SerializationError(error.message.replaceAll('args[0].', ''), error.path.replace('args[0].', ''));
  reworded.stack = error.stack?.replaceAll('args[0].', '');
  return reworded;
}

export class TaskStream extends AsyncResults<unknown> {
  readonly #queue: Queue<unknown>;
  /** Aborts the task. */
  readonly #left = new AbortController();
  readonly #given: AbortSignal | undefined;
  readonly #engine: Engine;
  /** Aborted when the task is settled. */
  readonly #settled = new AbortController();
  #failure: { readonly error: unknown } | undefined;
  #closed = false;
  /** Those that wait for a value. */
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();
  /** What was read before anybody asked for it; undefined as long as nothing is. */
  #ahead: unknown[] | undefined;
  #tellAhead = (): void => {};

  /** @param given options.signal: its abort ends the stream at once. */
  constructor(engine: Engine, buffered: number, given: AbortSignal | undefined) {
    super();
    this.#engine = engine;
    this.#given = given;
    this.#queue = new Queue(buffered);
  }

  /** What its task is told. */
  order(f: Function, args: readonly unknown[]): StreamOrder {
    return { f: f as StreamOrder['f'], args, queue: this.#queue, task: currentTask };
  }

  get signal(): AbortSignal {
    return this.#given === undefined ? this.#left.signal : AbortSignal.any([this.#given, this.#left.signal]);
  }

  /** The task is submitted. */
  begin(): void {
    this.#engine.streams.add(this);
  }

  /** It is settled. */
  end(failure?: { readonly error: unknown }): void {
    this.#failure = failure;
    this.#engine.streams.delete(this);
    this.#settled.abort();
    this.#tellAhead();
  }

  /** Nobody waits for a value: its task is no reason for the event loop to go on. */
  get rests(): boolean {
    return this.#waiting === 0 && this.#ahead === undefined;
  }

  /** Somebody waits for the pool's end: the task is not to wait for room until somebody reads. */
  readOn(): void {
    if (this.#ahead !== undefined) return;
    this.#ahead = [];
    void this.#readAll();
  }

  async #readAll(): Promise<void> {
    const { signal } = this.#settled;
    while (!signal.aborted) {
      try {
        this.#ahead!.push(await this.#queue.get({ signal }));
      } catch (error) {
        if (!signal.aborted) this.#left.abort(error);
      }
      this.#tellAhead();
    }
  }

  /** For a thread that blocks until the pool's end: takes what there is; its bell rings when there is more. */
  readNow(): void {
    if (this.#ahead === undefined) return;
    const { id } = handleOf(this.#queue)!;
    for (;;) {
      while (!this.#queue.empty) this.#ahead.push(this.#queue.getSync());
      // Where it is ready and still empty, an item is on its way: it is taken at the next look.
      if (native.queuesReady([id]).length === 0 || this.#queue.empty) return;
    }
  }

  override next(): Promise<IteratorResult<unknown, void>> {
    this.#waiting++;
    this.#engine.hold();
    const step = this.#turn.then(() => this.#take());
    this.#turn = step.then(
      () => this.#served(),
      () => this.#served(),
    );
    return step;
  }

  #served(): void {
    this.#waiting--;
    this.#engine.hold();
  }

  async #take(): Promise<IteratorResult<unknown, void>> {
    const { signal } = this.#settled;
    while (!this.#closed && !signal.aborted) {
      if (this.#ahead === undefined) {
        try {
          return { done: false, value: await this.#queue.get({ signal }) };
        } catch (error) {
          if (!signal.aborted) throw error;
        }
      } else if (this.#ahead.length > 0) {
        return { done: false, value: this.#ahead.shift() };
      } else {
        await new Promise<void>((resolve) => (this.#tellAhead = resolve));
      }
    }
    if (!this.#closed && this.#given?.aborted !== true) {
      if (this.#ahead !== undefined && this.#ahead.length > 0) return { done: false, value: this.#ahead.shift() };
      if (!this.#queue.empty) return { done: false, value: await this.#queue.get() };
    }
    const failure = this.#closed ? undefined : this.#failure;
    this.#closed = true;
    if (failure !== undefined) throw failure.error;
    return { done: true, value: undefined };
  }

  protected override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#left.abort();
    this.#settled.abort();
    this.#tellAhead();
  }
}
