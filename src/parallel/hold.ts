/**
 * Keeps arrays' memory in place while other threads use it.
 *
 * A shared buffer can't go away. Of an ArrayBuffer a second one is made over the same memory, which stays as long as
 * either does, so that detaching the first frees nothing. One that may shrink, or can't be held so, is copied instead.
 */
import { types } from 'node:util';
import { kernelBinding, type NumericArray } from '../native/kernel';
import { kindOf, KINDS } from './arrays';

/** The buffer of a typed array, whatever its own properties say. */
const bufferOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Int8Array.prototype), 'buffer')!.get!;

let works: boolean | undefined;

/** Whether a second buffer does what it should here: tried once. */
function canHold(): boolean {
  if (works !== undefined) return works;
  works = false;
  const trial = new ArrayBuffer(8);
  const held = kernelBinding().hold(trial);
  if (held === null || held === undefined || held.byteLength !== 8) return works;
  const moved = structuredClone(trial, { transfer: [trial] });
  new Uint8Array(moved)[7] = 42;
  works = trial.byteLength === 0 && held.byteLength === 8 && new Uint8Array(held)[7] === 42;
  return works;
}

/** Arrays in place for one run, the same or copies. */
export class Held {
  private readonly buffers = new Map<ArrayBufferLike, ArrayBufferLike>();
  private readonly arrays: NumericArray[] = [];

  /** False where the memory may go away: it has to be copied. */
  private keep(array: NumericArray): boolean {
    const buffer = bufferOf.call(array) as ArrayBuffer;
    if (types.isSharedArrayBuffer(buffer) || this.buffers.has(buffer)) return true;
    if ((buffer as { resizable?: boolean }).resizable === true || !canHold()) return false;
    const held = kernelBinding().hold(buffer);
    if (held === null || held === undefined) return false;
    this.buffers.set(buffer, held);
    return true;
  }

  /** The array, whose memory stays; or a copy of what it holds now. */
  input(array: NumericArray): NumericArray {
    const kept = this.keep(array) ? array : new KINDS[kindOf(array)](array as never);
    this.arrays.push(kept);
    return kept;
  }

  /** Whether an array to be written stays. */
  output(array: NumericArray): boolean {
    this.arrays.push(array);
    return this.keep(array);
  }

  /** At the end of the run: until then this object, and with it the memory, is in use. */
  release(): void {
    this.buffers.clear();
    this.arrays.length = 0;
  }
}
