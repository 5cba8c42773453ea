/**
 * Values in records: scalars as a word or a few, everything else as a message of the codec.
 *
 * A value starts with a word `tag | n << 8`. The common ones (small integers, numbers, booleans, short strings) never reach
 * the codec: that is most of what makes a small task cheap. A message of the codec starts at a multiple of 8 bytes.
 */
import { decodeAt, encodeView, isPrepared, prepare, type Message } from '../codec';
import { blockBytes } from '../arena/block-bytes';
import { INLINE_WORDS } from './layout';
import { takeResult } from './large-results';

const INT24 = 1;
const INT32 = 2;
const DOUBLE = 3;
const UNDEFINED = 4;
const NULL = 5;
const TRUE = 6;
const FALSE = 7;
/** n characters of Latin-1, padded to a word. */
const LATIN1 = 8;
/** n unused; the next word is the byte length of a codec's message, which begins at the next even word. */
const MESSAGE = 9;
/** The value is the next one in the pool's queue of large results. */
const QUEUED = 10;
/**
 * The value is a codec's message in a block: its id and length follow as doubles, at the next even word. n is 1 where nobody
 * reads it after this reader.
 */
const FAR = 11;

/** Strings up to this length are written here, longer ones by the codec. */
const MAX_LATIN1 = 48;

/** A longer message goes to `overflow`, where there is one. */
const INLINE_BYTES = (INLINE_WORDS - 16) * 4;

const double = new Float64Array(1);
const doubleWords = new Int32Array(double.buffer);

/** Thrown by a reader: the value can be read once modules that its functions import are loaded. */
export class ModulesMissing {
  /** Rejects with what loading one of them threw. */
  readonly loading: Promise<void>;

  constructor(loading: Promise<void>) {
    this.loading = loading;
  }
}

/** Writes values one after the other into words of its own, which grow as needed. */
export class ValueWriter {
  words: Int32Array;
  bytes: Uint8Array;
  /** Where the next word goes. */
  at = 0;
  /** The ids of the shared objects named in what was written since it was last set. */
  refs: number[] | null = null;
  /** Takes a message that is large or names shared objects; in its place the record says that it is in the queue. Null: all goes here. */
  overflow: ((message: Message) => void) | null = null;

  /** Puts a large message into a block; in its place the record names that. Null: all goes here. */
  far: ((message: Message) => number) | null = null;
  /** The blocks that `far` made since it was last set: the caller's. */
  blocks: number[] | null = null;
  /** Whether such a block is read once. */
  once = false;

  constructor(words = 1 << 14) {
    this.words = new Int32Array(words);
    this.bytes = new Uint8Array(this.words.buffer);
  }

  /** Makes sure that `count` words more can be written at `at`. */
  room(count: number): void {
    if (this.at + count <= this.words.length) return;
    const words = new Int32Array(Math.max(this.words.length * 2, this.at + count + 1024));
    words.set(this.words.subarray(0, this.at));
    this.words = words;
    this.bytes = new Uint8Array(words.buffer);
  }

  /** Appends `value` if it is a number, a boolean, undefined, null or a short string. False: it is something else. */
  scalar(value: unknown): boolean {
    switch (typeof value) {
      case 'number':
        this.number(value);
        return true;
      case 'string':
        return value.length <= MAX_LATIN1 && this.latin1(value);
      case 'boolean':
        this.word(value ? TRUE : FALSE);
        return true;
      case 'undefined':
        this.word(UNDEFINED);
        return true;
      case 'object':
        if (value !== null) return false;
        this.word(NULL);
        return true;
      default:
        return false;
    }
  }

  /**
   * Appends any value by the codec.
   *
   * @param path how an error names it: 'args[0]'.
   * @throws SerializationError; nothing was written then.
   */
  encoded(value: unknown, path: string): void {
    const message = encodeView(value, path);
    const { buffer, length, parts, refs } = message;
    if (this.overflow !== null && (refs !== null || parts !== null || length > INLINE_BYTES)) {
      this.overflow(message);
      this.word(QUEUED);
      return;
    }
    if (this.far !== null && (parts !== null || length > INLINE_BYTES)) this.inBlock(this.far(message), length, parts);
    else if (parts !== null) this.message(parts, size(parts));
    else this.message([buffer], length);
    if (refs !== null) (this.refs ??= []).push(...refs);
  }

  private inBlock(block: number, length: number, parts: readonly Uint8Array[] | null): void {
    (this.blocks ??= []).push(block);
    this.word(this.once ? FAR | (1 << 8) : FAR);
    this.align();
    this.rawDouble(block);
    this.rawDouble(parts === null ? length : size(parts));
  }

  /** Appends an error, as encodeError made it. */
  error(bytes: Uint8Array): void {
    if (this.overflow !== null && bytes.length > INLINE_BYTES) {
      this.overflow({ buffer: bytes, length: bytes.length, parts: null, refs: null });
      this.word(QUEUED);
    } else {
      this.message([bytes], bytes.length);
    }
  }

  /** Appends what the codec made of a value: the first `length` bytes of `parts`, one behind the other. */
  message(parts: readonly Uint8Array[], length: number): void {
    this.room(4 + ((length + 3) >> 2));
    this.words[this.at] = MESSAGE;
    this.words[this.at + 1] = length;
    const start = (this.at + 3) & ~1;
    let to = start << 2;
    let left = length;
    for (const part of parts) {
      copy(part, this.bytes, to, Math.min(left, part.length));
      to += part.length;
      left -= part.length;
    }
    this.at = start + ((length + 3) >> 2);
  }

