import { SerializationError } from '../errors';

const FIRST = 16 * 1024;
/** A result above this is the scratch memory itself; below, a copy of its own. */
const HAND_OVER = 64 * 1024;

/** Bytes in the making. Memory is reused from message to message. */
export class ByteWriter {
  private buffer = Buffer.allocUnsafeSlow(FIRST);
  at = 0;

  reset(): void {
    this.at = 0;
  }

  /** What was written since reset(). Belongs to the caller. */
  take(): Uint8Array {
    const { buffer, at } = this;
    this.at = 0;
    if (at <= HAND_OVER) return new Uint8Array(buffer.buffer.slice(0, at));
    this.buffer = Buffer.allocUnsafeSlow(FIRST);
    return new Uint8Array(buffer.buffer, 0, at);
  }

  /** What was written since reset(), where it lies: valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  byte(value: number): void {
    this.room(1);
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
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  latin1(text: string): void {
    this.room(text.length);
    this.at += this.buffer.write(text, this.at, 'latin1');
  }

  utf16(text: string): void {
    this.room(text.length * 2);
    this.at += this.buffer.write(text, this.at, 'utf16le');
  }

  bytes(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }
}

/** The error for bytes that no writer of ours wrote. */
export function malformed(what: string): SerializationError {
  return new SerializationError(`a message is malformed: ${what}`, '');
}

/** Reads bytes and believes none of their lengths. */
export class ByteReader {
  private readonly buffer: Buffer;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.buffer.length - this.at;
  }

  byte(): number {
    if (this.at >= this.buffer.length) throw malformed('it ends too early');
    return this.buffer[this.at++];
  }

  /** The next byte, which stays. */
  peek(): number {
    if (this.at >= this.buffer.length) throw malformed('it ends too early');
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
    const value = this.buffer.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  latin1(): string {
    const length = this.length();
    const start = this.at;
    this.at += length;
    return this.buffer.toString('latin1', start, this.at);
  }

  utf16(): string {
    const length = this.length(2);
    const start = this.at;
    this.at += length * 2;
    return this.buffer.toString('utf16le', start, this.at);
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): ArrayBuffer {
    if (length > this.left) throw malformed('it ends too early');
    const copy = new ArrayBuffer(length);
    new Uint8Array(copy).set(this.buffer.subarray(this.at, this.at + length));
    this.at += length;
    return copy;
  }

  /** The rest, not copied. */
  rest(): Buffer {
    const rest = this.buffer.subarray(this.at);
    this.at = this.buffer.length;
    return rest;
  }
}
