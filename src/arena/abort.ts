/**
 * One listener for each AbortSignal, however many tasks and waits it ends: Node warns of a leak at the eleventh listener, and
 * one signal for a thousand tasks is none.
 */
interface Watched {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const watched = new WeakMap<AbortSignal, Watched>();

/** Calls `act` once when the signal is aborted. @returns takes it back. */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  const { acts } = watched.get(signal) ?? watch(signal);
  acts.add(act);
  return () => {
    if (acts.delete(act) && acts.size === 0) unwatch(signal, acts);
  };
}

function watch(signal: AbortSignal): Watched {
  const acts = new Set<() => void>();
  const listener = () => {
    unwatch(signal, acts);
    for (const act of acts) if (acts.delete(act)) act();
  };
  const entry = { acts, listener };
  watched.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

function unwatch(signal: AbortSignal, acts: Set<() => void>): void {
  const entry = watched.get(signal);
  if (entry?.acts !== acts) return;
  watched.delete(signal);
  signal.removeEventListener('abort', entry.listener);
}
