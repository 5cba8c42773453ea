/** The public surface. */
export { availableCpuCount, cpuCount } from './machine';
export { configure } from './configure';
export { deserialize, serialize } from './closure/hooks';
export { getContext, type Context } from './context';
export { getAllStartMethods, getStartMethod, setStartMethod } from './process/start-method';
export { activeChildren, Process, type ProcessOptions, type ProcessSettings, type Sentinel } from './process/process';
export { currentProcess, parentProcess } from './process/known';
export { isMainProcess } from './process/current';
export { prewarm } from './process/prewarm';
export { Barrier } from './sync/barrier';
export { Condition } from './sync/condition';
export { Event } from './sync/event';
export { Lock } from './sync/lock';
export { Connection, Pipe } from './queue/connection';
export { JoinableQueue } from './queue/joinable-queue';
export { RLock } from './sync/rlock';
export { RWLock } from './sync/rwlock';
export { BoundedSemaphore, Semaphore } from './sync/semaphore';
export { Queue } from './queue/queue';
export { SimpleQueue } from './queue/simple-queue';
export { wait, waitSync } from './queue/wait';
export type { ArrayOf, NumberOf, NumberType, TypedArray } from './shared/number-types';
export { isShared, sharedArray } from './shared/shared-array';
export { SharedMemory } from './shared/shared-memory';
export { share, Shared } from './shared/shared-value';
export { SynchronizedArray } from './shared/synchronized-array';
export { Value } from './shared/value';
export {
  currentTask,
  Pool,
  type CurrentTask,
  type Histogram,
  type MapOptions,
  type PoolOptions,
  type PoolStats,
  type TaskOptions,
} from './pool';
export { parallel, type Parallel, type ParallelOptions } from './parallel';
export {
  AuthenticationError,
  BrokenBarrierError,
  CancelledError,
  DeadlockError,
  EndOfFileError,
  KernelError,
  NotHeldError,
  NotOwnerError,
  OwnerDiedError,
  PoolClosedError,
  PoolTerminatedError,
  ProcessError,
  QueueClosedError,
  QueueEmptyError,
  QueueFullError,
  SerializationError,
  TaskTimeoutError,
  TimeoutError,
  WorkerDiedError,
  type KernelIssue,
} from './errors';
export type { StartMethod, Target, WaitOptions, WaitSyncOptions } from './types';
