import type { Chunk } from './chunk';
import type { PoolWorker } from './pool-worker';

/** What only some tasks have: those with options, with shared objects or large arguments, and chunks of maps. */
export class TaskDetail {
  /** Shared objects named in the arguments, each retained for as long as the task lives. */
  refs: readonly number[] | null = null;
  /** Blocks that the record names, each held for as long as the task lives. */
  blocks: readonly number[] | null = null;
  /** The worker that has it; null while it is queued. */
  worker: PoolWorker | null = null;
  /** 1 at first. */
  attempt = 1;
  /** How often it may be tried again. */
  retries = 0;
  /** Milliseconds; -1: none. */
  timeout = -1;
  abortGrace = 100;
  priority = 0;
  key: string | number | undefined = undefined;
  onReport: ((value: unknown) => void) | undefined = undefined;
  /** The items of a map that this task is. */
  chunk: Chunk | null = null;
  /** Takes the listener off its AbortSignal. */
  unlisten: (() => void) | null = null;
}
