/** Options of pools, tasks and maps: what may be given, and what it becomes. */
import { availableCpuCount } from '../machine';
import { checkStartMethod, getStartMethod, startMethodFor } from '../process/start-method';
import type { StartMethod, Target } from '../types';
import {
  checkArray,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOptions,
  checkSignal,
  checkString,
  checkTimeout,
  refuseArgument,
  show,
} from '../validate';
import { notImplemented } from './stats';

export interface PoolOptions {
  /** Whether its workers are processes or threads. Default: that of the context, or the one chosen by setStartMethod(). */
  startMethod?: StartMethod;
  /** Tasks of apply that may wait, at least 1; one more: QueueFullError. Default: no limit. */
  maxQueued?: number;
  /** How often a task whose worker died is tried again before WorkerDiedError. Default: 0. */
  retries?: number;
  /** Called in each worker before its first task. Where it throws, every task rejects with that. */
  initializer?: Target;
  initArgs?: readonly unknown[];
  /** A worker is replaced after so many tasks; an item of a map is one. Default: no limit. */
  maxTasksPerChild?: number;
  /**
   * Bytes of resident memory that are a worker's own: shared arrays do not count. One that has more is replaced between two tasks; it is looked
   * at once a second. Not for threads. Default: no limit.
   */
  maxMemory?: number;
  /** Workers above minProcesses end after so many milliseconds without a task. Default: Infinity. */
  idleTimeout?: number;
  /** Workers that are started with the pool and kept; the others start as load asks. Default: 0. */
  minProcesses?: number;
  /** A timeline of every task, in the Chrome trace-event format. */
  trace?: boolean | string;
  /** Names its workers: 'name-1'. Default: 'SpawnPoolWorker', 'ThreadPoolWorker'. */
  name?: string;
}

export interface TaskOptions {
  /** Queued: the task never runs. Running: currentTask().signal aborts; unsettled after abortGrace, its worker is killed. */
  signal?: AbortSignal;
  /** Milliseconds from the task's start, for each item of a map: then as with `signal`, with TaskTimeoutError. */
  timeout?: number;
  /** How often it is tried again when its worker died. Default: the pool's. */
  retries?: number;
  /** Milliseconds between being told to end and being killed. Default: 100. */
  abortGrace?: number;
  /** Higher first; equal ones in order of submission. Default: 0. */
  priority?: number;
  /** Tasks of one key run on one worker, as long as it lives. */
  key?: string | number;
  /** Gets what the task handed to currentTask().report(). */
  onReport?: (value: any) => void;
}

export interface MapOptions extends TaskOptions {
  /** Items sent together. Default: adapted to what they cost. */
  chunkSize?: number;
  /** true: a bar on stderr where that is a terminal. */
  progress?: boolean | ((done: number, total: number | undefined) => void);
  /** The first error ends the rest at once. Default: false. */
  stopOnError?: boolean;
  /** imap: how many items it reads ahead of the consumer. Default: 256. */
  buffered?: number;
}

export interface FilledPoolOptions {
  readonly startMethod: StartMethod;
  readonly processes: number;
  readonly minProcesses: number;
  readonly maxQueued: number;
  readonly retries: number;
  readonly maxTasksPerChild: number;
  readonly maxMemory: number;
  readonly idleTimeout: number;
  readonly initializer: Target | undefined;
  readonly initArgs: readonly unknown[];
  readonly name: string | undefined;
}

export interface FilledTaskOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly retries: number;
  readonly abortGrace: number;
  readonly priority: number;
  readonly key: string | number | undefined;
  readonly onReport: ((value: unknown) => void) | undefined;
}

export interface FilledMapOptions extends FilledTaskOptions {
  readonly chunkSize: number;
  readonly stopOnError: boolean;
  readonly buffered: number;
  readonly progress: boolean | ((done: number, total: number | undefined) => void);
}

/** More processes than a tree has slots make no sense. */
const MAX_PROCESSES = 318;
const BUFFERED = 256;
const ABORT_GRACE = 100;

