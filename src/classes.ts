/**
 * The classes of contexts: Process and Pool, bound to a start method and named as Python names them.
 *
 * They lie in a file of their own (scripts/bundle.mjs) that is no part of the public surface: a function that refers to
 * one of them is sent with that file's name, as with any class that a module exports (closure/reference.ts).
 */
import { Pool } from './pool';
import { Process } from './process/process';
import { BOUND } from './process/start-method';

export class SpawnProcess<A extends readonly unknown[] = any[]> extends Process<A> {
  /** @internal */
  static readonly [BOUND] = 'spawn';
}

export class ThreadProcess<A extends readonly unknown[] = any[]> extends Process<A> {
  /** @internal */
  static readonly [BOUND] = 'thread';
}

export class SpawnPool extends Pool {
  /** @internal */
  static readonly [BOUND] = 'spawn';
}

export class ThreadPool extends Pool {
  /** @internal */
  static readonly [BOUND] = 'thread';
}
