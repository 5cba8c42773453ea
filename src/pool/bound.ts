/** Pool, bound to a start method: what a context has. */
import { BOUND } from '../process/start-method';
import { Pool } from './pool';

export class SpawnPool extends Pool {
  /** @internal */
  static readonly [BOUND] = 'spawn';
}

export class ThreadPool extends Pool {
  /** @internal */
  static readonly [BOUND] = 'thread';
}
