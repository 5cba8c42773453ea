/**
 * Every error that this library throws of its own, beside TypeError and RangeError for bad arguments.
 *
 * All have a `code`, which stays what it is while a message may be worded better. Their names are own properties of the
 * prototypes, so that they stay what they are in minified bundles and in stacks.
 */

function named(type: Function, name: string): void {
  Object.defineProperty(type.prototype, 'name', { value: name, writable: true, configurable: true });
}

/** The base of the errors of this library. */
export class ProcessError extends Error {
  readonly code: string;

  constructor(message?: string, code = 'ERR_PROCESS', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
named(ProcessError, 'ProcessError');

/** The time that a call was given passed. */
export class TimeoutError extends ProcessError {
  constructor(message?: string, code = 'ERR_TIMEOUT') {
    super(message, code);
  }
}
named(TimeoutError, 'TimeoutError');

/** The task was cancelled before it began. */
export class CancelledError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_CANCELLED');
  }
}
named(CancelledError, 'CancelledError');

/** release() of what nobody holds. */
export class NotHeldError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_NOT_HELD');
  }
}
named(NotHeldError, 'NotHeldError');

/** release() by another than the owner. */
export class NotOwnerError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_NOT_OWNER');
  }
}
named(NotOwnerError, 'NotOwnerError');

/** The owner of a lock ended without giving it back: what the lock guards may be half changed. */
export class OwnerDiedError extends ProcessError {
  /** The process that the owner was. */
  readonly pid: number;

  constructor(message?: string, pid = 0) {
    super(message, 'ERR_OWNER_DIED');
    this.pid = pid;
  }
}
named(OwnerDiedError, 'OwnerDiedError');

/** This thread would wait for itself. */
export class DeadlockError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_DEADLOCK');
  }
}
named(DeadlockError, 'DeadlockError');

/** The barrier was broken: a party timed out, was aborted or died. */
export class BrokenBarrierError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_BROKEN_BARRIER');
  }
}
named(BrokenBarrierError, 'BrokenBarrierError');

export class QueueFullError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_QUEUE_FULL');
  }
}
named(QueueFullError, 'QueueFullError');

export class QueueEmptyError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_QUEUE_EMPTY');
  }
}
named(QueueEmptyError, 'QueueEmptyError');

/** The queue is closed; for get(): and drained. */
export class QueueClosedError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_QUEUE_CLOSED');
  }
}
named(QueueClosedError, 'QueueClosedError');

/** The other end of a pipe is closed, or its last process is gone. */
export class EndOfFileError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_EOF');
  }
}
named(EndOfFileError, 'EndOfFileError');

export class AuthenticationError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_AUTHENTICATION');
  }
}
named(AuthenticationError, 'AuthenticationError');

/** A value that can't be sent to another process. */
export class SerializationError extends ProcessError {
  /** What could not be sent, and where in it: 'args[0].socket'. */
  readonly path: string;

  constructor(message?: string, path = '', options?: ErrorOptions) {
    super(message, 'ERR_SERIALIZATION', options);
    this.path = path;
  }
}
named(SerializationError, 'SerializationError');

const NOTHING_KNOWN = { pid: 0, exitCode: null, signal: null };

/** The process that a task ran in ended before the task did. Its `cause` is what the worker threw that nothing caught, where it was that. */
export class WorkerDiedError extends ProcessError {
  readonly pid: number;
  /** null where a signal ended it. */
  readonly exitCode: number | null;
  /** 'SIGKILL'; null where it exited. */
  readonly signal: string | null;

  constructor(
    message?: string,
    detail: { pid: number; exitCode: number | null; signal: string | null; cause?: unknown } = NOTHING_KNOWN,
  ) {
    super(message, 'ERR_WORKER_DIED', 'cause' in detail ? { cause: detail.cause } : undefined);
    this.pid = detail.pid;
    this.exitCode = detail.exitCode;
    this.signal = detail.signal;
  }
}
named(WorkerDiedError, 'WorkerDiedError');

/** A task ran longer than its timeout. */
export class TaskTimeoutError extends TimeoutError {
  constructor(message?: string) {
    super(message, 'ERR_TASK_TIMEOUT');
  }
}
named(TaskTimeoutError, 'TaskTimeoutError');

/** The pool was terminated before the task was done. */
export class PoolTerminatedError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_POOL_TERMINATED');
  }
}
named(PoolTerminatedError, 'PoolTerminatedError');

/** The pool takes no more tasks. */
export class PoolClosedError extends ProcessError {
  constructor(message?: string) {
    super(message, 'ERR_POOL_CLOSED');
  }
}
named(PoolClosedError, 'PoolClosedError');

/** Why a function can't be compiled, and where. Lines and columns count from 1. */
export interface KernelIssue {
  message: string;
  line: number;
  column: number;
  snippet: string;
}

/** A function that can't be compiled to machine code. */
export class KernelError extends ProcessError {
  readonly issue: KernelIssue;

  constructor(message?: string, issue: KernelIssue = { message: message ?? '', line: 1, column: 1, snippet: '' }) {
    super(message, 'ERR_KERNEL');
    this.issue = issue;
  }
}
named(KernelError, 'KernelError');

/** Classes of this file by their names: an error that arrives from another process gets its class back. */
export const errorClasses: ReadonlyMap<string, Function> = new Map<string, Function>(
  [
    ProcessError,
    TimeoutError,
    CancelledError,
    NotHeldError,
    NotOwnerError,
    OwnerDiedError,
    DeadlockError,
    BrokenBarrierError,
    QueueFullError,
    QueueEmptyError,
    QueueClosedError,
    EndOfFileError,
    AuthenticationError,
    SerializationError,
    WorkerDiedError,
    TaskTimeoutError,
    PoolTerminatedError,
    PoolClosedError,
    KernelError,
  ].map((type) => [type.prototype.name, type]),
);
