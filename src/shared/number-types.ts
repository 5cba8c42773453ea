/** Types of numbers in shared memory: their names, and the typed arrays that read them. */
import { refuseArgument } from '../validate';

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
} as const;

export type NumberType = keyof typeof ARRAYS;

/** What JavaScript has for a number of that type. */
export type NumberOf<K extends NumberType> = K extends `big${string}` ? bigint : number;

export type ArrayOf<K extends NumberType> = K extends 'int8'
  ? Int8Array
  : K extends 'uint8'
    ? Uint8Array
    : K extends 'int16'
      ? Int16Array
      : K extends 'uint16'
        ? Uint16Array
        : K extends 'int32'
          ? Int32Array
          : K extends 'uint32'
            ? Uint32Array
            : K extends 'float32'
              ? Float32Array
              : K extends 'float64'
                ? Float64Array
                : K extends 'bigint64'
                  ? BigInt64Array
                  : K extends 'biguint64'
                    ? BigUint64Array
                    : never;

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export type TypedArrayConstructor = (new (buffer: ArrayBuffer, offset?: number, length?: number) => TypedArray) & {
  readonly BYTES_PER_ELEMENT: number;
};

const NAMES = Object.keys(ARRAYS) as NumberType[];

/** The number of a type, as it stands in shared memory. Never reordered. */
export function numberOfType(type: NumberType): number {
  return NAMES.indexOf(type);
}

/** The type with that number. @throws Error for a number that is none. */
export function typeOfNumber(number: number): NumberType {
  const type = NAMES[number];
  if (type === undefined) throw Object.assign(new Error(`${number} is no type of numbers`), { code: 'ERR_BAD_HANDLE' });
  return type;
}

export function arrayOf(type: NumberType): TypedArrayConstructor {
  return ARRAYS[type];
}

export function checkNumberType(type: unknown): asserts type is NumberType {
  if (typeof type === 'string' && Object.hasOwn(ARRAYS, type)) return;
  refuseArgument('type', `one of ${NAMES.join(', ')}`, type);
}

/** A number, or for the big types a bigint. Its range is no error: it is converted as a typed array does. */
export function checkNumber(value: unknown, argument: string, type: NumberType): void {
  const wanted = type.startsWith('big') ? 'bigint' : 'number';
  if (typeof value !== wanted) refuseArgument(argument, `a ${wanted}`, value);
}
