/**
 * Waiting in a thread: one bell for all of it.
 *
 * Whoever changes something that this thread may wait for rings its bell: an unblocked loop sees that before it polls
 * again, a sleeping one is woken. Then every pending wait looks again, first come first served; those that wait for the
 * same thing stop at the first that finds it not there.
 *
 * The order that loses no wake: `attempt` registers in the object (arms), then looks; only if it finds nothing the
 * thread sleeps. An attempt is repeated at each bell, so it must arm again when it fails.
 */
import { native } from '../native';
import { onAbort } from './abort';
import { tree } from './tree';

/** What a wait that ran out of time settles with. */
export const TIMED_OUT: unique symbol = Symbol('timed out');

interface Waiter {
  attempt(waited: number): unknown;
  settle(value: unknown): void;
  fail(error: unknown): void;
  readonly since: number;
}

const waiters = new Map<string, Set<Waiter>>();
const listeners = new Set<() => void>();
let refs = 0;
let hooked = false;

function hook(): void {
  if (hooked) return;
  hooked = true;
  tree();
  native.onBell(run);
}

/** What the bell does: the listeners, then the pending waits. */
function run(): void {
  for (const listener of listeners) listener();
  for (const [key, group] of waiters) runGroup(key, group);
}

function runGroup(key: string, group: Set<Waiter>): void {
  for (const waiter of group) {
    let value: unknown;
    try {
      value = waiter.attempt(performance.now() - waiter.since);
    } catch (error) {
      remove(key, group, waiter);
      waiter.fail(error);
      continue;
    }
    if (value === undefined) return;
    remove(key, group, waiter);
    waiter.settle(value);
  }
}

function remove(key: string, group: Set<Waiter>, waiter: Waiter): void {
  if (!group.delete(waiter)) return;
  if (group.size === 0 && waiters.get(key) === group) waiters.delete(key);
  unref();
}

/** Keeps the event loop alive until `unref()` was called as often. */
export function ref(): void {
  hook();
  if (refs++ === 0) native.bellRef(true);
}

export function unref(): void {
  if (--refs === 0) native.bellRef(false);
}

/** From now on rings are heard: what was sent is let go of once it is taken, whatever this thread does. */
export function attend(): void {
  hook();
}

/** Calls `listener` at each bell, until the returned function is called. Does not keep the loop alive. */
export function listen(listener: () => void): () => void {
  hook();
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Waits until `attempt` gives something other than undefined, and settles with that; `TIMED_OUT` where the time passed first.
 *
 * @param key waits of one key are served in order, and the later ones only after the earlier.
 * @param attempt registers and looks; gets the milliseconds waited so far. What it throws rejects the wait.
 * @param timeout milliseconds, -1: none.
 */
export function wait<T>(
  key: string,
  attempt: (waited: number) => T | undefined,
  timeout: number,
  signal?: AbortSignal,
): Promise<T | typeof TIMED_OUT> {
  hook();
  return new Promise((resolve, reject) => {
    let group = waiters.get(key);
    if (group === undefined || group.size === 0) {
      const value = attempt(0);
      if (value !== undefined) return resolve(value);
      if (timeout === 0) return resolve(TIMED_OUT);
      waiters.set(key, (group = new Set()));
    } else if (timeout === 0) {
      return resolve(TIMED_OUT);
    }
    const members = group;
    let timer: NodeJS.Timeout | undefined;
    let unlisten: (() => void) | undefined;
    const stop = () => {
      if (timer !== undefined) clearTimeout(timer);
      unlisten?.();
    };
    const waiter: Waiter = {
      attempt,
      since: performance.now(),
      settle(value) {
        stop();
        resolve(value as T);
      },
      fail(error) {
        stop();
        reject(error);
      },
    };
    const leave = () => {
      const first = members.values().next().value === waiter;
      remove(key, members, waiter);
      // The one behind may have what this one was about to get.
      if (first && members.size > 0) runGroup(key, members);
    };
    const abort = () => {
      leave();
      waiter.fail(signal!.reason);
    };
    const expire = () => {
      const left = timeout - (performance.now() - waiter.since);
      if (left > 0) {
        timer = setTimeout(expire, Math.min(left + 1, MAX_TIMER));
        return;
      }
      leave();
      waiter.settle(TIMED_OUT);
    };
    if (timeout > 0) timer = setTimeout(expire, Math.min(timeout, MAX_TIMER));
    if (signal !== undefined) unlisten = onAbort(signal, abort);
    members.add(waiter);
    ref();
  });
}

/** Whether a wait of that key is pending: what is tried without `wait` would overtake it. */
export function isWaiting(key: string): boolean {
  return waiters.has(key);
}

const MAX_TIMER = 2 ** 31 - 1;

let retry: NodeJS.Timeout | undefined;

/** The pending waits look again after `ms` milliseconds even if no bell rings: for an attempt that could not arm for good. */
export function retryIn(ms: number): void {
  if (retry !== undefined) return;
  retry = setTimeout(() => {
    retry = undefined;
    run();
  }, ms).unref();
}

/** Blocks this thread until `attempt` gives something other than undefined; `TIMED_OUT` after `timeout` ms (-1: never). */
export function waitSync<T>(attempt: () => T | undefined, timeout: number): T | typeof TIMED_OUT {
  hook();
  const end = timeout < 0 ? Infinity : performance.now() + timeout;
  for (;;) {
    const seen = native.bellSeen();
    const value = attempt();
    if (value !== undefined) return value;
    const left = end - performance.now();
    if (left <= 0) return TIMED_OUT;
    native.bellSleep(seen, Math.min(left, 200));
  }
}
