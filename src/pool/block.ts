/** Blocks of the arena as typed arrays. */
import { native } from '../native';
import { wordsOf } from '../arena/words';
import type { Message } from '../codec';

/** What a block is for, as `inspect` shows it (crates/node, member.rs). */
export const KIND_MESSAGE = 1;
export const KIND_CHANNEL = 4;

export interface BlockViews {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bytes: Uint8Array;
}

/** Blocks from this size on get an ArrayBuffer of their own; smaller ones lie in the thread's windows. */
const SMALL = 64 << 10;

/** The first `bytes` bytes (a multiple of 8) of block `id`, which somebody holds for as long as the views are used. */
export function blockViews(id: number, bytes: number): BlockViews {
  let buffer: ArrayBuffer;
  let offset = 0;
  if (bytes < SMALL) {
    const { words, at } = wordsOf(id);
    buffer = words.buffer as ArrayBuffer;
    offset = words.byteOffset + at * 4;
  } else {
    buffer = native.blockBuffer(id);
  }
  return {
    words: new Int32Array(buffer, offset, bytes >>> 2),
    doubles: new Float64Array(buffer, offset, bytes >>> 3),
    bytes: new Uint8Array(buffer, offset, bytes),
  };
}

/** A block with `words` copied into it, held with count 1. */
export function blockOf(words: Int32Array): number {
  return native.messageBlock([new Uint8Array(words.buffer, words.byteOffset, words.byteLength)]);
}

/** A block with a message of the codec, held with count 1. */
export function blockOfMessage({ buffer, length, parts }: Message): number {
  return native.messageBlock((parts as Uint8Array[] | null) ?? [buffer.subarray(0, length)]);
}