/** Checks the arguments of `new Pool`: (processes?, options?) or (options?). @param type the class that is made. */
export function fillPoolOptions(first: unknown, second: unknown, type: Function): FilledPoolOptions {
  const named = typeof first === 'object' && first !== null;
  const options = checkOptions((named ? first : second) as PoolOptions & { processes?: number });
  const processes = named ? options.processes : (first as number | undefined);
  const { maxQueued, retries, initializer, initArgs, maxTasksPerChild, minProcesses, name } = options;
  const { idleTimeout, maxMemory } = options;
  if (processes !== undefined) checkInteger(processes, named ? 'options.processes' : 'processes', 1, MAX_PROCESSES);
  const count = processes ?? Math.min(MAX_PROCESSES, availableCpuCount());
  checkStartMethod(options.startMethod);
  if (maxQueued !== undefined && maxQueued !== Infinity) checkInteger(maxQueued, 'options.maxQueued', 1);
  if (retries !== undefined && retries !== Infinity) checkInteger(retries, 'options.retries');
  if (initializer !== undefined) checkFunction(initializer, 'options.initializer');
  if (initArgs !== undefined) checkArray(initArgs, 'options.initArgs');
  if (maxTasksPerChild !== undefined && maxTasksPerChild !== Infinity)
    checkInteger(maxTasksPerChild, 'options.maxTasksPerChild', 1);
  if (minProcesses !== undefined) checkInteger(minProcesses, 'options.minProcesses', 0, count);
  if (name !== undefined) checkString(name, 'options.name');
  const startMethod = startMethodFor(type, options.startMethod) ?? getStartMethod();
  if (maxMemory !== undefined && maxMemory !== Infinity) {
    checkInteger(maxMemory, 'options.maxMemory', 1);
    if (startMethod === 'thread') {
      refuseArgument('options.maxMemory', 'left out where workers are threads, which share their memory', maxMemory);
    }
  }
  if (idleTimeout !== undefined) checkNumber(idleTimeout, 'options.idleTimeout', 0);
  if (options.trace !== undefined && options.trace !== false) notImplemented('options.trace');
  return {
    startMethod,
    processes: count,
    minProcesses: minProcesses ?? 0,
    maxQueued: maxQueued ?? Infinity,
    retries: retries ?? 0,
    maxTasksPerChild: maxTasksPerChild ?? Infinity,
    maxMemory: maxMemory ?? Infinity,
    idleTimeout: idleTimeout ?? Infinity,
    initializer,
    initArgs: initArgs ?? [],
    name,
  };
}

/** @throws TypeError, RangeError; the signal's reason where it is aborted already. */
export function fillTaskOptions(given: TaskOptions | undefined, pool: FilledPoolOptions): FilledTaskOptions {
  const options = checkOptions(given);
  const { retries, abortGrace, priority, key, onReport } = options;
  const timeout = checkTimeout(options);
  if (retries !== undefined && retries !== Infinity) checkInteger(retries, 'options.retries');
  if (abortGrace !== undefined) checkNumber(abortGrace, 'options.abortGrace', 0);
  if (priority !== undefined) checkNumber(priority, 'options.priority');
  if (key !== undefined && typeof key !== 'string' && typeof key !== 'number') {
    throw Object.assign(new TypeError(`options.key must be a string or a number, got ${show(key)}`), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  if (onReport !== undefined) checkFunction(onReport, 'options.onReport');
  const signal = checkSignal(options);
  return {
    signal,
    timeout,
    retries: retries ?? pool.retries,
    abortGrace: abortGrace ?? ABORT_GRACE,
    priority: priority ?? 0,
    key,
    onReport,
  };
}

/** How far what a worker yields may be ahead of its consumer; 0: no limit. */
export function fillBuffered(given: { buffered?: number } | undefined): number {
  const { buffered } = checkOptions(given);
  if (buffered === Infinity) return 0;
  if (buffered !== undefined) checkInteger(buffered, 'options.buffered', 1);
  return buffered ?? BUFFERED;
}

export function fillMapOptions(given: MapOptions | undefined, pool: FilledPoolOptions): FilledMapOptions {
  const { chunkSize, progress, stopOnError, buffered } = checkOptions(given);
  if (chunkSize !== undefined) checkInteger(chunkSize, 'options.chunkSize', 1);
  if (buffered !== undefined && buffered !== Infinity) checkInteger(buffered, 'options.buffered', 1);
  if (progress !== undefined && typeof progress !== 'boolean' && typeof progress !== 'function')
    refuseArgument('options.progress', 'a boolean or a function', progress);
  if (stopOnError !== undefined && typeof stopOnError !== 'boolean') {
    throw Object.assign(new TypeError(`options.stopOnError must be a boolean, got ${show(stopOnError)}`), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
  return {
    ...fillTaskOptions(given, pool),
    chunkSize: chunkSize ?? 0,
    stopOnError: stopOnError ?? false,
    buffered: buffered ?? BUFFERED,
    progress: progress ?? false,
  };
}
