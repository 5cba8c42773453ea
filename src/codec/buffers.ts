/**
 * ArrayBuffers and their views, to bytes and back.
 *
 * Many bytes (./bytes.ts, MUCH) begin at a multiple of 8 from the message's begin. Where the message lies in a block that
 * nobody else reads, they are not copied again: the buffer that arrives lies on the block (../arena/lend.ts).
 */
import { types } from 'node:util';
import { handleOf } from '../arena/handle';
import { malformed } from './bytes';
import { Tag, VIEWS } from './format';
import { writeHandle } from './handle-value';
import { byteLengthOf, followsBuffer, isDetached, maxByteLengthOf, viewParts, type ViewParts } from './native-values';
import { refuse } from './refusal';
import type { ValueReader } from './value-reader';
import type { ValueWriter } from './value-writer';

const viewNumbers = new Map<string, number>(VIEWS.map((type, i) => [type.name, i]));

export function writeView(writer: ValueWriter, value: ArrayBufferView): void {
  const { out } = writer;
  const parts = viewParts(value);
  const { type, buffer, offset, length } = parts;
  const isBuffer = type === 'Uint8Array' && Buffer.isBuffer(value);
  const isShared = handleOf(buffer) !== undefined;
  if (isBuffer && !isShared && !types.isSharedArrayBuffer(buffer)) {
    writer.enter(value);
    out.byte(Tag.BUFFER);
    out.count(length);
    out.memory(value);
    return;
  }
  const number = isBuffer && isShared ? VIEWS.length : viewNumbers.get(type);
  if (number === undefined) refuse(`a ${type} is not known to every Node that may read this`);
  if (isDetached(buffer)) refuse('its ArrayBuffer is detached');
  if (!isShared && writeWholeView(writer, value, number, parts)) return;
  writer.enter(value);
  out.byte(Tag.VIEW);
  out.byte(number);
  out.count(offset);
  out.count(followsBuffer(value, buffer) ? 0 : length + 1);
  writer.value(buffer);
}

/** A view of all of a buffer that is not in the message yet. False, and nothing is written: it is something else. */
function writeWholeView(
  writer: ValueWriter,
  value: ArrayBufferView,
  number: number,
  { buffer, offset, length }: ViewParts,
): boolean {
  const { out } = writer;
  const size = length * ((VIEWS[number] as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1);
  if (offset !== 0 || size !== byteLengthOf(buffer) || types.isSharedArrayBuffer(buffer)) return false;
  if (maxByteLengthOf(buffer) !== undefined || writer.has(buffer)) return false;
  writer.enter(value);
  writer.enter(buffer);
  out.byte(Tag.WHOLE_VIEW);
  out.byte(number);
  out.count(size);
  out.memory(new Uint8Array(buffer));
  return true;
}

export function writeArrayBuffer(writer: ValueWriter, value: ArrayBufferLike): void {
  const { out } = writer;
  if (types.isSharedArrayBuffer(value)) {
    refuse('a SharedArrayBuffer is shared with threads of this process only; sharedArray() makes one for all');
  }
  if (isDetached(value)) refuse('it is a detached ArrayBuffer');
  const handle = handleOf(value);
  if (handle !== undefined) return writeHandle(writer, handle);
  writer.enter(value);
  const most = maxByteLengthOf(value);
  out.byte(most === undefined ? Tag.ARRAY_BUFFER : Tag.RESIZABLE_BUFFER);
  out.count(byteLengthOf(value));
  if (most !== undefined) out.count(most);
  out.memory(new Uint8Array(value));
}

/** A Node Buffer on shared memory. */
function NodeBuffer(buffer: ArrayBuffer, offset: number, length?: number): Buffer {
  return Buffer.from(buffer, offset, length);
}

type ViewConstructor = new (buffer: ArrayBuffer, offset: number, length?: number) => ArrayBufferView;

export function readView(reader: ValueReader): ArrayBufferView {
  const made = reader.beginLater();
  const number = reader.in.byte();
  const type = (number === VIEWS.length ? NodeBuffer : VIEWS[number]) as ViewConstructor | undefined;
  const offset = reader.in.count();
  const length = reader.in.count();
  const buffer = reader.value();
  if (type === undefined || !(buffer instanceof ArrayBuffer)) throw malformed('a view has no buffer');
  let view: ArrayBufferView;
  try {
    view = length === 0 ? new type(buffer, offset) : new type(buffer, offset, length - 1);
  } catch {
    throw malformed('a view is not within its buffer');
  }
  made(view);
  return view;
}

export function readWholeView(reader: ValueReader): ArrayBufferView {
  const type = VIEWS[reader.in.byte()] as ViewConstructor | undefined;
  const buffer = reader.in.memory(reader.in.length());
  if (type === undefined) throw malformed('a view has no type');
  try {
    const view = reader.begin(new type(buffer, 0));
    reader.begin(buffer);
    return view;
  } catch {
    throw malformed('a view is not within its buffer');
  }
}

export function readResizableBuffer(reader: ValueReader): ArrayBuffer {
  const length = reader.in.length();
  const maxByteLength = reader.in.count();
  const bytes = new Uint8Array(reader.in.memory(length));
  let buffer: ArrayBuffer;
  try {
    buffer = new (ArrayBuffer as new (n: number, o: { maxByteLength: number }) => ArrayBuffer)(length, {
      maxByteLength,
    });
  } catch {
    throw malformed('the largest length of a buffer is none');
  }
  new Uint8Array(buffer).set(bytes);
  return reader.begin(buffer);
}
