import { showsAs } from '../inspect/shown';

/** Becomes ready when the process has ended: for wait(). */
export interface Sentinel {
  readonly ready: boolean;
}

class ExitSentinel implements Sentinel {
  readonly #hasEnded: () => boolean;

  constructor(hasEnded: () => boolean) {
    this.#hasEnded = hasEnded;
  }

  get ready(): boolean {
    return this.#hasEnded();
  }
}

export function sentinelOf(hasEnded: () => boolean): Sentinel {
  return new ExitSentinel(hasEnded);
}

/** Whether it is one that a Process gave. */
export function isSentinel(value: unknown): value is Sentinel {
  return value instanceof ExitSentinel;
}

showsAs(ExitSentinel, ({ ready }) => ({ ready }), 'Sentinel');
