/** What is said of the state of a lock, a semaphore and the like: who has it, who waits. */
import type { Snapshot } from './format';

/** Names the members of slots. */
export type Who = (slots: readonly number[]) => string;

/** Who waits, as far as it is known: event loops are by name, blocked threads are not. */
function awaited({ waiters, armed = [] }: Snapshot, who: Who): string[] {
  if (armed.length > 0) return [`awaited by ${who(armed)}`];
  return waiters ? ['awaited'] : [];
}

function lockState(object: Snapshot, who: Who): string {
  const { owner, died } = object;
  const state = died ? 'its holder died' : owner == null ? 'free' : `held by ${who([owner])}`;
  return [state, ...awaited(object, who)].join(', ');
}

function rwLockState(object: Snapshot, who: Who): string {
  const { owner, died, readers = [] } = object;
  const parts: string[] = [];
  if (died) parts.push('its writer died');
  if (owner != null) parts.push(`written by ${who([owner])}`);
  if (readers.length > 0) parts.push(`read by ${who(readers)}`);
  if (parts.length === 0) parts.push('free');
  return [...parts, ...awaited(object, who)].join(', ');
}

function semaphoreState(object: Snapshot, who: Who): string {
  const { value, first, owners = [] } = object;
  const held = owners.length > 0 ? [`held by ${who(owners)}`] : [];
  return [`${value} permits, ${first} at first`, ...held, ...awaited(object, who)].join(', ');
}

function conditionState({ lock, waiting }: Snapshot, who: Who): string {
  const parts = [`lock ${lock!.toString(16)}`];
  if (Array.isArray(waiting) && waiting.length > 0) {
    parts.push(`awaited by ${waiting.map(([slot, n]) => (n > 1 ? `${who([slot])} (${n})` : who([slot]))).join(' ')}`);
  }
  return parts.join(', ');
}

function eventState(object: Snapshot, who: Who): string {
  return [object.set ? 'set' : 'not set', ...awaited(object, who)].join(', ');
}

function barrierState({ parties, waiting, broken, armed = [] }: Snapshot, who: Who): string {
  const parts = [`${String(waiting)} of ${parties} parties`];
  if (broken) parts.push('broken');
  if (armed.length > 0) parts.push(`awaited by ${who(armed)}`);
  return parts.join(', ');
}

/** By the kind of the object's block. */
export const PRIMITIVES: Readonly<Record<string, (object: Snapshot, who: Who) => string>> = {
  Mutex: lockState,
  RLock: lockState,
  RwLock: rwLockState,
  Semaphore: semaphoreState,
  Condition: conditionState,
  Event: eventState,
  Barrier: barrierState,
};
