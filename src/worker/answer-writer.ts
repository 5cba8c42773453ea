/** The worker's writing end of its channel: composes answers, commits each, publishes batches of them. */
import { native } from '../native';
import * as bell from '../arena/bell';
import { encodeError } from '../codec';
import { DONE } from '../native/fast';
import * as L from '../pool/layout';
import { RingWriter } from '../pool/ring';
import { ValueWriter } from '../pool/values';
import { push } from '../queue/transport';

/** What one core stores, the others see in that order. */
const STORES_IN_ORDER = process.arch === 'x64' || process.arch === 'ia32';

export class AnswerWriter {
  private readonly words: Int32Array;
  private readonly ring: RingWriter;
  private readonly writer = new ValueWriter();
  private readonly parent: number;
  private unpublished = false;

  /** @param results the queue for what is too large. @param parent the slot of the pool's thread. */
  constructor(words: Int32Array, results: number, parent: number) {
    this.words = words;
    this.parent = parent;
    this.ring = new RingWriter(words, L.ANSWER_RING, L.ANSWER_TAIL, L.ANSWER_HEAD);
    this.writer.overflow = (message) => {
      if (push(results, message, -1) !== DONE) {
        throw new Error('the result is too large for the shared memory that is left');
      }
    };
  }

  /** What a task returned. A value that can't be sent makes the task fail with that. */
  returned(id: number, value: unknown): void {
    const { writer } = this;
    writer.at = L.ANSWER_HEADER;
    if (!writer.scalar(value)) {
      try {
        writer.encoded(value, 'result');
      } catch (error) {
        this.threw(L.THREW, id, 0, error);
        return;
      }
    }
    this.put(L.RETURNED, id);
  }

  /** What item `index` of a chunk gave. */
  item(id: number, index: number, value: unknown): void {
    const { writer } = this;
    this.beginItem(index);
    if (!writer.scalar(value)) {
      try {
        writer.encoded(value, 'result');
      } catch (error) {
        this.threw(L.ITEM_THREW, id, index, error);
        return;
      }
    }
    this.put(L.ITEM, id);
  }

  /** What a task, an item or the initializer threw. `index` is looked at for ITEM_THREW alone. */
  threw(kind: number, id: number, index: number, thrown: unknown): void {
    if (kind === L.ITEM_THREW) this.beginItem(index);
    else this.writer.at = L.ANSWER_HEADER;
    this.writer.error(encodeError(thrown));
    this.put(kind, id);
  }

  chunkEnd(id: number, done: number, cost: number): void {
    this.beginItem(done);
    this.writer.rawDouble(cost);
    this.put(L.CHUNK_END, id);
  }

  /** @throws SerializationError */
  report(id: number, value: unknown): void {
    const { writer } = this;
    writer.at = L.ANSWER_HEADER;
    if (!writer.scalar(value)) writer.encoded(value, 'report');
    this.put(L.REPORT, id);
  }

  ready(): void {
    this.writer.at = L.ANSWER_HEADER;
    this.put(L.READY, L.NO_TASK);
  }

  private beginItem(index: number): void {
    const { writer } = this;
    writer.at = L.ANSWER_HEADER + 2;
    writer.words[L.ANSWER_HEADER] = index;
    writer.words[L.ANSWER_HEADER + 1] = 0;
  }

  /** Commits the answer that `writer` holds. */
  private put(kind: number, id: number): void {
    const { writer, ring, words } = this;
    writer.align();
    const length = writer.at;
    const source = writer.words;
    source[0] = L.head(length, kind);
    source[1] = id;
    let at = ring.reserve(length);
    if (at < 0) at = this.waitForRoom(length);
    if (length <= 32) for (let i = 0; i < length; i++) words[at + i] = source[i];
    else words.set(source.subarray(0, length), at);
    ring.add(length);
    if (STORES_IN_ORDER) words[L.ANSWER_SOFT] = ring.position;
    else Atomics.store(words, L.ANSWER_SOFT, ring.position);
    this.unpublished = true;
  }

  private waitForRoom(length: number): number {
    let at = -1;
    this.publish();
    bell.waitSync(() => {
      Atomics.store(this.words, L.WANTS_ROOM, 1);
      at = this.ring.reserve(length);
      return at >= 0 || undefined;
    }, -1);
    Atomics.store(this.words, L.WANTS_ROOM, 0);
    return at;
  }

  /** Lets the pool see the answers committed so far. */
  publish(): void {
    if (!this.unpublished) return;
    this.unpublished = false;
    this.ring.publish();
    native.ring(this.parent);
  }
}
