/**
 * The bytes of a message.
 *
 * The first byte says which of these forms it has:
 * - VALUE: one value in the form below.
 * - CLOSURES: functions, then one value; the order is explained in ./closures.ts.
 * - V8: what V8's own serializer wrote, for values that nest more deeply than the other forms can, and that hold nothing
 *   but what structured clone knows.
 *
 * A value is a tag byte and what follows it. Counts and lengths are variable-length integers of 7 bits a byte, the lowest
 * first. Objects are numbered in the order in which they begin; REPEATED names one that began before, so shared and
 * cyclic structures arrive as they were. Numbers are little-endian.
 */

export const enum Form {
  /** Bytes as they are, of a pipe's sendBytes(): no value. */
  BYTES = 0,
  VALUE = 1,
  CLOSURES = 2,
  V8 = 3,
}

export const enum Tag {
  UNDEFINED = 0,
  NULL = 1,
  TRUE = 2,
  FALSE = 3,
  /** Zigzag: 0, -1, 1, -2 … are 0, 1, 2, 3 … */
  INTEGER = 4,
  DOUBLE = 5,
  /** length, then a byte a character. */
  LATIN1 = 6,
  /** length, then two bytes a code unit; lone surrogates stay what they are. */
  UTF16 = 7,
  /** '-' or '+' as 1 or 0, then the digits as a LATIN1 value in base 16. */
  BIGINT = 8,
  /** Key of Symbol.for, as a string. */
  REGISTERED_SYMBOL = 9,
  /** Name of a property of Symbol: 'iterator'. */
  KNOWN_SYMBOL = 10,
  /** number of the object. */
  REPEATED = 11,
  /** count, then key and value by turns. */
  OBJECT = 12,
  /** length, then that many values, HOLE among them. */
  ARRAY = 13,
  /** length, count, then key and value by turns: sparse arrays, and those with named properties. */
  SPARSE_ARRAY = 14,
  HOLE = 15,
  /** milliseconds as 8 bytes. */
  DATE = 16,
  /** source, flags. */
  REGEXP = 17,
  /** count, then key and value by turns. */
  MAP = 18,
  SET = 19,
  /** The primitive. */
  BOXED = 20,
  /** length, bytes. */
  ARRAY_BUFFER = 21,
  /** length, largest length, bytes. */
  RESIZABLE_BUFFER = 22,
  /** type, offset, length + 1 (0: follows its buffer), then the buffer as a value. */
  VIEW = 23,
  /** A Node Buffer: length, bytes. Its ArrayBuffer is not kept: it may be Node's pool. */
  BUFFER = 24,
  /** See ./error-value.ts. */
  ERROR = 25,
  /** name, message, stack. */
  DOM_EXCEPTION = 26,
  /** tree, kind, id; length and bytes of its parts, a message of their own. */
  HANDLE = 27,
  /** index among the message's functions. */
  FUNCTION = 28,
  /** Something that exists in every process: what ./closure/reference.ts describes, as a value. */
  REFERENCE = 29,
  /** An object without a prototype; as OBJECT. */
  NULL_OBJECT = 30,
  /** A plain object: its shape (./shapes.ts), then its values. */
  SHAPED = 31,
  /** length, then 4 bytes each: an array of integers. */
  INTEGERS = 32,
  /** length, then 8 bytes each: an array of numbers. */
  DOUBLES = 33,
  /** type, length in bytes, bytes: a view of all of its buffer. The view is numbered, then the buffer. */
  WHOLE_VIEW = 34,
  /** An instance, or an object with getters, symbols and the like: see ./custom.ts. */
  CUSTOM = 35,
  /** A symbol that is known by a name of this library's: that name, its description. */
  SYMBOL = 36,
  /** A value that stands in the message's plain data: see ./plain-data.ts. */
  PLAIN = 37,
  /** Its text, as a string. */
  URL = 38,
  URL_SEARCH_PARAMS = 39,
}

/** The classes of views, by their number in VIEW and WHOLE_VIEW. Never reordered. In VIEW the number after the last is a Node Buffer on shared memory. */
export const VIEWS = [
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;
