/**
 * An async generator that has begun before its first next(), and that return() ends even if next() was never called, which a
 * generator function can't do.
 */
export abstract class AsyncResults<T> implements AsyncGenerator<T, void, undefined> {
  abstract next(): Promise<IteratorResult<T, void>>;

  /** The consumer wants no more. Again: nothing. */
  protected abstract close(): void;

  get [Symbol.toStringTag](): string {
    return 'AsyncGenerator';
  }

  async return(): Promise<IteratorResult<T, void>> {
    this.close();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<T, void>> {
    this.close();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
