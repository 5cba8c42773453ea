/**
 * Values to bytes and back, for everything that goes from one process to another.
 *
 * All is serialised at the call: later changes are not seen. ./value-writer writes it, but for a value that nests so
 * deeply that the stack does not suffice: V8, which needs less of it, does that.
 */
import { isLoaded, load } from '../closure/load';
import { SerializationError } from '../errors';
import { v8 } from '../native/v8';
import { malformed } from './bytes';
import { modulesOf, readClosures, writeClosures } from './closures';
import { Form } from './format';
import { isPlain } from './plain';
import { Refusal } from './refusal';
import { ValueReader } from './value-reader';
import { NEEDS_FUNCTIONS, ValueWriter } from './value-writer';

export { decodeError, encodeError } from './thrown';

/** A value that is ready to be sent. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The block ids of the handles in it, each once, in the order in which they appear. */
  readonly refs: readonly number[];
}

/** A value that is ready to be sent at once: valid until something else is encoded, or code of the user's runs. */
export interface Message {
  /** The first `length` bytes of `buffer`, or `parts` one behind the other. */
  readonly buffer: Uint8Array;
  readonly length: number;
  readonly parts: readonly Uint8Array[] | null;
  /** As in {@link Encoded}; null: none. */
  readonly refs: readonly number[] | null;
}

const NONE: readonly number[] = Object.freeze([]);

let spareWriter: ValueWriter | undefined = new ValueWriter();
let spareReader: ValueReader | undefined = new ValueReader();

/**
 * Serialises a value.
 *
 * @param path how an error names the value: 'args[0]'.
 * @throws SerializationError whose `path` says what in it can't be sent.
 */
export function encode(value: unknown, path: string): Encoded {
  const writer = written(value, path);
  return { bytes: writer.take(), refs: writer.refs.size === 0 ? NONE : [...writer.refs] };
}

/** As {@link encode}, but copies nothing: for a message that is copied at once. */
export function encodeView(value: unknown, path: string): Message {
  const writer = written(value, path);
  writer.forget();
  view.buffer = writer.out.buffer;
  view.length = writer.out.at;
  view.parts = writer.out.parts();
  view.refs = writer.refs.size === 0 ? null : [...writer.refs];
  return view;
}

const view: { -readonly [Key in keyof Message]: Message[Key] } = {
  buffer: new Uint8Array(0),
  length: 0,
  parts: null,
  refs: null,
};

/** A writer that holds the message, until the next call. */
function written(value: unknown, path: string): ValueWriter {
  // A capture may read a module's getters, and those may send something.
  const writer = spareWriter ?? new ValueWriter();
  spareWriter = undefined;
  try {
    write(writer, value);
    return writer;
  } catch (error) {
    writer.forget();
    if (error instanceof Refusal) throw error.toError(path);
    if (isStackOverflow(error)) throw new SerializationError(`cannot send ${path}: it nests too deeply`, path);
    throw error;
  } finally {
    spareWriter = writer;
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function write(writer: ValueWriter, value: unknown): void {
  try {
    writer.begin(Form.VALUE);
    writer.value(value);
  } catch (error) {
    if (error === NEEDS_FUNCTIONS) return writeClosures(writer, value);
    if (!isStackOverflow(error) || !isPlain(value)) throw error;
    writer.begin(Form.V8);
    writer.out.bytes(serialise(value));
  }
}

function serialise(value: unknown): Buffer {
  const serializer = new (v8().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/**
 * The value that was encoded. Nothing of it refers to `bytes`.
 *
 * @throws SerializationError for bytes that encode() did not write; what loading a module throws, where a function in it
 * imports one and {@link prepare} was not called.
 */
export function decode(bytes: Uint8Array): unknown {
  return decodeAt(bufferOf(bytes), 0, bytes.length);
}

/**
 * As {@link decode}, of the bytes of `buffer` from `start` to `end`.
 *
 * @param block the block of which `buffer` is all, where nobody else will read the message: large buffers may stay where they lie, and hold
 * it. -1: nothing of the value refers to `buffer`.
 */
export function decodeAt(buffer: Buffer, start: number, end: number, block = -1): unknown {
  // A module that a function imports is run, and that may decode something.
  const reader = spareReader ?? new ValueReader();
  spareReader = undefined;
  reader.open(buffer, start, end, block);
  try {
    return read(reader);
  } catch (error) {
    if (isStackOverflow(error)) throw malformed('it nests too deeply');
    throw error;
  } finally {
    reader.close();
    spareReader = reader;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function read(reader: ValueReader): unknown {
  const form: Form = reader.in.byte();
  if (form === Form.V8) return deserialise(reader.in.rest());
  if (form === Form.BYTES) throw new SerializationError('the message is bytes and no value: recvBytes() it', '');
  if (form !== Form.VALUE && form !== Form.CLOSURES) throw malformed(`its form ${form as number} is unknown`);
  const value = form === Form.VALUE ? reader.value() : readClosures(reader);
  if (reader.in.left > 0) throw malformed('something follows its end');
  return value;
}

function deserialise(bytes: Buffer): unknown {
  try {
    const deserializer = new (v8().Deserializer)(bytes);
    deserializer.readHeader();
    return deserializer.readValue();
  } catch (error) {
    throw new SerializationError(`a message is malformed: ${String(error)}`, '', { cause: error });
  }
}

/** Whether a message can hold no functions: there is nothing to {@link prepare}, and to decode it runs nothing. */
export function isPrepared(bytes: Uint8Array, start = 0): boolean {
  return bytes[start] !== Form.CLOSURES;
}

/**
 * Loads the modules that functions in a message import, so that {@link decode} finds them: import() can't be waited for
 * within it. Undefined where there is nothing to wait for.
 */
export function prepare(bytes: Uint8Array): Promise<void> | undefined {
  if (isPrepared(bytes)) return undefined;
  const reader = new ValueReader();
  reader.open(bufferOf(bytes), 1, bytes.length);
  const missing = modulesOf(reader).filter((request) => !isLoaded(request));
  if (missing.length === 0) return undefined;
  return Promise.all(missing.map(load)).then(() => undefined);
}
