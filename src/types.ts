/** What may wait: how long at most (ms, nothing or Infinity: no limit), and what ends the wait. */
export interface WaitOptions {
  timeout?: number;
  signal?: AbortSignal;
}

/** What may block the calling thread: how long at most (ms, nothing or Infinity: no limit). */
export interface WaitSyncOptions {
  timeout?: number;
}

/** 'spawn', the default: a process of its own, fresh or a spare one booted beforehand. 'thread': a worker thread of this process. */
export type StartMethod = 'spawn' | 'thread';

/** A function to run elsewhere: an inline closure, an imported function, a class's static method. */
export type Target<A extends readonly unknown[] = any[], R = unknown> = (...args: A) => R | Promise<R>;
