import { lend } from '../arena/lend';
import { SerializationError } from '../errors';

const FIRST = 16 * 1024;
/** Scratch memory larger than this is not kept. */
const KEPT = 4 << 20;
/** A result above this is the scratch memory itself; below, a copy of its own. */
const HAND_OVER = 64 * 1024;
/** So many bytes in one piece are not copied into the scratch memory. */
const PART = 32 * 1024;
/** So many bytes of a buffer begin at a multiple of ALIGNMENT from the begin of the message. */
const MUCH = 64 * 1024;
const ALIGNMENT = 8;

/** Methods of every Buffer that its types do not name: no look at an encoding's name, no check of bounds. */
interface RawBuffer extends Buffer {
  latin1Write(text: string, at: number): number;
  ucs2Write(text: string, at: number): number;
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
}

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

function memory(bytes: number): RawBuffer {
  return Buffer.allocUnsafeSlow(bytes) as RawBuffer;
}

/** Bytes in the making. Memory is reused from message to message. */
export class ByteWriter {
  buffer = memory(FIRST);
  at = 0;
  /** Whether large pieces are left where they are: not where code of the user's may run before the message is copied. */
  leaves = false;
  /** Large pieces that lie where they were, and where in `buffer` each belongs. */
  private pieces: { readonly at: number; readonly bytes: Uint8Array; readonly length: number }[] = [];
  /** Bytes of them. */
  private elsewhere = 0;

  reset(): void {
    this.at = 0;
    if (this.pieces.length > 0) {
      this.pieces = [];
      this.elsewhere = 0;
    }
    if (this.buffer.length > KEPT) this.buffer = memory(FIRST);
  }

  /** What was written since reset(). Belongs to the caller. */
  take(): Uint8Array {
    const parts = this.parts();
    if (parts !== null) return Buffer.concat(parts);
    const { buffer, at } = this;
    const begin = buffer.byteOffset;
    if (at <= HAND_OVER) return new Uint8Array(buffer.buffer.slice(begin, begin + at));
    this.buffer = memory(FIRST);
    return new Uint8Array(buffer.buffer, begin, at);
  }

  /**
   * What was written since reset(), as pieces that follow each other; null: it is all in `buffer`, up to `at`. The pieces
   * are the values' own memory: to be copied before any of the user's code runs.
   */
  parts(): Uint8Array[] | null {
    if (this.pieces.length === 0) return null;
    const parts: Uint8Array[] = [];
    let from = 0;
    for (const { at, bytes, length } of this.pieces) {
      if (bytes.length !== length) throw new SerializationError('a buffer was detached while it was sent', '');
      if (at > from) parts.push(this.buffer.subarray(from, at));
      parts.push(bytes);
      from = at;
    }
    if (this.at > from) parts.push(this.buffer.subarray(from, this.at));
    return parts;
  }

  /** What was written since reset(), where no pieces are left elsewhere: valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  /** Goes on with memory that holds what was written so far, and more. */
  adopt(buffer: Buffer): void {
    this.buffer = buffer as RawBuffer;
    this.at = buffer.length;
  }

  /** Leaves room for a number that is known later: give it to the function that this gives. */
  later(): (value: number) => void {
    this.room(8);
    const { at } = this;
    this.at += 8;
    return (value) => this.buffer.writeDoubleLE(value, at);
  }

  /** Makes room for so many bytes more. */
  room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = memory(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  byte(value: number): void {
    if (this.at === this.buffer.length) this.room(1);
    this.buffer[this.at++] = value;
  }

  /** An integer from 0 to 2^53 - 1. */
  count(value: number): void {
    this.room(8);
    while (value >= 128) {
      this.buffer[this.at++] = (value & 127) | 128;
      value = value < 2 ** 31 ? value >>> 7 : Math.floor(value / 128);
    }
    this.buffer[this.at++] = value;
  }

  double(value: number): void {
    this.room(8);
    double[0] = value;
    const { buffer, at } = this;
    for (let i = 0; i < 8; i++) buffer[at + i] = doubleBytes[i];
    this.at = at + 8;
  }

  /** Characters up to U+00FF, a byte each. False, and nothing is written: there are others. */
  shortLatin1(text: string): boolean {
    const { length } = text;
    this.room(length);
    const { buffer, at } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 255) return false;
      buffer[at + i] = code;
    }
    this.at = at + length;
    return true;
  }

  latin1(text: string): void {
    this.room(text.length);
    this.at += this.buffer.latin1Write(text, this.at);
  }

  utf16(text: string): void {
    this.room(text.length * 2);
    this.at += this.buffer.ucs2Write(text, this.at);
  }

  /** The content of a buffer. */
  memory(bytes: Uint8Array): void {
    if (bytes.length >= MUCH) while ((this.at + this.elsewhere) % ALIGNMENT !== 0) this.byte(0);
    this.bytes(bytes);
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length >= PART && this.leaves) {
      this.pieces.push({ at: this.at, bytes, length: bytes.length });
      this.elsewhere += bytes.length;
      return;
    }
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }
}

