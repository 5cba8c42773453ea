/**
 * Values to bytes and back, for everything that goes from one process to another.
 *
 * `encode` looks first: a small value, and one that holds handles, errors or functions, is written by ./value-writer; a
 * large plain one by V8. All of them serialise at the call: later changes are not seen.
 */
import type * as V8 from 'node:v8';
import { isLoaded, load } from '../closure/load';
import { SerializationError } from '../errors';
import { malformed } from './bytes';
import { modulesOf, readClosures, writeClosures } from './closures';
import { Form } from './format';
import { isPlain } from './plain';
import { Refusal } from './refusal';
import { ValueReader } from './value-reader';
import { NEEDS_FUNCTIONS, TOO_LARGE, ValueWriter } from './value-writer';

export { decodeError, encodeError } from './thrown';

/** A value that is ready to be sent. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** The block ids of the handles in it, each once, in the order in which they appear. */
  readonly refs: readonly number[];
}

const NONE: readonly number[] = Object.freeze([]);

/** How many objects ./value-writer writes before it is asked whether V8 could do it. */
const SMALL = 64;

/** Loaded at the first need: it brings Node's streams along, a tenth of what it takes to boot a process. */
const v8 = (): typeof V8 => process.getBuiltinModule('node:v8');

let spare: ValueWriter | undefined = new ValueWriter();

/**
 * Serialises a value.
 *
 * @param path how an error names the value: 'args[0]'.
 * @throws SerializationError whose `path` says what in it can't be sent.
 */
export function encode(value: unknown, path: string): Encoded {
  return encoded(value, path, false);
}

/** As {@link encode}, but the bytes are valid until the next call of either: for a message that is copied at once. */
export function encodeView(value: unknown, path: string): Encoded {
  return encoded(value, path, true);
}

function encoded(value: unknown, path: string, view: boolean): Encoded {
  // A capture may read a module's getters, and those may send something.
  const writer = spare ?? new ValueWriter();
  spare = undefined;
  try {
    write(writer, value);
    const refs = writer.refs.size === 0 ? NONE : [...writer.refs];
    return { bytes: view ? writer.inPlace() : writer.take(), refs };
  } catch (error) {
    if (error instanceof Refusal) throw error.toError(path);
    if (isStackOverflow(error)) throw new SerializationError(`cannot send ${path}: it nests too deeply`, path);
    throw error;
  } finally {
    spare = writer;
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function write(writer: ValueWriter, value: unknown): void {
  try {
    writer.begin(Form.VALUE, SMALL);
    writer.value(value);
    return;
  } catch (error) {
    if (error === NEEDS_FUNCTIONS) return writeClosures(writer, value);
    if (error !== TOO_LARGE) throw error;
  }
  if (isPlain(value)) {
    writer.begin(Form.V8, 0);
    writer.out.bytes(serialise(value));
    return;
  }
  try {
    writer.begin(Form.VALUE, Infinity);
    writer.value(value);
  } catch (error) {
    if (error !== NEEDS_FUNCTIONS) throw error;
    writeClosures(writer, value);
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
  const reader = new ValueReader(bytes);
  const form: Form = reader.in.byte();
  if (form === Form.V8) return deserialise(reader.in.rest());
  if (form !== Form.VALUE && form !== Form.CLOSURES) throw malformed(`its form ${form as number} is unknown`);
  let value: unknown;
  try {
    value = form === Form.VALUE ? reader.value() : readClosures(reader);
  } catch (error) {
    if (isStackOverflow(error)) throw malformed('it nests too deeply');
    throw error;
  }
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

/**
 * Loads the modules that functions in a message import, so that {@link decode} finds them: import() can't be waited for
 * within it. Undefined where there is nothing to wait for.
 */
export function prepare(bytes: Uint8Array): Promise<void> | undefined {
  if (bytes[0] !== Form.CLOSURES) return undefined;
  const reader = new ValueReader(bytes);
  reader.in.byte();
  const missing = modulesOf(reader).filter((request) => !isLoaded(request));
  if (missing.length === 0) return undefined;
  return Promise.all(missing.map(load)).then(() => undefined);
}
