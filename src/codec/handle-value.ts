/** Handles of shared objects, to bytes and back. */
import { fromHandle, type Handle } from '../arena/handle';
import { tree } from '../arena/tree';
import { SerializationError } from '../errors';
import { Tag } from './format';
import { refuse } from './refusal';
import type { ValueReader } from './value-reader';
import type { ValueWriter } from './value-writer';

export function writeHandle(writer: ValueWriter, handle: Handle): void {
  if (handle.tree !== tree().tree) {
    refuse(`the ${handle.kind} belongs to another tree of processes (${handle.tree})`);
  }
  if (handle.id < 0) refuse(`the ${handle.kind} is closed`);
  writer.out.byte(Tag.HANDLE);
  writer.string(handle.tree);
  writer.string(handle.kind);
  writer.out.count(handle.id);
  writer.refs.add(handle.id);
  for (const other of handle.also) writer.refs.add(other);
  writeParts(writer, handle);
}

function writeParts({ out, refs }: ValueWriter, { parts }: Handle): void {
  if (parts === undefined) return out.count(0);
  let encoded;
  try {
    encoded = parts();
  } catch (error) {
    if (error instanceof SerializationError) refuse(error.message);
    throw error;
  }
  out.count(encoded.bytes.length);
  out.bytes(encoded.bytes);
  for (const ref of encoded.refs) refs.add(ref);
}

export function readHandle(reader: ValueReader): object {
  const ofTree = reader.string();
  const kind = reader.string();
  const id = reader.in.count();
  const length = reader.in.length();
  const parts = length > 0 ? new Uint8Array(reader.in.bytes(length)) : undefined;
  try {
    return fromHandle({ tree: ofTree, kind, id }, parts);
  } catch (error) {
    throw new SerializationError(`a message is malformed: ${String(error)}`, '', { cause: error });
  }
}
