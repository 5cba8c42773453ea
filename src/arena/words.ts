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
