import { join } from 'node:path';
import type * as Classes from './classes';
import { HERE } from './here';
import type { Pool } from './pool';
import type { Process } from './process/process';
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

/** What is the same whatever the start method: objects of one tree are shared by its processes and threads alike. */
const SHARED = {
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
};

/** The classes of this library, bound to one start method. */
export interface Context extends Readonly<typeof SHARED> {
  readonly startMethod: StartMethod;
  readonly Process: typeof Process;
  readonly Pool: typeof Pool;
}

let contexts: Readonly<Record<StartMethod, Context>> | undefined;

function makeContexts(): Readonly<Record<StartMethod, Context>> {
  // By its own name, so that functions can refer to what it exports.
  const { SpawnPool, SpawnProcess, ThreadPool, ThreadProcess } = require(join(HERE, 'classes.js')) as typeof Classes;
  return {
    spawn: Object.freeze({ startMethod: 'spawn', Process: SpawnProcess, Pool: SpawnPool, ...SHARED }),
    thread: Object.freeze({ startMethod: 'thread', Process: ThreadProcess, Pool: ThreadPool, ...SHARED }),
  };
}

/** The context of `method`, by default of the start method chosen. @throws TypeError for what is no start method. */
export function getContext(method?: StartMethod): Context {
  checkStartMethod(method, 'method');
  return (contexts ??= makeContexts())[method ?? getStartMethod()];
}
