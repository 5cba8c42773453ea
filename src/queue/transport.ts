/** Items in and out of a queue of the core, as messages of the codec. */
import { native } from '../native';
import { blocksNamed, DONE, MORE, NAMED, type CLOSED, type WAIT } from '../native/fast';
import { blockBytes } from '../arena/block-bytes';
import { decodeAt, isPrepared, prepare, type Encoded, type Message } from '../codec';

/** Small items are copied here before they are decoded. One a thread; every item without a block of its own has room. */
const scratch = Buffer.allocUnsafeSlow(64 << 10);
const named = new Float64Array(scratch.buffer);

/** Puts a message that was encoded just now. @param timeout as of native.queuePush. @returns DONE, WAIT or CLOSED */
export function push(queue: number, { buffer, length, parts, refs }: Message, timeout: number): number {
  if (parts === null) return native.queuePush(queue, buffer, length, refs, timeout);
  return native.queuePushParts(queue, parts as Uint8Array[], (refs ?? []) as number[], timeout);
}

/** Puts a message that was encoded earlier. */
export function pushEncoded(queue: number, { bytes, refs }: Encoded, timeout: number): number {
  return native.queuePush(queue, bytes, bytes.length, refs, timeout);
}

/** An item that was taken out: to be opened once. */
export interface Item {
  /** The item itself. */
  open(): unknown;
  /** Modules that functions in it import, on their way: opened before, it loads them by require(). */
  readonly loading: Promise<void> | undefined;
  /** It will not be opened. */
  drop(): void;
}

/** An item in a block of its own, or one that names blocks. */
class HeldItem implements Item {
  private readonly buffer: Buffer;
  private readonly start: number;
  private readonly end: number;
  /** Blocks that it names, and `block`, which it lies in (-1: none): each held with one count until it is opened. */
  private readonly held: readonly number[];
  private readonly block: number;
  readonly loading: Promise<void> | undefined;

  constructor(buffer: Buffer, start: number, end: number, held: readonly number[], block: number) {
    this.buffer = buffer;
    this.start = start;
    this.end = end;
    this.held = held;
    this.block = block;
    this.loading = prepare(buffer.subarray(start, end));
  }

  open(): unknown {
    try {
      // The handles in it take counts of their own.
      return decodeAt(this.buffer, this.start, this.end, this.block);
    } finally {
      this.drop();
    }
  }

  drop(): void {
    release(this.held);
  }
}

/** The one that lies in `scratch`: there is one at a time. */
let length = 0;
const small: Item = {
  open: () => decodeAt(scratch, 0, length),
  loading: undefined,
  drop: () => {},
};
/** The same, of one that names blocks. */
let held: readonly number[] = [];
const smallHeld: Item = {
  open() {
    const holds = held;
    try {
      return decodeAt(scratch, 0, length);
    } finally {
      release(holds);
    }
  },
  loading: undefined,
  drop: () => release(held),
};

function release(blocks: readonly number[]): void {
  for (let i = 0; i < blocks.length; i++) native.release(blocks[i]!);
}

/**
 * Takes the oldest item. It is opened before anything else is taken, but for one that is {@link Item.loading}.
 *
 * @param timeout as of native.queuePop.
 * @returns WAIT: nothing came; CLOSED: and it is drained.
 */
export function pop(queue: number, timeout: number): Item | typeof WAIT | typeof CLOSED {
  const status = native.queuePop(queue, scratch, timeout);
  if (status >= DONE) {
    length = status % NAMED;
    if (status >= NAMED) held = blocksNamed(named, status);
    if (isPrepared(scratch)) return status < NAMED ? small : smallHeld;
    return new HeldItem(copy(length), 0, length, status < NAMED ? [] : held, -1);
  }
  if (status !== MORE) return status as typeof WAIT | typeof CLOSED;
  const { length: bytes, refs, block, at } = native.queueTaken();
  if (block < 0) return new HeldItem(copy(bytes), 0, bytes, refs, -1);
  return new HeldItem(blockBytes(block), at, at + bytes, [...refs, block], block);
}

function copy(bytes: number): Buffer {
  return Buffer.from(scratch.subarray(0, bytes));
}

/** Opens an item once the modules are there that it needs. */
export async function loaded(item: Item): Promise<unknown> {
  try {
    await item.loading;
  } catch (error) {
    item.drop();
    throw error;
  }
  return item.open();
}
