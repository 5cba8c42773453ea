/** The calls that are made for every item, every task and every wait: bare functions of the core (crates/node, fast.rs). */

/** What they return instead of a length ≥ 0. */
export const DONE = 0;
/** Nothing came, or there was no room, within the time. */
export const WAIT = -1;
export const CLOSED = -2;
/** An item was taken that has more to it than bytes in the buffer: queueTaken() tells. */
export const MORE = -3;
/**
 * Beside the length of an item: the number of blocks that it names, times this. Their ids are in the buffer, as doubles, from the
 * first multiple of 8 behind the item on; each is held with one count for the caller.
 */
export const NAMED = 2 ** 17;

/** As a timeout: does not wait, but arms this thread's bell. */
export const ARM = -2;

export interface FastCalls {
  /** Puts the first `length` of `bytes`. @param timeout milliseconds; -1: no limit; ARM. @returns DONE, WAIT or CLOSED */
  queuePush(queue: number, bytes: Uint8Array, length: number, refs: readonly number[] | null, timeout: number): number;
  /** Takes an item into `buffer`, which has 64 KiB. @returns its length, beside NAMED; MORE, WAIT or CLOSED */
  queuePop(queue: number, buffer: Uint8Array, timeout: number): number;
  /** Rings any thread's bell. */
  ring(slot: number): void;
  /** Gives one count of a block back; the last one frees the block if nobody else holds it. */
  release(block: number): void;
  /** Blocks until the mutex is had. @param timeout milliseconds; -1: no limit @returns 0; -1 at the timeout; -2 - pid where its holder died */
  mutexLock(mutex: number, timeout: number): number;
  /** Lets it go, whoever took it. @returns 0 where nobody holds it, else 1 */
  mutexRelease(mutex: number): number;
  /** Blocks until a permit is had. @returns its number + 1, 65536 for one without; 0 at the timeout */
  semaphoreAcquire(semaphore: number, timeout: number): number;
  /** `n` permits were released, and somebody waits. */
  semaphorePassOn(semaphore: number, n: number): void;
  /** Sets it and wakes all. */
  eventSet(event: number): void;
  /** Blocks until it is set, or has been since `epoch`. @returns 1; 0 at the timeout */
  eventWait(event: number, epoch: number, timeout: number): number;
  /** Notifies at most `n` (2^32 - 1: all). @returns how many it were */
  conditionNotify(condition: number, n: number): number;
  /**
   * Releases the mutex, which this thread has, blocks until notified, and takes it again.
   *
   * @returns 1; 0 at the timeout; -1: too many wait, nothing was done; -2 - pid: the mutex was not had, since its holder died
   */
  conditionWait(condition: number, mutex: number, timeout: number): number;
  /** Comes and blocks until all have. @returns the number of this party; below 0: src/sync/barrier.ts */
  barrierPass(barrier: number, timeout: number): number;
}

/** The blocks that an item names which queuePop took with this status; `buffer` is what it was taken into. */
export function blocksNamed(buffer: Float64Array, status: number): number[] {
  const length = status % NAMED;
  const first = Math.ceil(length / 8);
  const blocks: number[] = [];
  for (let i = 0; i < (status - length) / NAMED; i++) blocks.push(buffer[first + i]!);
  return blocks;
}