/** The error for bytes that no writer of ours wrote. */
export function malformed(what: string): SerializationError {
  return new SerializationError(`a message is malformed: ${what}`, '');
}

const NOTHING = memory(0);
/** Up to this length strings are put together faster than they are asked for. */
const SHORT_TEXT = 8;
/** A buffer of this size is asked for without zeros in it. */
const UNZEROED = 4096;

/** Memory for `length` bytes, which are all to be written. */
function uninitialised(length: number): ArrayBuffer {
  return length < UNZEROED ? new ArrayBuffer(length) : (memory(length).buffer as ArrayBuffer);
}

const { fromCharCode } = String;

/** `length` characters, SHORT_TEXT at most, in one call: adding them up takes three times as long. */
function shortText(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 0:
      return '';
    case 1:
      return fromCharCode(b[i]);
    case 2:
      return fromCharCode(b[i], b[i + 1]);
    case 3:
      return fromCharCode(b[i], b[i + 1], b[i + 2]);
    case 4:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3]);
    case 5:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4]);
    case 6:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5]);
    case 7:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6]);
    default:
      return fromCharCode(b[i], b[i + 1], b[i + 2], b[i + 3], b[i + 4], b[i + 5], b[i + 6], b[i + 7]);
  }
}

/** Reads bytes and believes none of their lengths. */
export class ByteReader {
  private buffer = NOTHING;
  private at = 0;
  private end = 0;
  private begin = 0;
  private block = -1;

  /**
   * Reads what lies in `buffer` from `start` to `end`.
   *
   * @param block the block of which `buffer` is all, where nobody else will read the message; -1: none.
   */
  open(buffer: Buffer, start: number, end: number, block = -1): void {
    this.buffer = buffer as RawBuffer;
    this.at = this.begin = start;
    this.end = end;
    this.block = block;
  }

  /** Lets go of the memory. */
  close(): void {
    this.buffer = NOTHING;
    this.at = this.end = 0;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw malformed('it ends too early');
    return this.buffer[this.at++];
  }

  /** The next byte, which stays. */
  peek(): number {
    if (this.at >= this.end) throw malformed('it ends too early');
    return this.buffer[this.at];
  }

  count(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    let factor = 128;
    for (let i = 0; i < 7; i++) {
      byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 128;
    }
    throw malformed('an integer is too large');
  }

  /** A number of items of which each takes at least `bytes` bytes of what is left. */
  length(bytes = 1): number {
    const length = this.count();
    if (length * bytes > this.left) throw malformed('it ends too early');
    return length;
  }

  double(): number {
    if (this.left < 8) throw malformed('it ends too early');
    const { buffer, at } = this;
    for (let i = 0; i < 8; i++) doubleBytes[i] = buffer[at + i];
    this.at = at + 8;
    return double[0];
  }

  latin1(): string {
    const length = this.length();
    const { buffer, at } = this;
    this.at = at + length;
    if (length > SHORT_TEXT) return buffer.latin1Slice(at, at + length);
    return shortText(buffer, at, length);
  }

  utf16(): string {
    const length = this.length(2);
    const start = this.at;
    this.at += length * 2;
    return this.buffer.ucs2Slice(start, this.at);
  }

  /** Whether the next bytes are these; then they are passed. */
  skips(bytes: Uint8Array): boolean {
    const { buffer, at } = this;
    if (bytes.length > this.end - at) return false;
    for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false;
    this.at = at + bytes.length;
    return true;
  }

  /** Where the next byte lies: for {@link since}. */
  get position(): number {
    return this.at;
  }

  /** A copy of what was read since a position. */
  since(position: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.buffer, position, this.at);
  }

  /** The content of a buffer: a copy, or the bytes where they lie. */
  memory(length: number): ArrayBuffer {
    if (length < MUCH) return this.bytes(length);
    while ((this.at - this.begin) % ALIGNMENT !== 0) this.byte();
    if (this.block >= 0 && length <= this.left) {
      const lent = lend(this.block, this.buffer.length, this.at, length);
      if (lent !== null) {
        this.at += length;
        return lent;
      }
    }
    return this.bytes(length);
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): ArrayBuffer {
    if (length > this.left) throw malformed('it ends too early');
    const copy = uninitialised(length);
    new Uint8Array(copy).set(this.buffer.subarray(this.at, this.at + length));
    this.at += length;
    return copy;
  }

  /** What begins so many bytes after the message's begin, not copied: it is not read on. */
  cutAt(offset: number): Buffer {
    const from = this.begin + offset;
    if (!(from >= this.at && from <= this.end)) throw malformed('a part of it begins nowhere');
    const rest = this.buffer.subarray(from, this.end);
    this.end = from;
    return rest;
  }

  /** The rest, not copied. */
  rest(): Buffer {
    const rest = this.buffer.subarray(this.at, this.end);
    this.at = this.end;
    return rest;
  }
}
