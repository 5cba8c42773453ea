/**
 * Typed arrays on shared memory.
 *
 * Such an array's ArrayBuffer is a block of the arena, as large as the array. The buffer carries the handle: whatever views
 * there are of it (the array, subarrays, DataViews) travel as what they are of a buffer that goes by handle, and no byte is
 * copied. The buffer's memory owns one count of the block. V8 counts its bytes as external memory of this heap, so
 * large arrays bring on a collection as arrays of its own would; what is collected is given back in a later turn of the event loop.
 */
import { types } from 'node:util';
import { native } from '../native';
import { brandMemory, handleOf, registerKind } from '../arena/handle';
import { tree } from '../arena/tree';
import { checkInteger, refuseArgument } from '../validate';
import type { TypedArray, TypedArrayConstructor } from './number-types';

const KIND = 'Array';
/** The largest block of the arena. */
const MOST_BYTES = 2 ** 30;

const CLASSES: ReadonlySet<string> = new Set([
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]);

/** By name: a test runner's sandbox has classes of its own. */
function checkClass(type: unknown): asserts type is TypedArrayConstructor {
  const known =
    typeof type === 'function' &&
    CLASSES.has(type.name) &&
    (Object.getPrototypeOf(type) as Function | null)?.name === 'TypedArray';
  if (!known) refuseArgument('type', 'a class of typed arrays, such as Float64Array', type);
}

/** A zeroed buffer of so many bytes on shared memory. */
function sharedBuffer(bytes: number): ArrayBuffer {
  tree();
  return adopt(native.arrayCreate(bytes));
}

/** The buffer of a block of which this thread has one count to give away. */
function adopt(id: number): ArrayBuffer {
  const buffer = native.arrayBuffer(id);
  brandMemory(buffer, KIND, id);
  return buffer;
}

/**
 * A typed array on shared memory. Handed to another process (as an argument, captured, in a queue or pipe, as a result), it is
 * the same memory there, never a copy; subarrays and DataViews of it too.
 *
 * @param from its length, zeroed; or what it begins with.
 * @throws TypeError, RangeError; Error with code ERR_OUT_OF_SHARED_MEMORY where there is not so much. At most 1 GiB.
 * @example
 * const squares = sharedArray(Float64Array, 1_000_000);
 * await pool.map((i) => { squares[i] = i * i; }, indices);
 */
export function sharedArray<C extends new (...a: any[]) => TypedArray>(
  type: C,
  from: number | ArrayLike<InstanceType<C>[number]>,
): InstanceType<C>;
export function sharedArray(type: unknown, from: unknown): TypedArray {
  checkClass(type);
  const most = MOST_BYTES / type.BYTES_PER_ELEMENT;
  let length = from as number;
  if (typeof from !== 'number') {
    if (typeof from !== 'object' || from === null || typeof (from as ArrayLike<unknown>).length !== 'number') {
      refuseArgument('from', 'a length or an array of numbers', from);
    }
    length = (from as ArrayLike<unknown>).length;
  }
  checkInteger(length, typeof from === 'number' ? 'from' : 'from.length', 0, most);
  const array = new type(sharedBuffer(length * type.BYTES_PER_ELEMENT), 0, length);
  if (typeof from !== 'number') array.set(from as never);
  return array;
}

/** Whether the memory of an array, view or buffer is shared with other processes. @throws TypeError for anything else. */
export function isShared(x: TypedArray | DataView | ArrayBuffer): boolean {
  if (ArrayBuffer.isView(x)) return handleOf(x.buffer) !== undefined;
  if (!types.isAnyArrayBuffer(x)) refuseArgument('x', 'a typed array, a DataView or an ArrayBuffer', x);
  return handleOf(x) !== undefined;
}

registerKind(KIND, adopt);
