/** What becomes of the results of a map: a list, or a list of outcomes. imap.ts has the third, a stream. */

/** Gets each item's outcome exactly once, in any order, then end(). */
export interface Collector {
  value(index: number, value: unknown): void;
  /** `count` results at source[from...]. */
  numbers(index: number, source: Float64Array, from: number, count: number): void;
  error(index: number, error: unknown): void;
  /** All are settled. @param failure what the iterable threw at its end. */
  end(failure: { readonly error: unknown } | undefined): void;
  /** The map ends now, whatever is missing. */
  fail(error: unknown): void;
  /** A failure from now on is not to count as unhandled. */
  excuse(): void;
}

/** The promise that resolve and reject belong to; null in a blocking call. */
type Excusable = Promise<unknown> | null;

const noop = () => {};

type Settle = (value: any) => void;

/** map: the results, or the error of the first item, by position, that failed. */
export class ListCollector implements Collector {
  private readonly out: unknown[];
  private firstError = Infinity;
  private reason: unknown;
  private readonly resolve: Settle;
  private readonly reject: Settle;
  private readonly promise: Excusable;

  constructor(total: number | undefined, resolve: Settle, reject: Settle, promise: Excusable) {
    this.out = total === undefined ? [] : new Array(total);
    this.resolve = resolve;
    this.reject = reject;
    this.promise = promise;
  }

  value(index: number, value: unknown): void {
    this.out[index] = value;
  }

  numbers(index: number, source: Float64Array, from: number, count: number): void {
    const out = this.out;
    for (let i = 0; i < count; i++) out[index + i] = source[from + i];
  }

  error(index: number, error: unknown): void {
    if (index >= this.firstError) return;
    this.firstError = index;
    this.reason = error;
  }

  end(failure: { readonly error: unknown } | undefined): void {
    if (this.firstError !== Infinity) this.reject(this.reason);
    else if (failure !== undefined) this.reject(failure.error);
    else this.resolve(this.out);
  }

  fail(error: unknown): void {
    this.reject(error);
  }

  excuse(): void {
    this.promise?.catch(noop);
  }
}

/** mapSettled: every item's outcome. */
export class SettledCollector implements Collector {
  private readonly out: PromiseSettledResult<unknown>[];
  private readonly resolve: Settle;
  private readonly reject: Settle;
  private readonly promise: Excusable;

  constructor(total: number | undefined, resolve: Settle, reject: Settle, promise: Excusable) {
    this.out = total === undefined ? [] : new Array(total);
    this.resolve = resolve;
    this.reject = reject;
    this.promise = promise;
  }

  value(index: number, value: unknown): void {
    this.out[index] = { status: 'fulfilled', value };
  }

  numbers(index: number, source: Float64Array, from: number, count: number): void {
    for (let i = 0; i < count; i++) this.value(index + i, source[from + i]);
  }

  error(index: number, reason: unknown): void {
    this.out[index] = { status: 'rejected', reason };
  }

  end(failure: { readonly error: unknown } | undefined): void {
    if (failure !== undefined) this.reject(failure.error);
    else this.resolve(this.out);
  }

  fail(error: unknown): void {
    this.reject(error);
  }

  excuse(): void {
    this.promise?.catch(noop);
  }
}
