/**
 * The two ends of a ring of 32-bit words: one writer, one reader (layout.ts has the protocol).
 */
import { RING_WORDS } from './layout';

/** The writing end. Records are reserved, filled in by the caller, added, and published together. */
export class RingWriter {
  readonly words: Int32Array;
  /** Words written so far, modulo 2^32, as an int32: what publish() stores. */
  position = 0;
  private offset = 0;
  /** The reader's position when it was last looked at. */
  private seen = 0;
  private readonly start: number;
  private readonly tailWord: number;
  private readonly headWord: number;

  constructor(words: Int32Array, start: number, tailWord: number, headWord: number) {
    this.words = words;
    this.start = start;
    this.tailWord = tailWord;
    this.headWord = headWord;
  }

  /** Where a record of `length` words (even) may be written now: an index into `words`; -1 while there is no room. */
  reserve(length: number): number {
    const toEnd = RING_WORDS - this.offset;
    const need = length > toEnd ? length + toEnd : length;
    if (need > RING_WORDS - ((this.position - this.seen) | 0)) {
      this.seen = Atomics.load(this.words, this.headWord);
      if (need > RING_WORDS - ((this.position - this.seen) | 0)) return -1;
    }
    if (length > toEnd) {
      this.words[this.start + this.offset] = 0;
      this.position = (this.position + toEnd) | 0;
      this.offset = 0;
    }
    return this.start + this.offset;
  }

  /** The record at the reserved place is complete. The reader sees it after the next publish(). */
  add(length: number): void {
    this.position = (this.position + length) | 0;
    this.offset += length;
    if (this.offset === RING_WORDS) this.offset = 0;
  }

  publish(): void {
    Atomics.store(this.words, this.tailWord, this.position);
  }
}

/** The reading end. It trusts no length: `next` says -2 where a record can't be one. */
export class RingReader {
  readonly words: Int32Array;
  /** Words read so far, modulo 2^32, as an int32. */
  position = 0;
  private offset = 0;
  private readonly start: number;
  private readonly headWord: number;

  constructor(words: Int32Array, start: number, headWord: number) {
    this.words = words;
    this.start = start;
    this.headWord = headWord;
  }

  /** The index of the next record before `tail`; -1: none; -2: what lies there is no record. */
  next(tail: number, lengthMask: number): number {
    let left = (tail - this.position) | 0;
    if (left === 0) return -1;
    if (left < 0 || left > RING_WORDS) return -2;
    let at = this.start + this.offset;
    let length = this.words[at] & lengthMask;
    if (this.words[at] === 0) {
      const skip = RING_WORDS - this.offset;
      left -= skip;
      if (left < 0 || skip === RING_WORDS) return -2;
      this.position = (this.position + skip) | 0;
      this.offset = 0;
      if (left === 0) return -1;
      at = this.start;
      length = this.words[at] & lengthMask;
    }
    if (length < 2 || (length & 1) !== 0 || length > left || this.offset + length > RING_WORDS) return -2;
    return at;
  }

  /** Goes past the record that `next` gave. Its words stay as they are until release(). */
  skip(length: number): void {
    this.position = (this.position + length) | 0;
    this.offset += length;
    if (this.offset === RING_WORDS) this.offset = 0;
  }

  /** Lets the writer have what was read. */
  release(): void {
    Atomics.store(this.words, this.headWord, this.position);
  }
}
