import { native } from '../native';
import { ARM, CLOSED, DONE, WAIT } from '../native/fast';
import * as bell from '../arena/bell';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { encode, encodeView, type Encoded } from '../codec';
import { type ProcessError, QueueClosedError, QueueEmptyError, QueueFullError } from '../errors';
import { checkInteger, checkIterable, checkOptions, checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { loaded, pop, push, pushEncoded, type Item } from './transport';
import { showsAs } from '../inspect/shown';

/** A bounded queue keeps 32 bytes for each item in one block of at most 1 GiB (crates/shm, queue.rs). */
const MOST_ITEMS = 33_554_302;

/** First argument of the constructors where an existing block is adopted. @internal */
export const ADOPT: unique symbol = Symbol('adopt');

/** As what the instances of a class travel; those of a class that a user derives, as what it is derived from. @internal */
export const KIND: unique symbol = Symbol('kind');

/** An item that waits for room. The value is kept: were it collected, so would be the shared objects that its bytes name. */
interface Waiting extends Encoded {
  readonly item: unknown;
}

/**
 * A queue among all processes that are handed it. Any of them may put and get; each item is got once.
 *
 * What is put is serialised within the call and lies in shared memory when the call returns: a process may end without
 * waiting for a reader.
 *
 * @example
 * const queue = new Queue();
 * new Process({ target: (q) => q.putSync('hello'), args: [queue] }).start();
 * await queue.get();   // 'hello'
 */
export class Queue<T = any> implements AsyncIterable<T> {
  /** @internal */
  static readonly [KIND]: string = 'Queue';
  readonly #id: number;
  readonly #maxSize: number;
  /** Waits of one key are served in order, so that this thread's puts, and its gets, stay in order. */
  readonly #waitingPuts: string;
  readonly #waitingGets: string;
  /** An item that could not be decoded, of which nobody has been told yet. */
  #unreadable: { readonly error: unknown } | undefined;

  /**
   * @param maxSize items that it holds at most; 0: as many as memory allows.
   * @param options.producers it closes by itself after so many processes have called close(); one that has put
   * something counts when it ends, however.
   */
  constructor(maxSize?: number, options?: { producers?: number });
  constructor(...params: readonly unknown[]) {
    tree();
    if (params[0] === ADOPT) {
      this.#id = params[1] as number;
      this.#maxSize = native.queueMaxSize(this.#id);
    } else {
      const [maxSize = 0, options] = params as [number | undefined, { producers?: number } | undefined];
      checkInteger(maxSize, 'maxSize', 0, MOST_ITEMS);
      const { producers = 0 } = checkOptions(options);
      if (options?.producers !== undefined) checkInteger(producers, 'options.producers', 1, 2 ** 31 - 1);
      this.#maxSize = maxSize;
      this.#id = native.queueCreate(maxSize, producers, creationSite(new.target));
    }
    this.#waitingPuts = `put ${this.#id}`;
    this.#waitingGets = `get ${this.#id}`;
    own(this, new.target[KIND], this.#id);
  }

  /** Puts `item`, waiting while the queue is full. @throws QueueFullError at the timeout, QueueClosedError, SerializationError. */
  async put(item: T, options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    if (!bell.isWaiting(this.#waitingPuts) && this.#isPut(push(this.#id, encodeView(item, 'item'), ARM))) return;
    await this.#putEncoded({ item, ...encode(item, 'item') }, timeout, signal);
  }

  async #putEncoded(item: Waiting, timeout: number, signal?: AbortSignal): Promise<void> {
    const attempt = () => this.#isPut(pushEncoded(this.#id, item, ARM)) || undefined;
    const put = await bell.wait(this.#waitingPuts, attempt, timeout, signal);
    if (put === bell.TIMED_OUT) throw this.#fullAfter(timeout);
  }

  /** {@link put}, blocking. */
  putSync(item: T, options?: WaitSyncOptions): void {
    const timeout = checkSyncTimeout(options);
    if (!this.#isPut(push(this.#id, encodeView(item, 'item'), timeout))) throw this.#fullAfter(timeout);
  }

  /** False: it was full. */
  #isPut(status: number): boolean {
    if (status === CLOSED) throw this.#closedError();
    return status === DONE;
  }

  /** Puts `item` if there is room. @throws QueueFullError, QueueClosedError, SerializationError. */
  putNoWait(item: T): void {
    this.putSync(item, { timeout: 0 });
  }

  /** Gets the oldest item, waiting for one. @throws QueueEmptyError at the timeout, QueueClosedError once closed and drained. */
  async get(options?: WaitOptions): Promise<T> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    this.#tellUnreadable();
    let item = bell.isWaiting(this.#waitingGets) ? undefined : this.#take(ARM);
    if (item === undefined) {
      const attempt = () => this.#takeOpened();
      const got = await bell.wait(this.#waitingGets, attempt, timeout, signal);
      if (got === bell.TIMED_OUT) throw this.#emptyAfter(timeout);
      if ('value' in got) return got.value as T;
      item = got.item;
    }
    if (item.loading === undefined) return item.open() as T;
    return (await loaded(item)) as T;
  }

  /** Takes an item, and opens it unless that has to wait: another may be taken before the waiting code goes on. */
  #takeOpened(): { readonly value: unknown } | { readonly item: Item } | undefined {
    const item = this.#take(ARM);
    if (item === undefined) return undefined;
    return item.loading === undefined ? { value: item.open() } : { item };
  }

  /** {@link get}, blocking. */
  getSync(options?: WaitSyncOptions): T {
    const timeout = checkSyncTimeout(options);
    this.#tellUnreadable();
    const item = this.#take(timeout);
    if (item === undefined) throw this.#emptyAfter(timeout);
    return item.open() as T;
  }

  /** The oldest item, if there is one. @throws QueueEmptyError, QueueClosedError. */
  getNoWait(): T {
    return this.getSync({ timeout: 0 });
  }

  /** Puts all items in order. Where it fails midway, those before have been put. */
  async putMany(items: Iterable<T>, options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    checkIterable(items, 'items');
    const encoded = Array.from(items, (item, i) => ({ item, ...encode(item, `items[${i}]`) }));
    const end = timeout < 0 ? -1 : performance.now() + timeout;
    for (const item of encoded) {
      await this.#putEncoded(item, end < 0 ? -1 : Math.max(0, end - performance.now()), signal);
    }
  }

  /** {@link putMany}, blocking. */
  putManySync(items: Iterable<T>, options?: WaitSyncOptions): void {
    const timeout = checkSyncTimeout(options);
    checkIterable(items, 'items');
    const encoded = Array.from(items, (item, i) => encode(item, `items[${i}]`));
    const end = timeout < 0 ? -1 : performance.now() + timeout;
    for (const item of encoded) {
      const left = end < 0 ? -1 : Math.max(0, end - performance.now());
      if (!this.#isPut(pushEncoded(this.#id, item, left))) throw this.#fullAfter(timeout);
    }
  }

  /**
   * Waits for one item, then takes what else is there, at most `max`. Where one of those can't be decoded here, it gives
   * the ones before it, and the next call throws.
   *
   * @throws QueueEmptyError at the timeout, QueueClosedError.
   */
  async getMany(max: number, options?: WaitOptions): Promise<T[]> {
    checkInteger(max, 'max', 1);
    return this.#takeMore([await this.get(options)], max);
  }

  /** {@link getMany}, blocking. */
  getManySync(max: number, options?: WaitSyncOptions): T[] {
    checkInteger(max, 'max', 1);
    return this.#takeMore([this.getSync(options)], max);
  }

  /** Items in it now; others may change that at any time. */
  get size(): number {
    return native.queueSize(this.#id);
  }

  get empty(): boolean {
    return this.size === 0;
  }

  get full(): boolean {
    return this.#maxSize > 0 && this.size >= this.#maxSize;
  }

  /** 0: as large as memory allows. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /**
   * No more puts: of this producer where `producers` were announced, else of anyone. What is in it can still be got;
   * then get() throws QueueClosedError and iteration ends.
   */
  close(): void {
    native.queueClose(this.#id);
  }

  /** Whether nothing can be put any more. */
  get closed(): boolean {
    return native.queueClosed(this.#id);
  }

  /** Items until it is closed and drained. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let item: T;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof QueueClosedError) return;
        throw error;
      }
      yield item;
    }
  }

  /** {@link [Symbol.asyncIterator]}, blocking. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (;;) {
      let item: T;
      try {
        item = this.getSync();
      } catch (error) {
        if (error instanceof QueueClosedError) return;
        throw error;
      }
      yield item;
    }
  }

  /** Takes the oldest item out of shared memory. Undefined: nothing came. @param timeout milliseconds; -1: none; ARM. */
  #take(timeout: number): Item | undefined {
    const item = pop(this.#id, timeout);
    if (item === WAIT) return undefined;
    if (item === CLOSED) throw this.#closedError();
    return item;
  }

  #takeMore(items: T[], max: number): T[] {
    while (items.length < max) {
      let item: Item | undefined;
      try {
        item = this.#take(0);
      } catch (error) {
        if (error instanceof QueueClosedError) break;
        throw error;
      }
      if (item === undefined) break;
      try {
        items.push(item.open() as T);
      } catch (error) {
        // Those before it have been taken, and would be lost with a throw. The next get() tells.
        this.#unreadable = { error };
        break;
      }
    }
    return items;
  }

  #tellUnreadable(): void {
    const unreadable = this.#unreadable;
    this.#unreadable = undefined;
    if (unreadable !== undefined) throw unreadable.error;
  }

  #fullAfter(timeout: number): ProcessError {
    const when = timeout > 0 ? ` for ${timeout} ms` : '';
    return new QueueFullError(`the queue was full${when} (maxSize ${this.#maxSize})`);
  }

  #emptyAfter(timeout: number): ProcessError {
    return new QueueEmptyError(timeout > 0 ? `the queue was empty for ${timeout} ms` : 'the queue is empty');
  }

  #closedError(): ProcessError {
    return new QueueClosedError('the queue is closed');
  }
}

registerKind('Queue', (id) => Reflect.construct(Queue, [ADOPT, id]) as Queue);

showsAs(Queue, ({ size, maxSize, closed }) => ({ size, maxSize, closed }));
