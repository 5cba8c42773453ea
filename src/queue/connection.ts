/**
 * The two ends of a pipe.
 *
 * An end is a block of the arena whose holders are those who have it: this object, a message on its way, a child that does not run yet.
 * When the last of them is gone, however, its block is freed, and that closes the queues that it reads and writes
 * (crates/shm, end.rs). So end of file is what closing a queue is to those who put and get.
 */
import { native } from '../native';
import * as bell from '../arena/bell';
import { disown, own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { encode, encodeView } from '../codec';
import { EndOfFileError, ProcessError, TimeoutError } from '../errors';
import { ARM, CLOSED, DONE, WAIT } from '../native/fast';
import { checkBoolean, checkOptions, checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import { checkBytes, popBytes, pushBytes } from './bytes-message';
import { loaded, pop, push, pushEncoded, type Item } from './transport';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { showsAs } from '../inspect/shown';

const ADOPT: unique symbol = Symbol('adopt');

/** Key of what wait() needs of a Connection. @internal */
export const READS: unique symbol = Symbol('reads');

interface End {
  readonly id: number;
  /** The queue that it reads; -1: none. */
  readonly reads: number;
  /** The queue that it writes; -1: none. */
  readonly writes: number;
}

/** What an attempt to receive gave: a value, or an item whose modules have to be loaded before it is opened. */
type Received = { readonly value: unknown } | { readonly item: Item };

/**
 * One end of a pipe. Made by {@link Pipe}; can be handed to other processes, which then have the same end.
 *
 * The end is closed when every process that has it has closed it or ended; the other end then reads what is left, and after that
 * gets EndOfFileError.
 */
export class Connection<S = any, R = S> implements AsyncIterable<R> {
  readonly #reads: number;
  readonly #writes: number;
  #closed = false;

  /** @internal */
  constructor(...params: readonly unknown[]) {
    if (params[0] !== ADOPT) throw new TypeError('a Connection is made by Pipe()');
    const { id, reads, writes } = params[1] as End;
    this.#reads = reads;
    this.#writes = writes;
    own(
      this,
      'Connection',
      id,
      [reads, writes].filter((queue) => queue >= 0),
    );
    // An end that was sent is let go of as soon as it is taken, whatever this thread does.
    bell.attend();
  }

  /**
   * Sends `item`, waiting while the pipe is full: it holds at least 64 KiB, and any one message.
   *
   * @throws TimeoutError; EndOfFileError where nobody can read it any more; SerializationError.
   */
  async send(item: S, options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const queue = this.#writable();
    if (!bell.isWaiting(this.#sends) && this.#isSent(push(queue, encodeView(item, 'item'), ARM))) return;
    // The value is kept: were it collected, so would be the shared objects that its bytes name.
    const message = { item, ...encode(item, 'item') };
    await this.#waitToSend(() => pushEncoded(this.#writable(), message, ARM), timeout, signal);
  }

  /** {@link send}, blocking. */
  sendSync(item: S, options?: WaitSyncOptions): void {
    const timeout = checkSyncTimeout(options);
    if (!this.#isSent(push(this.#writable(), encodeView(item, 'item'), timeout))) throw fullAfter(timeout);
  }

  /** Receives the next item. @throws TimeoutError; EndOfFileError once the other end is closed and all is read. */
  async recv(options?: WaitOptions): Promise<R> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const received = await this.#waitToReceive(() => this.#takeOpened(), timeout, signal);
    if ('value' in received) return received.value as R;
    return (await loaded(received.item)) as R;
  }

  /** {@link recv}, blocking. */
  recvSync(options?: WaitSyncOptions): R {
    const timeout = checkSyncTimeout(options);
    const item = checkEnd(pop(this.#readable(), timeout));
    if (item === WAIT) throw emptyAfter(timeout);
    return item.open() as R;
  }

  /** {@link send}, of bytes as they are. */
  async sendBytes(bytes: Uint8Array, options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    checkBytes(bytes);
    const queue = this.#writable();
    if (!bell.isWaiting(this.#sends) && this.#isSent(pushBytes(queue, bytes, ARM))) return;
    const copy = bytes.slice();
    await this.#waitToSend(() => pushBytes(this.#writable(), copy, ARM), timeout, signal);
  }

  /** {@link sendBytes}, blocking. */
  sendBytesSync(bytes: Uint8Array, options?: WaitSyncOptions): void {
    const timeout = checkSyncTimeout(options);
    checkBytes(bytes);
    if (!this.#isSent(pushBytes(this.#writable(), bytes, timeout))) throw fullAfter(timeout);
  }

  /** {@link recv}, of bytes that sendBytes() sent. */
  async recvBytes(options?: WaitOptions): Promise<Uint8Array> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const attempt = () => {
      const bytes = checkEnd(popBytes(this.#readable(), ARM));
      return bytes === WAIT ? undefined : bytes;
    };
    return await this.#waitToReceive(attempt, timeout, signal);
  }

  /** {@link recvBytes}, blocking. */
  recvBytesSync(options?: WaitSyncOptions): Uint8Array {
    const timeout = checkSyncTimeout(options);
    const bytes = checkEnd(popBytes(this.#readable(), timeout));
    if (bytes === WAIT) throw emptyAfter(timeout);
    return bytes;
  }

  /** Whether it can be read: there is something, or nothing will come any more. Without a timeout: now. */
  async poll(options?: WaitOptions): Promise<boolean> {
    const timeout = pollTimeout(options, checkTimeout(options));
    const signal = checkSignal(options);
    const queue = this.#readable();
    const attempt = () => {
      this.#open();
      return native.queuesReady([queue]).length > 0 || undefined;
    };
    return (await bell.wait(`poll ${polls++}`, attempt, timeout, signal)) === true;
  }

  /** {@link poll}, blocking. */
  pollSync(options?: WaitSyncOptions): boolean {
    const timeout = pollTimeout(options, checkSyncTimeout(options));
    const queue = this.#readable();
    return bell.waitSync(() => native.queuesReady([queue]).length > 0 || undefined, timeout) === true;
  }

  /** This process has the end no more. What is pending here rejects. Again: nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    disown(this);
    native.ring(tree().slot);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether this end receives. */
  get readable(): boolean {
    return this.#reads >= 0;
  }

  /** Whether this end sends. */
  get writable(): boolean {
    return this.#writes >= 0;
  }

  /** Items until the other end is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, undefined> {
    for (;;) {
      let item: R;
      try {
        item = await this.recv();
      } catch (error) {
        if (error instanceof EndOfFileError) return;
        throw error;
      }
      yield item;
    }
  }

  /** The queue that it reads, for wait(). @internal */
  get [READS](): number {
    return this.#readable();
  }

  #open(): void {
    if (this.#closed) throw new ProcessError('the connection is closed', 'ERR_CONNECTION_CLOSED');
  }

  #readable(): number {
    this.#open();
    if (this.#reads < 0) throw new ProcessError('the connection is write-only', 'ERR_NOT_READABLE');
    return this.#reads;
  }

  #writable(): number {
    this.#open();
    if (this.#writes < 0) throw new ProcessError('the connection is read-only', 'ERR_NOT_WRITABLE');
    return this.#writes;
  }

  /** Waits of one key are served in order, so that this thread's messages stay in order. */
  get #sends(): string {
    return `send ${this.#writes}`;
  }

  /** False: it was full. */
  #isSent(status: number): boolean {
    if (status === CLOSED) throw new EndOfFileError('nobody can read the pipe any more');
    return status === DONE;
  }

  async #waitToSend(attempt: () => number, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const sent = await bell.wait(this.#sends, () => this.#isSent(attempt()) || undefined, timeout, signal);
    if (sent === bell.TIMED_OUT) throw fullAfter(timeout);
  }

  /** Takes an item, and opens it unless that has to wait: another may be taken before the waiting code goes on. */
  #takeOpened(): Received | undefined {
    const item = checkEnd(pop(this.#readable(), ARM));
    if (item === WAIT) return undefined;
    return item.loading === undefined ? { value: item.open() } : { item };
  }

  async #waitToReceive<T>(attempt: () => T | undefined, timeout: number, signal: AbortSignal | undefined): Promise<T> {
    this.#readable();
    const received = await bell.wait(`recv ${this.#reads}`, attempt, timeout, signal);
    if (received === bell.TIMED_OUT) throw emptyAfter(timeout);
    return received;
  }
}

let polls = 0;

/** `timeout` is that of `options`; where they have none, it looks once. */
function pollTimeout(options: WaitSyncOptions | undefined, timeout: number): number {
  return options?.timeout === undefined ? 0 : timeout;
}

/** @throws EndOfFileError where nothing will come any more. */
function checkEnd<T>(taken: T | typeof CLOSED): T {
  if (taken === CLOSED) throw new EndOfFileError('the other end of the pipe is closed, and all is read');
  return taken;
}

function fullAfter(timeout: number): TimeoutError {
  return new TimeoutError(timeout > 0 ? `the pipe was full for ${timeout} ms` : 'the pipe is full');
}

function emptyAfter(timeout: number): TimeoutError {
  return new TimeoutError(timeout > 0 ? `nothing came for ${timeout} ms` : 'there is nothing to receive');
}

/**
 * A pipe between two threads or processes: what is sent into one end is received at the other, in order.
 *
 * @param options.duplex true: both ends send and receive. false: `[reader, writer]`.
 * @example
 * const [here, there] = Pipe<string>();
 * new Process({ target: (conn) => conn.sendSync('hello'), args: [there] }).start();
 * there.close();
 * await here.recv();   // 'hello'; the next one rejects with EndOfFileError
 */
export function Pipe<T = any>(options: { duplex: false }): [Connection<never, T>, Connection<T, never>];
export function Pipe<T = any, U = T>(options?: { duplex?: true }): [Connection<T, U>, Connection<U, T>];
export function Pipe(options?: { duplex?: boolean }): [Connection, Connection] {
  const { duplex = true } = checkOptions(options);
  checkBoolean(duplex, 'options.duplex');
  tree();
  const [first, second] = native.pipeCreate(duplex, creationSite(Pipe));
  return [connection(first), connection(second)];
}

function connection(end: End): Connection {
  return Reflect.construct(Connection, [ADOPT, end]) as Connection;
}

registerKind('Connection', (id) => connection(native.pipeOpen(id)));

showsAs(Connection, ({ readable, writable, closed }) => ({ readable, writable, closed }));
