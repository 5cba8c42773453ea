/**
 * Timers and clocks as they are beneath what a test of the user's puts in their place (jest's and vitest's fake timers, sinon):
 * other processes live in real time, and a wait for them would never end.
 *
 * scripts/bundle.mjs puts these where the sources say setTimeout, performance.now and so on. They are those of the main
 * context, which such tools leave alone where they run tests in one of their own, as they are when this file is loaded.
 */
import { mainGlobal } from '../closure/realm';

export const { setTimeout, clearTimeout, setImmediate, queueMicrotask } = mainGlobal;
export const { hrtime, nextTick } = mainGlobal.process;

const clock = mainGlobal.performance;
/** A fake one is the object's own. */
const read = (Object.getPrototypeOf(clock) as typeof clock).now;

export const now = (): number => read.call(clock);
