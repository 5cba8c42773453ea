/**
 * Shared memory as JavaScript sees it: 1 MiB windows of the arena, each mapped once a thread.
 *
 * A small block lies wholly in one window, since blocks are powers of two and their regions start at a window.
 */
import { native } from '../native';
import { tree } from './tree';

const WINDOW = 1 << 20;
const windows = new Map<number, Int32Array>();

/** The 32-bit words of block `id`, and the index of its first one in them. The block must have at most 1 MiB. */
export function wordsOf(id: number): { words: Int32Array; at: number } {
  tree();
  const offset = native.locate(id);
  const index = Math.floor(offset / WINDOW);
  let words = windows.get(index);
  if (words === undefined) windows.set(index, (words = new Int32Array(native.window(index))));
  return { words, at: (offset - index * WINDOW) >>> 2 };
}

/**
 * A word as it is after the atomic operation before. V8 calls a builtin for each use of Atomics (10 ns), and reads a word in
 * passing; where atomic operations are full fences that is the same. It does not move a read across a call.
 */
export const look: (words: Int32Array, at: number) => number =
  process.arch === 'x64' ? (words, at) => words[at] : (words, at) => Atomics.load(words, at);
