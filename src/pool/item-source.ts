/**
 * Where the items of a map come from: an array that is there, or an iterable that is read ahead of its use.
 */
import { native } from '../native';
import { INLINE_WORDS } from './layout';
import { ValueWriter } from './values';

export interface ItemSource {
  /** Items from 0 to this can be sent now. */
  readonly ready: number;
  /** How many there are in all; undefined while that is not known. */
  readonly total: number | undefined;
  /** The iterable is asked for its next item. */
  readonly reading: boolean;
  /** What the iterable threw at its end. */
  readonly failure: { readonly error: unknown } | undefined;
  /** All items, where all are plain numbers. */
  readonly numbers: Float64Array | undefined;
  /** Appends up to `count` items from `first` on; at least one. @returns how many. @throws SerializationError */
  write(writer: ValueWriter, first: number, count: number): number;
  /** Item `index` will not be asked for again. */
  settled(index: number): void;
  /** The user got, or has as good as got, this many items. */
  consumed(count: number): void;
  /** No more is needed. */
  close(): void;
}

/** Words of items that are serialised within the call; an array beyond it is serialised as it is sent. */
const EAGER_WORDS = 2 << 20;
/** Fewer numbers go as values: a block of their own would not pay. */
const MIN_NUMBERS = 64;

/** An array as it was at the call. */
export class ArraySource implements ItemSource {
  readonly reading = false;
  readonly ready: number;
  readonly total: number;
  readonly failure: { readonly error: unknown } | undefined;
  readonly numbers: Float64Array | undefined;
  private items: readonly unknown[] = [];
  private encoded: ValueWriter | undefined;
  /** Where each encoded item begins, and the last one ends. */
  private starts: number[] = [0];
  private refs: readonly number[] | null = null;

  /** @throws SerializationError for an item among the first 8 MiB that can't be sent. */
  constructor(items: ArrayLike<unknown>, failure?: { readonly error: unknown }) {
    this.ready = this.total = items.length;
    this.failure = failure;
    this.numbers = items.length >= MIN_NUMBERS ? numbersOf(items) : undefined;
    if (this.numbers === undefined) this.encode(items);
  }

  private encode(items: ArrayLike<unknown>): void {
    const writer = (this.encoded = new ValueWriter(Math.min(EAGER_WORDS, items.length * 4 + 64)));
    let i = 0;
    for (; i < items.length && writer.at < EAGER_WORDS; i++) {
      if (!writer.scalar(items[i])) writer.encoded(items[i], `items[${i}]`);
      writer.align();
      this.starts.push(writer.at);
    }
    this.refs = writer.refs;
    if (this.refs !== null) for (const ref of this.refs) native.retain(ref);
    if (i < items.length) this.items = Array.from(items);
  }

  write(writer: ValueWriter, first: number, count: number): number {
    const { encoded, starts } = this;
    const known = starts.length - 1;
    if (encoded === undefined || first >= known)
      return writeEach(writer, first, count, (i) => {
        if (!writer.scalar(this.items[i])) writer.encoded(this.items[i], `items[${i}]`);
      });
    let end = Math.min(first + count, known);
    while (end > first + 1 && starts[end] - starts[first] > INLINE_WORDS - 16) end = first + ((end - first) >> 1);
    const length = starts[end] - starts[first];
    writer.room(length);
    writer.words.set(encoded.words.subarray(starts[first], starts[end]), writer.at);
    writer.at += length;
    return end - first;
  }

  settled(): void {}
  consumed(): void {}

  close(): void {
    if (this.refs !== null) for (const ref of this.refs) native.release(ref);
    this.refs = null;
    this.encoded = undefined;
    this.items = [];
  }
}

function writeEach(writer: ValueWriter, first: number, count: number, write: (index: number) => void): number {
  const limit = writer.at + INLINE_WORDS - 16;
  for (let i = 0; i < count; i++) {
    const before = writer.at;
    try {
      write(first + i);
    } catch (error) {
      if (i === 0) throw error;
      writer.at = before; // those before it go; it comes up again as the first one
      return i;
    }
    writer.align();
    if (writer.at > limit && i > 0) {
      writer.at = before;
      return i;
    }
  }
  return count;
}

