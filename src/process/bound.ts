/** Process, bound to a start method: what a context has, named as Python names them. */
import { Process } from './process';
import { BOUND } from './start-method';

export class SpawnProcess<A extends readonly unknown[] = any[]> extends Process<A> {
  /** @internal */
  static readonly [BOUND] = 'spawn';
}

export class ThreadProcess<A extends readonly unknown[] = any[]> extends Process<A> {
  /** @internal */
  static readonly [BOUND] = 'thread';
}
