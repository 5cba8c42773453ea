import { native } from '../native';
import * as bell from '../arena/bell';
import { own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { wordsOf } from '../arena/words';
import { checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import type { WaitOptions, WaitSyncOptions } from '../types';
import { showsAs } from '../inspect/shown';

/** The word (crates/shm, event.rs): flags, and above them how often it was set. */
const SET = 1;
const WAITERS = 2;
const EPOCH = 2;

const ADOPT: unique symbol = Symbol('adopt');

/**
 * A flag that any thread or process may set and clear, and that all may wait for. set() lets through all that wait at that
 * moment, also where clear() follows at once.
 *
 * @example
 * const ready = new Event();
 * new Process({ target: (event) => event.waitSync(), args: [ready] }).start();
 * ready.set();
 */
export class Event {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #id: number;

  constructor();
  constructor(...internal: readonly unknown[]) {
    tree();
    this.#id = internal[0] === ADOPT ? (internal[1] as number) : native.eventCreate(creationSite(new.target));
    const { words, at } = wordsOf(this.#id);
    this.#words = words;
    this.#at = at;
    own(this, 'Event', this.#id);
  }

  /** Sets the flag, and lets all through that wait. */
  set(): void {
    const old = Atomics.load(this.#words, this.#at);
    if ((old & SET) !== 0) return;
    if ((old & WAITERS) === 0) {
      const next = (((old >>> EPOCH) + 1) << EPOCH) | SET;
      if (Atomics.compareExchange(this.#words, this.#at, old, next) === old) return;
    }
    native.eventSet(this.#id);
  }

  /** Takes the flag back: from now on wait() waits. */
  clear(): void {
    Atomics.and(this.#words, this.#at, ~SET);
  }

  isSet(): boolean {
    return (Atomics.load(this.#words, this.#at) & SET) !== 0;
  }

  /** Waits until the flag is set. @returns false where the timeout passed first. */
  async wait(options?: WaitOptions): Promise<boolean> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const word = Atomics.load(this.#words, this.#at);
    if ((word & SET) !== 0) return true;
    const attempt = () => native.eventThroughOrArm(this.#id, word >>> EPOCH) || undefined;
    return (await bell.wait(`event ${this.#id}`, attempt, timeout, signal)) === true;
  }

  /** {@link wait}, blocking. */
  waitSync(options?: WaitSyncOptions): boolean {
    const timeout = checkSyncTimeout(options);
    const word = Atomics.load(this.#words, this.#at);
    return (word & SET) !== 0 || native.eventWait(this.#id, word >>> EPOCH, timeout) === 1;
  }
}

registerKind('Event', (id) => Reflect.construct(Event, [ADOPT, id]) as Event);

showsAs(Event, (event) => ({ set: event.isSet() }));
