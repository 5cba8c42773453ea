/** Large buffers of messages, where they lie: crates/node/src/lend.rs. */
import { native } from '../native';

/**
 * Free blocks up to this size keep their memory for the next message (crates/shm, block.rs), which is then copied in and out of pages that
 * are there: that takes less than fresh pages for each message, which a block costs that is let go by the garbage collector.
 */
const HOT = 4 << 20;
/** A buffer that is less than this part of its block would keep the rest of it. */
const LEAST_PART = 1 / 4;
/** How V8 wants the memory of a Float64Array to begin. */
const ALIGNMENT = 8;

/**
 * `bytes` bytes of `block`, which has `size` and which the caller holds and nobody else reads, from `at` on, as an ArrayBuffer that holds
 * it too; null: it is to be copied.
 */
export function lend(block: number, size: number, at: number, bytes: number): ArrayBuffer | null {
  if (size <= HOT || bytes < size * LEAST_PART || at % ALIGNMENT !== 0) return null;
  return native.lend(block, at, bytes);
}
