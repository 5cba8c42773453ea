/**
 * Waiting for the first of many.
 *
 * Queues and pipes are asked and armed in one native call, and the ends of processes are heard of anyway: a wait for hundreds
 * costs a look at each when this thread's bell rings, no thread, and nothing while it does not.
 */
import { native } from '../native';
import * as bell from '../arena/bell';
import { handleOf } from '../arena/handle';
import { Process, type Sentinel } from '../process/process';
import { isSentinel } from '../process/sentinel';
import { checkIterable, checkSignal, checkSyncTimeout, checkTimeout, refuseArgument } from '../validate';
import { Connection, READS } from './connection';
import { Queue } from './queue';
import type { WaitOptions, WaitSyncOptions } from '../types';

/** What can be waited for, by its shape: anything that only looks like it is refused at the call. */
export type Waitable =
  | Pick<Connection, 'recv' | 'poll' | 'readable'>
  | Pick<Queue, 'get' | 'size'>
  | Pick<Process, 'join' | 'sentinel'>
  | Sentinel;

/** All of one wait, each once, in the order given. */
class Watched<W extends Waitable> {
  readonly #all: readonly W[];
  readonly #sentinels: readonly (readonly [at: number, sentinel: Sentinel])[];
  readonly #queues: readonly number[];
  /** Positions in `#all` of those whose queues are watched. */
  readonly #queuePositions: readonly number[];

  /** @throws TypeError for anything else; ProcessError for what is closed, or can never be ready. */
  constructor(on: Iterable<W>) {
    checkIterable(on, 'on');
    this.#all = [...new Set(on)];
    const sentinels: [number, Sentinel][] = [];
    const queues: number[] = [];
    const queuePositions: number[] = [];
    this.#all.forEach((item: Waitable, i) => {
      if (item instanceof Process) sentinels.push([i, item.sentinel]);
      else if (isSentinel(item)) sentinels.push([i, item]);
      else {
        queues.push(queueOf(item, i));
        queuePositions.push(i);
      }
    });
    this.#sentinels = sentinels;
    this.#queues = queues;
    this.#queuePositions = queuePositions;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Those that are ready, in order. Undefined: none; this thread's bell rings when one may be. */
  ready(): W[] | undefined {
    const positions: number[] = [];
    for (const [at, sentinel] of this.#sentinels) if (sentinel.ready) positions.push(at);
    if (this.#queues.length > 0) {
      for (const i of native.queuesReady(this.#stillOpen())) positions.push(this.#queuePositions[i]);
    }
    if (positions.length === 0) return undefined;
    return positions.sort((a, b) => a - b).map((at) => this.#all[at]);
  }

  /** The queues. @throws ProcessError where a connection was closed meanwhile: its queue may be somebody else's. */
  #stillOpen(): number[] {
    for (const at of this.#queuePositions) {
      const item = this.#all[at] as Waitable;
      if (item instanceof Connection) void item[READS];
    }
    return this.#queues as number[];
  }
}

function queueOf(item: unknown, at: number): number {
  if (item instanceof Connection) return item[READS];
  if (item instanceof Queue) return handleOf(item)!.id;
  return refuseArgument(`on[${at}]`, 'a Process, a Sentinel, a Connection or a Queue', item);
}

let waits = 0;

/**
 * Waits until one of them is ready: a process that ended, a connection or queue that can be read (also where nothing will come any more).
 *
 * @returns the ones that are, in the order given; none where the timeout passed.
 * @example
 * for (const ready of await wait([connection, child])) console.log(ready === child ? 'ended' : await connection.recv());
 */
export async function wait<W extends Waitable>(on: Iterable<W>, options?: WaitOptions): Promise<W[]> {
  const timeout = checkTimeout(options);
  const signal = checkSignal(options);
  const watched = new Watched(on);
  if (watched.isEmpty) return [];
  const ready = await bell.wait(`wait ${waits++}`, () => watched.ready(), timeout, signal);
  return ready === bell.TIMED_OUT ? [] : ready;
}

/** {@link wait}, blocking. */
export function waitSync<W extends Waitable>(on: Iterable<W>, options?: WaitSyncOptions): W[] {
  const timeout = checkSyncTimeout(options);
  const watched = new Watched(on);
  if (watched.isEmpty) return [];
  const ready = bell.waitSync(() => watched.ready(), timeout);
  return ready === bell.TIMED_OUT ? [] : ready;
}
