/** The task that this worker runs, as its function sees it. */

/** Which task runs, and how it is doing. */
export interface CurrentTask {
  /** Of the pool; an item of a map has one of its own. */
  readonly id: number;
  /** 1 at first. */
  readonly attempt: number;
  /** Aborts when the task is to end: by its AbortSignal, its timeout, or the map's end. */
  readonly signal: AbortSignal;
  /** Hands a value to the caller's options.onReport. @throws SerializationError */
  report(value: unknown): void;
}

let current: () => CurrentTask | undefined = () => undefined;

/** The task that this worker runs; undefined elsewhere. */
export function currentTask(): CurrentTask | undefined {
  return current();
}

/** Called by a worker, once: how to tell. */
export function setCurrentTask(tell: () => CurrentTask | undefined): void {
  current = tell;
}
