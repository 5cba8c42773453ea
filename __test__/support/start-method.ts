/** Which start method this run of the file is for: vitest.config.mts runs some files once with each. */
import { getStartMethod } from 'multiproc';

/**
 * What is started here are threads. What a thread can't do or suffer is skipped, with the reason beside it: mostly that
 * only a process can be ended from outside, or by a signal of its own.
 */
export const threads = getStartMethod() === 'thread';

/** Names the process or thread that calls it. */
export const self = (): string =>
  `process ${process.pid}, thread ${process.getBuiltinModule('node:worker_threads').threadId}`;

/** Ends the one who calls it without a warning. A thread has no signals, and exits. */
export const die: () => never = threads
  ? () => process.exit(9)
  : () => {
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    };

/** The exit code of one that dies so, and what an error of a pool says of it. */
export const DIED = threads ? 9 : -9;
export const DEATH = threads ? { exitCode: 9, signal: null } : { exitCode: null, signal: 'SIGKILL' };
