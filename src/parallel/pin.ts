/**
 * Keeps buffers in place while other threads use them.
 *
 * A shared buffer can't go away. An ArrayBuffer is given a detach key for that time, so that what would detach it throws;
 * one that may shrink, or can't be given a key, is copied instead.
 */
import { kernelBinding, type NumericArray } from '../native/kernel';
import { kindOf, KINDS } from './arrays';

/** How many runs use a buffer now. */
const pins = new WeakMap<ArrayBuffer, number>();
const KEY = Symbol('multiproc: in use by parallel');

let works: boolean | undefined;

/** Whether a detach key does what it should here: tried once. */
function canPin(): boolean {
  if (works !== undefined) return works;
  works = false;
  const trial = new ArrayBuffer(8);
  if (!kernelBinding().setDetachKey(trial, KEY)) return works;
  try {
    structuredClone(trial, { transfer: [trial] });
  } catch {
    kernelBinding().setDetachKey(trial, undefined);
    structuredClone(trial, { transfer: [trial] });
    works = trial.byteLength === 0;
  }
  return works;
}

/** False where it has to be copied. */
function pin(buffer: ArrayBufferLike): boolean {
  if (!(buffer instanceof ArrayBuffer)) return true;
  if ((buffer as { resizable?: boolean }).resizable === true || !canPin()) return false;
  const count = pins.get(buffer) ?? 0;
  if (count === 0 && !kernelBinding().setDetachKey(buffer, KEY)) return false;
  pins.set(buffer, count + 1);
  return true;
}

function unpin(buffer: ArrayBufferLike): void {
  if (!(buffer instanceof ArrayBuffer)) return;
  const count = pins.get(buffer)!;
  if (count > 1) {
    pins.set(buffer, count - 1);
    return;
  }
  pins.delete(buffer);
  kernelBinding().setDetachKey(buffer, undefined);
}

function copy(array: NumericArray): NumericArray {
  return new KINDS[kindOf(array)](array as never);
}

/** Arrays in place for one run, the same or copies. */
export class Pinned {
  private readonly buffers: ArrayBufferLike[] = [];

  /** The array, pinned; or a copy of what it holds now. */
  input(array: NumericArray): NumericArray {
    if (!pin(array.buffer)) return copy(array);
    this.buffers.push(array.buffer);
    return array;
  }

  /** Whether an array to be written could be pinned. */
  output(array: NumericArray): boolean {
    if (!pin(array.buffer)) return false;
    this.buffers.push(array.buffer);
    return true;
  }

  release(): void {
    for (const buffer of this.buffers.splice(0)) unpin(buffer);
  }
}
