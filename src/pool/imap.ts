/** The stream of a map's results: imap, imapUnordered, imapSettled. */
import { AsyncResults } from './async-results';
import type { Collector } from './collectors';

/** What a result becomes for the consumer. */
export type Mode = 'ordered' | 'unordered' | 'settled';

interface Outcome {
  readonly index: number;
  readonly value: unknown;
  readonly failed: boolean;
}

interface Consumer {
  promise: Promise<unknown> | undefined;
  resolve(step: IteratorResult<unknown, void>): void;
  reject(error: unknown): void;
}

/** Results as they come. Leaving it ends the map. */
export class ResultStream extends AsyncResults<any> implements Collector {
  readonly #mode: Mode;
  /** Outcomes to be yielded; by position where order matters. */
  readonly #waiting = new Map<number, Outcome>();
  readonly #consumers: Consumer[] = [];
  #yielded = 0;
  /** No outcome comes any more; after those that wait: this error, or the end. */
  #over: { readonly failure: { readonly error: unknown } | undefined } | undefined;
  #closed = false;
  #excused = false;
  /** The consumer has taken this many results. */
  onConsumed: (count: number) => void = () => {};
  /** The consumer wants no more. */
  onClose: () => void = () => {};

  constructor(mode: Mode) {
    super();
    this.#mode = mode;
  }

  // ---------------------------------------------------------------- from the map

  value(index: number, value: unknown): void {
    this.#add({ index, value, failed: false });
  }

  numbers(index: number, source: Float64Array, from: number, count: number): void {
    for (let i = 0; i < count; i++) this.value(index + i, source[from + i]);
  }

  error(index: number, error: unknown): void {
    this.#add({ index, value: error, failed: true });
  }

  end(failure: { readonly error: unknown } | undefined): void {
    this.#over = { failure };
    this.#serve();
  }

  fail(error: unknown): void {
    this.#waiting.clear();
    this.end({ error });
  }

  excuse(): void {
    this.#excused = true;
    for (const { promise } of this.#consumers) promise?.catch(() => {});
  }

  #add(outcome: Outcome): void {
    if (this.#closed) return;
    this.#waiting.set(outcome.index, outcome);
    this.#serve();
  }

  // ---------------------------------------------------------------- to the consumer

  override next(): Promise<IteratorResult<any, void>> {
    const consumer = {} as Consumer;
    const promise = new Promise<IteratorResult<unknown, void>>((resolve, reject) =>
      Object.assign(consumer, { resolve, reject }),
    );
    consumer.promise = promise;
    if (this.#excused) promise.catch(() => {});
    this.#consumers.push(consumer);
    this.#serve();
    return promise;
  }

  /** Gives consumers what there is. */
  #serve(): void {
    while (this.#consumers.length > 0) {
      const outcome = this.#take();
      if (outcome !== undefined) {
        const consumer = this.#consumers.shift()!;
        this.#yielded++;
        if (this.#mode === 'settled') consumer.resolve({ done: false, value: settled(outcome) });
        else if (outcome.failed) {
          this.close();
          consumer.reject(outcome.value);
        } else consumer.resolve({ done: false, value: outcome.value });
        if (!this.#closed) this.onConsumed(this.#yielded);
        continue;
      }
      if (this.#closed || this.#over !== undefined) {
        const consumer = this.#consumers.shift()!;
        const failure = this.#over?.failure;
        if (failure !== undefined && !this.#closed) {
          this.#closed = true;
          consumer.reject(failure.error);
        } else {
          consumer.resolve({ done: true, value: undefined });
        }
        continue;
      }
      return;
    }
  }

  #take(): Outcome | undefined {
    if (this.#closed) return undefined;
    let outcome: Outcome | undefined;
    if (this.#mode === 'ordered') outcome = this.#waiting.get(this.#yielded);
    else outcome = this.#waiting.values().next().value;
    if (outcome !== undefined) this.#waiting.delete(outcome.index);
    return outcome;
  }

  protected override close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.clear();
    this.onClose();
    this.#serve();
  }
}

function settled({ index, value, failed }: Outcome): PromiseSettledResult<unknown> & { index: number } {
  return failed ? { status: 'rejected', reason: value, index } : { status: 'fulfilled', value, index };
}
