/**
 * The functions of a pool's tasks: each is encoded once and sent to a worker once, and known by a small number from then on.
 *
 * A function that captures variables is encoded at every call, since they may have changed. What gives the same bytes is the same
 * function, so an inline closure that is made anew for each call is one too. A function that captures nothing is looked up by identity.
 */
import { native } from '../native';
import { capturesNothing } from '../closure';
import { encode } from '../codec';
import { blockOf } from './block';
import { ValueWriter } from './values';
import * as L from './layout';

/** Functions kept beyond this are forgotten, least recently used first, once no task needs them. */
const KEPT = 512;

interface Entry {
  /** What it was encoded to, or the digest of that. */
  readonly key: string;
  readonly refs: readonly number[];
  /** The DEFINE record, and the block that it names (-1: none). */
  readonly record: Int32Array;
  readonly block: number;
  /** Unsettled tasks that call it. */
  uses: number;
}

export class FunctionTable {
  /** By id, least recently used first. */
  private readonly entries = new Map<number, Entry>();
  private readonly ids = new Map<string, number>();
  private readonly constants = new WeakMap<Function, number>();
  private next = 0;
  private last: Function | null = null;
  private lastEntry: Entry | null = null;
  private lastId = -1;
  /** Called with the id of a function that the workers may forget. */
  onForget: (id: number) => void = () => {};

  /**
   * The id of `fn`, with one use more: give it back by release().
   *
   * @throws SerializationError where it can't be sent.
   */
  use(fn: Function, path: string): number {
    if (fn === this.last) {
      this.lastEntry!.uses++;
      return this.lastId;
    }
    const constant = this.constants.get(fn);
    if (constant !== undefined && this.entries.has(constant)) return this.touch(constant, fn);
    const { bytes, refs } = encode(fn, path);
    const key = keyOf(bytes);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.next++;
      const { record, block } = define(id, bytes);
      for (const ref of refs) native.retain(ref);
      this.entries.set(id, { key, refs, record, block, uses: 0 });
      this.ids.set(key, id);
    }
    if (capturesNothing(fn)) {
      this.constants.set(fn, id);
      return this.touch(id, fn);
    }
    return this.touch(id, null);
  }

  /** @param constant the function, where its id can't change. */
  private touch(id: number, constant: Function | null): number {
    const entry = this.entries.get(id)!;
    entry.uses++;
    this.entries.delete(id);
    this.entries.set(id, entry);
    this.last = constant;
    this.lastEntry = entry;
    this.lastId = id;
    if (this.entries.size > KEPT) this.shrink();
    return id;
  }

  /** One more use of a function that has one. */
  reuse(id: number): void {
    this.entries.get(id)!.uses++;
  }

  release(id: number): void {
    const entry = this.entries.get(id);
    if (entry !== undefined) entry.uses--;
  }

  /** The record that tells a worker what function `id` is. */
  record(id: number): { record: Int32Array; block: number } {
    return this.entries.get(id)!;
  }

  private shrink(): void {
    for (const [id, entry] of this.entries) {
      if (entry.uses > 0) continue;
      this.drop(id, entry);
      this.onForget(id);
      if (this.entries.size <= KEPT) return;
    }
  }

  private drop(id: number, entry: Entry): void {
    this.entries.delete(id);
    this.ids.delete(entry.key);
    if (this.lastId === id) this.last = null;
    for (const ref of entry.refs) native.release(ref);
    if (entry.block >= 0) native.release(entry.block);
  }

  /** Gives back what the functions hold. */
  clear(): void {
    for (const [id, entry] of this.entries) this.drop(id, entry);
  }
}

function define(id: number, bytes: Uint8Array): { record: Int32Array; block: number } {
  const writer = new ValueWriter(16 + (bytes.length >> 2));
  writer.at = L.TASK_HEADER;
  writer.message([bytes], bytes.length);
  writer.align();
  return finishRecord(writer, L.DEFINE, 0, L.NO_TASK, id, 0);
}

/** Writes the header of the record that `writer` holds from 0 to `at`; a large payload is moved to a block. */
function finishRecord(writer: ValueWriter, kind: number, flags: number, id: number, fn: number, extra: number) {
  let block = -1;
  if (writer.at > L.INLINE_WORDS) {
    const length = writer.at - L.TASK_HEADER;
    block = blockOf(writer.words.subarray(L.TASK_HEADER, writer.at));
    writer.at = L.TASK_HEADER;
    writer.rawDouble(block);
    writer.rawDouble(length);
    flags |= L.IN_BLOCK;
  }
  const words = writer.words.slice(0, writer.at);
  words[0] = L.head(writer.at, kind, flags);
  words[1] = id;
  words[2] = fn;
  words[3] = extra;
  return { record: words, block };
}

/** A function is told from others by what it was encoded to; of a large one, by a digest of that. */
function keyOf(bytes: Uint8Array): string {
  if (bytes.length > 2048) {
    const { createHash } = process.getBuiltinModule('node:crypto');
    return `sha256 ${createHash('sha256').update(bytes).digest('hex')}`;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
