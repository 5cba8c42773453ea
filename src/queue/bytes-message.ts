/** Messages of a pipe that are bytes as they are, and no value of the codec. */
import { native } from '../native';
import type { CLOSED, WAIT } from '../native/fast';
import { blocksNamed, DONE, MORE, NAMED } from '../native/fast';
import { blockBytes } from '../arena/block-bytes';
import { Form } from '../codec/format';
import { SerializationError } from '../errors';
import { refuseArgument } from '../validate';

/** Small messages are put together, and copied to, here. One a thread; every message without a block of its own has room. */
const scratch = Buffer.allocUnsafeSlow(64 << 10);
const named = new Float64Array(scratch.buffer);
const MARK = new Uint8Array([Form.BYTES]);
/** From here on the mark and the bytes are handed to the core as two parts. */
const LARGE = 4096;

export function checkBytes(bytes: unknown): asserts bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array)) refuseArgument('bytes', 'a Uint8Array', bytes);
}

/** Sends bytes. @param timeout as of native.queuePush. @returns DONE, WAIT or CLOSED */
export function pushBytes(queue: number, bytes: Uint8Array, timeout: number): number {
  const { length } = bytes;
  if (length >= LARGE) return native.queuePushParts(queue, [MARK, bytes], [], timeout);
  scratch[0] = Form.BYTES;
  scratch.set(bytes, 1);
  return native.queuePush(queue, scratch, length + 1, null, timeout);
}

/**
 * Takes the oldest message, which is to be bytes. They are the caller's.
 *
 * @param timeout as of native.queuePop.
 * @returns WAIT: nothing came; CLOSED: and it is drained.
 * @throws SerializationError for a message that is a value; it is taken.
 */
export function popBytes(queue: number, timeout: number): Uint8Array | typeof WAIT | typeof CLOSED {
  const status = native.queuePop(queue, scratch, timeout);
  if (status >= DONE) {
    if (status >= NAMED) for (const block of blocksNamed(named, status)) native.release(block);
    return bytesOf(scratch, 0, status % NAMED);
  }
  if (status !== MORE) return status as typeof WAIT | typeof CLOSED;
  const { length, refs, block, at } = native.queueTaken();
  try {
    return block < 0 ? bytesOf(scratch, 0, length) : bytesOf(blockBytes(block), at, at + length);
  } finally {
    for (const ref of refs) native.release(ref);
    if (block >= 0) native.release(block);
  }
}

/** Bytes with a buffer of their own. What is large is not zeroed first, which costs as much as the copy. */
function room(length: number): Uint8Array {
  return length < LARGE ? new Uint8Array(length) : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function bytesOf(message: Buffer, start: number, end: number): Uint8Array {
  if (message[start] !== Form.BYTES) throw new SerializationError('the message is a value and no bytes: recv() it', '');
  const bytes = room(end - start - 1);
  bytes.set(message.subarray(start + 1, end));
  return bytes;
}
