/** Messages in and out of one direction of a pipe, as bytes. */
import { native } from '../native';

/** What native calls on a queue return instead of a length ≥ 0 (crates/node, queue.rs). */
const DONE = 0;
const CLOSED = -2;
/** A message that does not fit the buffer: -(length) - TOO_LONG. */
const TOO_LONG = -16;
/** As a timeout: does not wait, but arms this thread's bell. */
const ARM = -2;

/** Where small messages are copied to; one a thread. */
const scratch = new Uint8Array(64 << 10);

/** A message that was taken out. */
export interface Message {
  /** Where `own`, the receiver's; else valid until the next take. */
  readonly bytes: Uint8Array;
  readonly own: boolean;
  /** Blocks that it names, each held with one count until it is decoded. */
  readonly refs: number[] | null;
}

/** Sends, waiting so many milliseconds (-1: no limit). False: no room. 'closed': nobody can read it any more. */
export function send(queue: number, bytes: Uint8Array, refs: readonly number[], timeout: number): boolean | 'closed' {
  const status = native.queuePush(queue, bytes, refs as number[], timeout);
  return status === CLOSED ? 'closed' : status === DONE;
}

/** Sends if there is room, else arms this thread's bell. */
export function sendOrArm(queue: number, bytes: Uint8Array, refs: readonly number[]): boolean | 'closed' {
  const status = native.queuePushOrArm(queue, bytes, refs as number[]);
  return status === CLOSED ? 'closed' : status === DONE;
}

/** The next message, waiting so many milliseconds (-1: no limit). Undefined: nothing came. 'closed': and nothing will. */
export function take(queue: number, timeout: number): Message | undefined | 'closed' {
  let buffer = scratch;
  let length = native.queuePop(queue, buffer, timeout);
  while (length <= TOO_LONG) {
    buffer = Buffer.allocUnsafeSlow(TOO_LONG - length);
    length = native.queuePop(queue, buffer, timeout);
  }
  if (length === CLOSED) return 'closed';
  if (length < 0) return undefined;
  return { bytes: buffer.subarray(0, length), own: buffer !== scratch, refs: native.takenRefs() };
}

/** The next message if there is one; else arms this thread's bell. */
export function takeOrArm(queue: number): Message | undefined | 'closed' {
  return take(queue, ARM);
}

export function letGo(refs: readonly number[] | null): void {
  if (refs !== null) for (const ref of refs) native.release(ref);
}