  number(value: number): void {
    this.room(3);
    const words = this.words;
    const whole = value | 0;
    if (whole === value && (whole !== 0 || 1 / value > 0)) {
      if ((whole << 8) >> 8 === whole) {
        words[this.at++] = INT24 | (whole << 8);
      } else {
        words[this.at] = INT32;
        words[this.at + 1] = whole;
        this.at += 2;
      }
      return;
    }
    double[0] = value;
    words[this.at] = DOUBLE;
    words[this.at + 1] = doubleWords[0];
    words[this.at + 2] = doubleWords[1];
    this.at += 3;
  }

  /** A raw double, at an even place. */
  rawDouble(value: number): void {
    this.room(2);
    double[0] = value;
    this.words[this.at] = doubleWords[0];
    this.words[this.at + 1] = doubleWords[1];
    this.at += 2;
  }

  /** Makes the record's length even. */
  align(): void {
    if ((this.at & 1) === 0) return;
    this.room(1);
    this.words[this.at++] = 0;
  }

  private word(word: number): void {
    this.room(1);
    this.words[this.at++] = word;
  }

  private latin1(text: string): boolean {
    const length = text.length;
    this.room(1 + ((length + 3) >> 2));
    const start = (this.at + 1) << 2;
    const bytes = this.bytes;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 255) return false;
      bytes[start + i] = code;
    }
    this.words[this.at] = LATIN1 | (length << 8);
    this.at += 1 + ((length + 3) >> 2);
    return true;
  }
}

/** Reads values out of shared memory. Nothing that it gives refers to that memory. */
export class ValueReader {
  private readonly words: Int32Array;
  private readonly buffer: Buffer;
  /** The next word to read. */
  at = 0;
  /** Where the record ends: nothing is read beyond. */
  private end = 0;
  private readonly queue: number;
  private readonly waits: boolean;

  /**
   * @param queue where large values are.
   * @param waits a message that needs modules which are not loaded yet is thrown as {@link ModulesMissing}; else they
   * are loaded by require() within the call.
   */
  constructor(words: Int32Array, queue: number, waits = false) {
    this.words = words;
    this.queue = queue;
    this.waits = waits;
    this.buffer = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  }

  /** Reads from here on, as far as `end`. */
  seek(at: number, end: number): void {
    this.at = at;
    this.end = end;
  }

  /** @throws RangeError for what is no value: the writer misbehaves. */
  value(): unknown {
    const words = this.words;
    if (this.at >= this.end) throw malformed();
    const word = words[this.at++];
    switch (word & 255) {
      case INT24:
        return word >> 8;
      case INT32:
        return words[this.at++];
      case DOUBLE:
        doubleWords[0] = words[this.at];
        doubleWords[1] = words[this.at + 1];
        this.at += 2;
        return double[0];
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case LATIN1:
        return this.latin1(word >>> 8);
      case MESSAGE:
        return this.message();
      case QUEUED:
        return takeResult(this.queue);
      case FAR:
        return this.far(word >>> 8 === 1);
      default:
        throw malformed();
    }
  }

  rawDouble(): number {
    doubleWords[0] = this.words[this.at];
    doubleWords[1] = this.words[this.at + 1];
    this.at += 2;
    return double[0];
  }

  private latin1(length: number): string {
    const start = this.at << 2;
    this.at += (length + 3) >> 2;
    if (this.at > this.end) throw malformed();
    if (length > 8) return this.buffer.toString('latin1', start, start + length);
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.buffer[start + i]);
    return text;
  }

  /** What `ValueWriter.message(encodeError(...))` wrote. */
  error(): unknown {
    const word = this.words[this.at++];
    if (word === QUEUED) return takeResult(this.queue);
    if (word !== MESSAGE) throw malformed();
    return this.message();
  }

  private message(): unknown {
    const length = this.words[this.at];
    const place = (this.at + 2) & ~1;
    const next = place + ((length + 3) >> 2);
    if (length < 0 || next > this.end) throw malformed();
    this.at = next;
    return this.decode(this.buffer, place << 2, (place << 2) + length);
  }

  private far(once: boolean): unknown {
    this.at = (this.at + 1) & ~1;
    if (this.at + 4 > this.end) throw malformed();
    const block = this.rawDouble();
    const bytes = blockBytes(block);
    const length = this.rawDouble();
    if (!(length >= 0 && length <= bytes.length)) throw malformed();
    return this.decode(bytes, 0, length, once ? block : -1);
  }

  private decode(buffer: Buffer, start: number, end: number, block = -1): unknown {
    if (this.waits && !isPrepared(buffer, start)) {
      const loading = prepare(buffer.subarray(start, end));
      if (loading !== undefined) throw new ModulesMissing(loading);
    }
    return decodeAt(buffer, start, end, block);
  }
}

function size(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** A few bytes are copied one by one: a call costs more. */
function copy(from: Uint8Array, to: Uint8Array, at: number, length: number): void {
  if (length > 64) to.set(length === from.length ? from : from.subarray(0, length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[i];
}

function malformed(): RangeError {
  return Object.assign(new RangeError('a record of the channel is malformed'), { code: 'ERR_CHANNEL' });
}
