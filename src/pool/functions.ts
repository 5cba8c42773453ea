/**
 * The functions of a pool's tasks: each is encoded once and sent to a worker once, and known by a small number from then on.
 *
 * A function that captures variables is encoded at every call, since they may have changed; where the result is what it was, it is
 * still the same function. One that captures nothing is looked up by identity.
 */
import { native } from '../native';
import { encode } from '../codec';
import { blockOf } from './block';
import { ValueWriter } from './values';
import * as L from './layout';

/** Functions kept beyond this are forgotten, least recently used first, once no task needs them. */
const KEPT = 512;

interface Entry {
  readonly fn: Function;
  readonly bytes: Uint8Array;
  readonly refs: readonly number[];
  /** The DEFINE record, and the block that it names (-1: none). */
  readonly record: Int32Array;
  readonly block: number;
  /** Unsettled tasks that call it. */
  uses: number;
}

export class FunctionTable {
  private readonly entries = new Map<number, Entry>();
  private readonly latest = new WeakMap<Function, number>();
  private next = 0;
  private last: Function | null = null;
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
      this.entries.get(this.lastId)!.uses++;
      return this.lastId;
    }
    const known = this.latest.get(fn);
    if (known !== undefined && isConstant(fn)) {
      const entry = this.entries.get(known);
      if (entry !== undefined) return this.touch(fn, known, entry);
    }
    const { bytes, refs } = encode(fn, path);
    if (known !== undefined) {
      const entry = this.entries.get(known);
      if (entry !== undefined && sameBytes(entry.bytes, bytes)) return this.touch(fn, known, entry);
    }
    const id = this.next++;
    const { record, block } = define(id, bytes);
    for (const ref of refs) native.retain(ref);
    this.entries.set(id, { fn, bytes, refs, record, block, uses: 0 });
    this.latest.set(fn, id);
    this.shrink();
    return this.touch(fn, id, this.entries.get(id)!);
  }

  private touch(fn: Function, id: number, entry: Entry): number {
    entry.uses++;
    this.entries.delete(id);
    this.entries.set(id, entry);
    this.last = isConstant(fn) ? fn : null;
    this.lastId = id;
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
    if (this.entries.size <= KEPT) return;
    for (const [id, entry] of this.entries) {
      if (entry.uses > 0) continue;
      this.drop(id, entry);
      this.onForget(id);
      if (this.entries.size <= KEPT) return;
    }
  }

  private drop(id: number, entry: Entry): void {
    this.entries.delete(id);
    if (this.latest.get(entry.fn) === id) this.latest.delete(entry.fn);
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
  writer.message(bytes);
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

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Whether encoding `fn` again can give nothing else. */
function isConstant(_fn: Function): boolean {
  return false; // until the closures say
}