/** The items as doubles, or undefined where one is no number. */
function numbersOf(items: ArrayLike<unknown>): Float64Array | undefined {
  if (items instanceof Float64Array) return Float64Array.from(items);
  if (typeof items[0] !== 'number') return undefined;
  const length = items.length;
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const item = items[i];
    if (typeof item !== 'number') return undefined;
    numbers[i] = item;
  }
  return numbers;
}

/** An iterable, read at most `ahead` items beyond what was consumed. An item is serialised as it is read. */
export class IterableSource implements ItemSource {
  ready = 0;
  total: number | undefined;
  failure: { readonly error: unknown } | undefined;
  readonly numbers = undefined;
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private readonly ahead: number;
  private readonly encoded = new Map<number, { words: Int32Array; refs: readonly number[] | null }>();
  private readonly writer = new ValueWriter(1024);
  private used = 0;
  reading = false;
  private closed = false;
  private readonly isAsync: boolean;
  /** More can be sent, or the end is known. */
  onChange: () => void = () => {};
  /** An item can't be sent. */
  onBad: (index: number, error: unknown) => void = () => {};

  constructor(items: Iterable<unknown> | AsyncIterable<unknown>, ahead: number) {
    this.isAsync = Symbol.asyncIterator in items;
    this.iterator = this.isAsync
      ? (items as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (items as Iterable<unknown>)[Symbol.iterator]();
    this.ahead = ahead;
  }

  /** Reads what may be read now. */
  fill(): void {
    if (this.reading || this.closed) return;
    if (this.isAsync) {
      void this.fillAsync();
      return;
    }
    this.reading = true;
    try {
      while (this.mayRead()) {
        const step = (this.iterator as Iterator<unknown>).next();
        if (step.done === true) this.total = this.ready;
        else this.take(step.value);
      }
    } catch (error) {
      this.fail(error);
    }
    this.reading = false;
  }

  private mayRead(): boolean {
    return !this.closed && this.total === undefined && this.ready < this.used + this.ahead;
  }

  private async fillAsync(): Promise<void> {
    this.reading = true;
    try {
      while (this.mayRead()) {
        const step = await (this.iterator as AsyncIterator<unknown>).next();
        if (step.done === true) this.total = this.ready;
        else this.take(await step.value);
        this.onChange();
      }
    } catch (error) {
      this.fail(error);
      this.onChange();
    }
    this.reading = false;
  }

  private take(item: unknown): void {
    const index = this.ready++;
    const { writer } = this;
    writer.at = 0;
    writer.refs = null;
    try {
      if (!writer.scalar(item)) writer.encoded(item, `items[${index}]`);
    } catch (error) {
      this.onBad(index, error);
      return;
    }
    writer.align();
    const refs = writer.refs as readonly number[] | null;
    if (refs !== null) for (const ref of refs) native.retain(ref);
    this.encoded.set(index, { words: writer.words.slice(0, writer.at), refs });
  }

  private fail(error: unknown): void {
    this.failure = { error };
    this.total = this.ready;
  }

  /** Items that could not be sent are no part of any range: the job knows them as settled. */
  write(writer: ValueWriter, first: number, count: number): number {
    return writeEach(writer, first, count, (i) => {
      const { words } = this.encoded.get(i)!;
      writer.room(words.length);
      writer.words.set(words, writer.at);
      writer.at += words.length;
    });
  }

  settled(index: number): void {
    const item = this.encoded.get(index);
    if (item === undefined) return;
    this.encoded.delete(index);
    if (item.refs !== null) for (const ref of item.refs) native.release(ref);
  }

  consumed(count: number): void {
    this.used = Math.max(this.used, count);
    this.fill();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const index of [...this.encoded.keys()]) this.settled(index);
    if (this.total !== undefined) return;
    try {
      const ended = this.iterator.return?.();
      if (ended instanceof Promise) ended.catch(() => {});
    } catch {
      // The user asked for no more items: an error of the iterable's cleanup has nobody to go to.
    }
  }
}
