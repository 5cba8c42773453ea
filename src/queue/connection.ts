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
import { decode, encode, encodeView, prepare, type Encoded } from '../codec';
import { EndOfFileError, ProcessError, SerializationError, TimeoutError } from '../errors';
import { checkBoolean, checkOptions, checkSignal, checkTimeout, refuseArgument } from '../validate';
import { letGo, send, sendOrArm, take, takeOrArm, type Message } from './messages';
import type { WaitOptions, WaitSyncOptions } from '../types';

const ADOPT: unique symbol = Symbol('adopt');

/** Key of what wait() needs of a Connection. @internal */
export const READS: unique symbol = Symbol('reads');

/** First byte of a message that is bytes and no value. Others begin with the codec's form, which is never 0. */
const RAW = 0;

interface End {
  readonly id: number;
  /** The queue that it reads; -1: none. */
  readonly reads: number;
  /** The queue that it writes; -1: none. */
  readonly writes: number;
}

/** What is sent: bytes, and what keeps alive whatever they name. */
interface Outgoing extends Encoded {
  readonly item?: unknown;
}

/** An awaited receive: what it gave, or what is to be decoded once its modules are loaded. */
type Received<T> = { readonly value: T } | { readonly message: Message; readonly loading: Promise<void> };

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
    this.#writable();
    if (!bell.isWaiting(this.#sends) && this.#sendOrArm(encodeView(item, 'item'))) return;
    await this.#waitToSend({ item, ...encode(item, 'item') }, timeout, signal);
  }

  /** {@link send}, blocking. */
  sendSync(item: S, options?: WaitSyncOptions): void {
    const timeout = checkTimeout(options);
    this.#writable();
    this.#sendSync(encodeView(item, 'item'), timeout);
  }

  /** Receives the next item. @throws TimeoutError; EndOfFileError once the other end is closed and all is read. */
  async recv(options?: WaitOptions): Promise<R> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const received = await this.#waitToReceive(receiveItem, timeout, signal);
    if ('value' in received) return received.value as R;
    const { message, loading } = received;
    try {
      await loading;
      return decode(message.bytes) as R;
    } finally {
      letGo(message.refs);
    }
  }

  /** {@link recv}, blocking. */
  recvSync(options?: WaitSyncOptions): R {
    return decoded(this.#receiveSync(checkTimeout(options))) as R;
  }

  /** {@link send}, of bytes as they are. */
  async sendBytes(bytes: Uint8Array, options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const message = rawMessage(bytes);
    this.#writable();
    if (!bell.isWaiting(this.#sends) && this.#sendOrArm(message)) return;
    await this.#waitToSend(message, timeout, signal);
  }

  /** {@link sendBytes}, blocking. */
  sendBytesSync(bytes: Uint8Array, options?: WaitSyncOptions): void {
    const timeout = checkTimeout(options);
    const message = rawMessage(bytes);
    this.#writable();
    this.#sendSync(message, timeout);
  }

  /** {@link recv}, of bytes that sendBytes() sent. */
  async recvBytes(options?: WaitOptions): Promise<Uint8Array> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const received = await this.#waitToReceive((message) => ({ value: rawBytes(message) }), timeout, signal);
    return (received as { value: Uint8Array }).value;
  }

  /** {@link recvBytes}, blocking. */
  recvBytesSync(options?: WaitSyncOptions): Uint8Array {
    return rawBytes(this.#receiveSync(checkTimeout(options)));
  }

  /** Whether it can be read: there is something, or nothing will come any more. Without a timeout: now. */
  async poll(options?: WaitOptions): Promise<boolean> {
    const timeout = pollTimeout(options);
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
    const timeout = pollTimeout(options);
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

  #sendOrArm({ bytes, refs }: Outgoing): boolean {
    return this.#sent(sendOrArm(this.#writable(), bytes, refs));
  }

  #sent(status: boolean | 'closed'): boolean {
    if (status === 'closed') throw new EndOfFileError('nobody can read the pipe any more');
    return status;
  }

  async #waitToSend(message: Outgoing, timeout: number, signal: AbortSignal | undefined): Promise<void> {
    const sent = await bell.wait(this.#sends, () => this.#sendOrArm(message) || undefined, timeout, signal);
    if (sent === bell.TIMED_OUT) throw fullAfter(timeout);
  }

  #sendSync({ bytes, refs }: Outgoing, timeout: number): void {
    if (!this.#sent(send(this.#writes, bytes, refs, timeout))) throw fullAfter(timeout);
  }

  async #waitToReceive<T>(
    open: (message: Message) => Received<T>,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<Received<T>> {
    this.#readable();
    const attempt = () => {
      const message = takeOrArm(this.#readable());
      if (message === 'closed') throw endOfFile();
      return message && open(message);
    };
    const received = await bell.wait(`recv ${this.#reads}`, attempt, timeout, signal);
    if (received === bell.TIMED_OUT) throw emptyAfter(timeout);
    return received;
  }

  #receiveSync(timeout: number): Message {
    const message = take(this.#readable(), timeout);
    if (message === 'closed') throw endOfFile();
    if (message === undefined) throw emptyAfter(timeout);
    return message;
  }
}

let polls = 0;

function pollTimeout(options: WaitSyncOptions | undefined): number {
  return checkOptions(options).timeout === undefined ? 0 : checkTimeout(options);
}

function endOfFile(): EndOfFileError {
  return new EndOfFileError('the other end of the pipe is closed, and all is read');
}

function fullAfter(timeout: number): TimeoutError {
  return new TimeoutError(timeout > 0 ? `the pipe was full for ${timeout} ms` : 'the pipe is full');
}

function emptyAfter(timeout: number): TimeoutError {
  return new TimeoutError(timeout > 0 ? `nothing came for ${timeout} ms` : 'there is nothing to receive');
}

function rawMessage(bytes: unknown): Outgoing {
  if (!(bytes instanceof Uint8Array)) refuseArgument('bytes', 'a Uint8Array', bytes);
  const message = Buffer.allocUnsafe(bytes.length + 1);
  message[0] = RAW;
  message.set(bytes, 1);
  return { bytes: message, refs: [] };
}

/** The bytes of a message that are the receiver's own. */
function rawBytes({ bytes, own: isOwn, refs }: Message): Uint8Array {
  letGo(refs);
  if (bytes[0] !== RAW) {
    throw new SerializationError('the message is a value and no bytes: recv() it', '');
  }
  return isOwn
    ? new Uint8Array(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1)
    : new Uint8Array(bytes.subarray(1));
}

/** The item of a message; handles in it have counts of their own then. */
function decoded({ bytes, refs }: Message): unknown {
  try {
    checkItem(bytes);
    return decode(bytes);
  } finally {
    letGo(refs);
  }
}

function checkItem(bytes: Uint8Array): void {
  if (bytes[0] === RAW) throw new SerializationError('the message is bytes and no value: recvBytes() it', '');
}

function receiveItem(message: Message): Received<unknown> {
  let loading: Promise<void> | undefined;
  try {
    checkItem(message.bytes);
    loading = prepare(message.bytes);
  } catch (error) {
    letGo(message.refs);
    throw error;
  }
  if (loading === undefined) return { value: decoded(message) };
  return { message: message.own ? message : { ...message, bytes: message.bytes.slice() }, loading };
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
