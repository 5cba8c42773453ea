/** The public surface. */
export { availableCpuCount, cpuCount } from './machine';
export { configure } from './configure';
export { getContext, type Context } from './context';
export { getAllStartMethods, getStartMethod, setStartMethod } from './process/start-method';
export { activeChildren, Process, type ProcessOptions, type ProcessSettings, type Sentinel } from './process/process';
export { currentProcess, parentProcess } from './process/known';
export { isMainProcess } from './process/current';
export { prewarm } from './process/prewarm';
export { Lock } from './sync/lock';
export { Queue } from './queue/queue';
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
