/**
 * The parent's side of a worker's channel: places task records, takes unbegun ones back, reads answers.
 *
 * Beside the ring it keeps its own list of what it placed, so it never has to believe what a worker may have overwritten.
 * layout.ts has the protocol.
 */
import { native } from '../native';
import { blockViews, KIND_CHANNEL } from './block';
import { RingReader, RingWriter } from './ring';
import { ValueReader } from './values';
import * as L from './layout';

/** More records than the task ring can hold. */
const LIST = 8192;
const LIST_MASK = LIST - 1;
/** A list entry whose record was taken back. */
const GONE = -1;

export class Channel {
  readonly id: number;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly reader: ValueReader;
  readonly answers: RingReader;
  /** Tasks placed and neither answered nor taken back. */
  inFlight = 0;
  private readonly tasks: RingWriter;
  /** Ids of the records placed, in order, and where each begins in `words`. */
  private readonly ids = new Int32Array(LIST);
  private readonly places = new Int32Array(LIST);
  private first = 0;
  private last = 0;

  /** @param results the queue of large results. */
  constructor(results: number) {
    this.id = native.alloc(L.CHANNEL_BYTES, KIND_CHANNEL);
    const { words, doubles } = blockViews(this.id, L.CHANNEL_BYTES);
    this.words = words;
    this.doubles = doubles;
    words[L.ABORT] = L.NO_TASK;
    this.tasks = new RingWriter(words, L.TASK_RING, L.TASK_TAIL, L.TASK_HEAD);
    this.answers = new RingReader(words, L.ANSWER_RING, L.ANSWER_HEAD);
    this.reader = new ValueReader(words, results);
  }

  /** Copies a record to the ring. False: no room now. */
  place(source: Int32Array, at: number, length: number, id: number): boolean {
    const to = this.put(source, at, length);
    if (to < 0) return false;
    const entry = this.last++ & LIST_MASK;
    this.ids[entry] = id;
    this.places[entry] = to;
    this.inFlight++;
    return true;
  }

  /** Copies a record that is no task (DEFINE, FORGET, STOP). False: no room now. */
  placeNotice(source: Int32Array, at: number, length: number): boolean {
    return this.put(source, at, length) >= 0;
  }

  private put(source: Int32Array, at: number, length: number): number {
    const to = this.tasks.reserve(length);
    if (to < 0) return -1;
    const words = this.words;
    if (length <= 32) for (let i = 0; i < length; i++) words[to + i] = source[at + i];
    else words.set(source.subarray(at, at + length), to);
    this.tasks.add(length);
    return to;
  }

  /** Makes what was placed visible to the worker. The caller rings it. */
  publish(): void {
    this.tasks.publish();
  }

  /** The position after the last record placed, and whether the worker is past a position. */
  get position(): number {
    return this.tasks.position;
  }

  isPast(position: number): boolean {
    return ((Atomics.load(this.words, L.TASK_HEAD) - position) | 0) >= 0;
  }

  /** The id of the oldest task placed and neither answered nor taken back; NO_TASK where there is none. */
  front(): number {
    while (this.first !== this.last) {
      const id = this.ids[this.first & LIST_MASK];
      if (id !== GONE) return id;
      this.first++;
    }
    return L.NO_TASK;
  }

  /** The oldest one is answered. */
  shift(): void {
    this.first++;
    this.inFlight--;
  }

  /** Whether the worker has begun the oldest task. */
  frontIsClaimed(): boolean {
    return this.front() >= 0 && Atomics.load(this.words, this.places[this.first & LIST_MASK] + 1) === L.CLAIMED;
  }

  /** How many tasks have not begun, roughly: all but the oldest, and that too where it has not. */
  unbegun(): number {
    return this.inFlight === 0 ? 0 : this.inFlight - (this.frontIsClaimed() ? 1 : 0);
  }

  /**
   * Takes back up to `count` tasks that have not begun, the last placed first, where `may` agrees.
   * `took` gets each one's record, which stays valid until the next place().
   */
  takeBack(count: number, may: (id: number) => boolean, took: (id: number, at: number) => void): number {
    let taken = 0;
    for (let k = this.last - 1; k >= this.first && taken < count; k--) {
      const entry = k & LIST_MASK;
      const id = this.ids[entry];
      if (id === GONE || !may(id)) continue;
      const at = this.places[entry];
      if (Atomics.compareExchange(this.words, at + 1, id, L.TAKEN_BACK) !== id) break; // it and those before it have begun
      this.ids[entry] = GONE;
      this.inFlight--;
      taken++;
      took(id, at);
    }
    return taken;
  }

  /** Takes back one task. False: it has begun, or is not here. */
  takeBackOne(id: number): boolean {
    return (
      this.takeBack(
        1,
        (other) => other === id,
        () => {},
      ) === 1
    );
  }

  /** Where the record of the oldest task lies; for a dead worker's. */
  frontPlace(): number {
    return this.places[this.first & LIST_MASK];
  }

  /** The worker may wait for room in the answer ring: true where it is to be rung. */
  releaseAnswers(): boolean {
    this.answers.release();
    return Atomics.load(this.words, L.WANTS_ROOM) !== 0 && Atomics.exchange(this.words, L.WANTS_ROOM, 0) !== 0;
  }

  /** Lets go of the block. The worker must have ended. */
  free(): void {
    native.release(this.id);
  }
}
