import { native } from '../native';
import * as bell from '../arena/bell';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { begin, tree } from '../arena/tree';
import { wordsOf } from '../arena/words';
import { decode, encode, prepare } from '../codec';
import { BrokenBarrierError, DeadlockError } from '../errors';
import { checkFunction, checkInteger, checkOptions, checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { refusePromise } from './hold';
import { showsAs } from '../inspect/shown';

// The words of a barrier, by their index (crates/shm, barrier.rs): the lower half of its state, and its parties.
const STATE = 0;
const PARTIES = 2;
const PHASE_SHIFT = 28;
const ARRIVED = (1 << PHASE_SHIFT) - 1;
const FILLING = 0;
const ABORTING = 3;
const BROKEN_PHASE = 4;

/** What native.barrierPass returns below 0 (crates/node, barrier.rs): -1 broken, */
const TIMED_OUT = -2;
/** minus the generation, minus this: this thread runs the action. */
const ACTS = -16;

const MOST = 2 ** 28 - 2;

const ADOPT: unique symbol = Symbol('adopt');

/**
 * A number of parties that go on together: each waits until all have come. It can be used again and again.
 *
 * A party that times out, is aborted or dies breaks the barrier: all that wait get BrokenBarrierError, and so does who comes,
 * until reset(). Every process that was handed the barrier counts as a party: one that is killed or fails breaks it, one that
 * ends with exit code 0 does not.
 *
 * @example
 * const barrier = new Barrier(3);
 * const index = await barrier.wait();   // in each of three processes: 0, 1 or 2
 */
export class Barrier {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #id: number;
  /** Default of wait(), -1: none. */
  readonly #timeout: number;
  #action: (() => void) | undefined;
  /** The action as it came from another process, until it is needed. */
  #encodedAction: Uint8Array | undefined;
  #acting = false;

  /**
   * @param parties how many it waits for, 1..2^28 - 2.
   * @param options.action run by one of the parties once all have come, before any goes on.
   * @param options.timeout of each wait() that gives none, in milliseconds.
   */
  constructor(parties: number, options?: { action?: () => void; timeout?: number });
  constructor(...params: readonly unknown[]) {
    tree();
    if (params[0] === ADOPT) {
      this.#id = params[1] as number;
      this.#encodedAction = params[2] as Uint8Array | undefined;
      this.#timeout = native.barrierTimeout(this.#id);
    } else {
      const [parties, options] = params as [number, { action?: () => void; timeout?: number } | undefined];
      checkInteger(parties, 'parties', 1, MOST);
      const { action } = checkOptions(options);
      if (action !== undefined) checkFunction(action, 'options.action');
      this.#action = action;
      this.#timeout = checkTimeout(options);
      this.#id = native.barrierCreate(parties, action !== undefined, this.#timeout, creationSite(new.target));
    }
    const { words, at } = wordsOf(this.#id);
    this.#words = words;
    this.#at = at;
    const acts = this.#action !== undefined || this.#encodedAction !== undefined;
    own(this, 'Barrier', this.#id, undefined, acts ? () => encode(this.#loadAction(), 'action') : undefined);
    if (this.#encodedAction !== undefined) this.#tryToLoadAction();
  }

  /**
   * Waits until all parties have come.
   *
   * @returns the number of this party in this cycle, 0..parties - 1 in the order in which they came.
   * @throws BrokenBarrierError where it is broken, by the timeout too; in one of the parties what the action threw.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const timeout = this.#timeoutOf(options, checkTimeout(options));
    let signal: AbortSignal | undefined;
    try {
      signal = checkSignal(options);
    } catch (error) {
      if (options?.signal?.aborted) this.abort();
      throw error;
    }
    const end = begin();
    try {
      return await this.#pass(timeout, signal);
    } finally {
      end();
    }
  }

  async #pass(timeout: number, signal: AbortSignal | undefined): Promise<number> {
    const since = performance.now();
    let came = native.barrierArrive(this.#id);
    if (came.how === 'busy') {
      const attempt = () => {
        const again = native.barrierArrive(this.#id);
        return again.how === 'busy' ? undefined : again;
      };
      const got = await this.#orBreak(null, () => bell.wait(`to barrier ${this.#id}`, attempt, timeout, signal));
      if (got === bell.TIMED_OUT) throw this.#timedOut(null, timeout);
      came = got;
    }
    const { how, generation, index } = came;
    if (how === 'through') return index;
    if (how === 'broken') throw broken();
    if (how === 'acts') {
      await this.#prepareAction();
      return this.#act(generation);
    }
    const left = timeout === -1 ? -1 : Math.max(0, timeout - (performance.now() - since));
    const attempt = () => native.barrierOutcomeOrArm(this.#id, generation) ?? undefined;
    const outcome = await this.#orBreak(generation, () => bell.wait(`barrier ${this.#id}`, attempt, left, signal));
    if (outcome === true) return index;
    if (outcome === bell.TIMED_OUT) {
      const error = this.#timedOut(generation, timeout);
      if (error === undefined) return index;
      throw error;
    }
    throw broken();
  }

  /** {@link wait}, blocking. */
  waitSync(options?: WaitSyncOptions): number {
    const timeout = this.#timeoutOf(options, checkSyncTimeout(options));
    if (this.#acting) throw new DeadlockError('the action of the barrier would wait for itself');
    const end = begin();
    try {
      const status = native.barrierPass(this.#id, timeout);
      if (status >= 0) return status;
      if (status <= ACTS) return this.#act(ACTS - status);
      throw status === TIMED_OUT ? broken(`not all parties came within ${timeout} ms`) : broken();
    } finally {
      end();
    }
  }

  /** Back to an empty barrier that is not broken. Those that wait get BrokenBarrierError. */
  reset(): void {
    native.barrierReset(this.#id);
  }

  /** Breaks the barrier: those that wait, and those that come, get BrokenBarrierError. */
  abort(): void {
    native.barrierAbort(this.#id, null);
  }

  get parties(): number {
    return this.#words[this.#at + PARTIES];
  }

  /** How many wait now. */
  get nWaiting(): number {
    const state = Atomics.load(this.#words, this.#at + STATE);
    return state >>> PHASE_SHIFT === FILLING ? state & ARRIVED : 0;
  }

  get broken(): boolean {
    const phase = Atomics.load(this.#words, this.#at + STATE) >>> PHASE_SHIFT;
    return phase === BROKEN_PHASE || phase === ABORTING;
  }

  /** `timeout` is that of `options`, which may have none of their own. */
  #timeoutOf(options: WaitSyncOptions | undefined, timeout: number): number {
    return options?.timeout === undefined ? this.#timeout : timeout;
  }

  /** An abort breaks the barrier, as long as the generation is not over. */
  async #orBreak<T>(generation: number | null, wait: () => Promise<T>): Promise<T> {
    try {
      return await wait();
    } catch (error) {
      native.barrierAbort(this.#id, generation);
      throw error;
    }
  }

  /** Undefined where all came at the last moment. */
  #timedOut(generation: number, timeout: number): BrokenBarrierError | undefined;
  #timedOut(generation: null, timeout: number): BrokenBarrierError;
  #timedOut(generation: number | null, timeout: number): BrokenBarrierError | undefined {
    const here = native.barrierAbort(this.#id, generation);
    if (!here && generation !== null && native.barrierOutcomeOrArm(this.#id, generation) === true) return undefined;
    return here ? broken(`not all parties came within ${timeout} ms`) : broken();
  }

  #act(generation: number): number {
    this.#acting = true;
    try {
      const result: unknown = this.#loadAction()();
      refusePromise(result, 'the action of a barrier must not return a Promise: the parties go on when it returns');
    } catch (error) {
      native.barrierAbort(this.#id, generation);
      throw error;
    } finally {
      this.#acting = false;
    }
    if (!native.barrierFinish(this.#id, generation)) throw broken();
    return this.parties - 1;
  }

  /** Modules that the action imports can be awaited here. */
  async #prepareAction(): Promise<void> {
    if (this.#encodedAction === undefined) return;
    try {
      await prepare(this.#encodedAction);
    } catch {
      // Loading it tells.
    }
  }

  #loadAction(): () => void {
    if (this.#encodedAction !== undefined) {
      this.#action = decode(this.#encodedAction) as () => void;
      this.#encodedAction = undefined;
    }
    return this.#action!;
  }

  /** At once, so that what the action captures is held; where a module is missing, when it is needed. */
  #tryToLoadAction(): void {
    try {
      this.#loadAction();
    } catch {
      // The one that acts is told.
    }
  }
}

function broken(why = 'a party timed out, was aborted, failed or died, or it was reset'): BrokenBarrierError {
  return new BrokenBarrierError(`the barrier is broken: ${why}`);
}

registerKind('Barrier', (id, parts) => Reflect.construct(Barrier, [ADOPT, id, parts]) as Barrier);

showsAs(Barrier, ({ parties, nWaiting, broken }) => ({ parties, nWaiting, broken }));
