import { Pool } from './pool';
import { Process } from './process/process';
import { checkStartMethod, getStartMethod } from './process/start-method';
import { Pipe } from './queue/connection';
import { JoinableQueue } from './queue/joinable-queue';
import { Queue } from './queue/queue';
import { SimpleQueue } from './queue/simple-queue';
import { SynchronizedArray } from './shared/synchronized-array';
import { Value } from './shared/value';
import { Barrier } from './sync/barrier';
import { Condition } from './sync/condition';
import { Event } from './sync/event';
import { Lock } from './sync/lock';
import { RLock } from './sync/rlock';
import { RWLock } from './sync/rwlock';
import { BoundedSemaphore, Semaphore } from './sync/semaphore';
import type { StartMethod } from './types';

/** The classes of this library, bound to one start method. */
export interface Context {
  readonly startMethod: StartMethod;
  readonly Process: typeof Process;
  readonly Pool: typeof Pool;
  readonly Queue: typeof Queue;
  readonly SimpleQueue: typeof SimpleQueue;
  readonly JoinableQueue: typeof JoinableQueue;
  readonly Pipe: typeof Pipe;
  readonly Value: typeof Value;
  readonly SynchronizedArray: typeof SynchronizedArray;
  readonly Lock: typeof Lock;
  readonly RLock: typeof RLock;
  readonly RWLock: typeof RWLock;
  readonly Semaphore: typeof Semaphore;
  readonly BoundedSemaphore: typeof BoundedSemaphore;
  readonly Condition: typeof Condition;
  readonly Event: typeof Event;
  readonly Barrier: typeof Barrier;
}

/** The context of `method`, by default of the start method chosen. @throws TypeError, or ProcessError where it is not available. */
export function getContext(method?: StartMethod): Context {
  checkStartMethod(method, 'method');
  return Object.freeze({
    startMethod: method ?? getStartMethod(),
    Process,
    Pool,
    Queue,
    SimpleQueue,
    JoinableQueue,
    Pipe,
    Value,
    SynchronizedArray,
    Lock,
    RLock,
    RWLock,
    Semaphore,
    BoundedSemaphore,
    Condition,
    Event,
    Barrier,
  });
}
