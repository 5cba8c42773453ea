export { currentTask, type CurrentTask } from './current-task';
export { Pool } from './pool';
export type { MapOptions, PoolOptions, TaskOptions } from './options';
export type { Histogram, PoolStats } from './stats';
