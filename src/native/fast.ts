/** The calls that are made for every item and every task: bare functions of the core (crates/node, fast.rs). */

/** What they return instead of a length ≥ 0. */
export const DONE = 0;
/** Nothing came, or there was no room, within the time. */
export const WAIT = -1;
export const CLOSED = -2;
/** An item was taken that has more to it than bytes in the buffer: queueTaken() tells. */
export const MORE = -3;

/** As a timeout: does not wait, but arms this thread's bell. */
export const ARM = -2;

export interface FastCalls {
  /** Puts the first `length` of `bytes`. @param timeout milliseconds; -1: no limit; ARM. @returns DONE, WAIT or CLOSED */
  queuePush(queue: number, bytes: Uint8Array, length: number, refs: readonly number[] | null, timeout: number): number;
  /** Takes an item into `buffer`, which has 64 KiB. @returns its length, MORE, WAIT or CLOSED */
  queuePop(queue: number, buffer: Uint8Array, timeout: number): number;
  /** Rings any thread's bell. */
  ring(slot: number): void;
  /** Gives one count of a block back; the last one frees the block if nobody else holds it. */
  release(block: number): void;
}
