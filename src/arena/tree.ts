import { native } from '../native';

/** Which tree of processes this thread belongs to, and as what. */
export interface Membership {
  /** This thread's slot in the tree, 0..319. */
  readonly slot: number;
  /** The tree's random id, 32 hexadecimal digits. */
  readonly tree: string;
  /** Whether this process made the arena: the first of its tree. */
  readonly root: boolean;
}

let membership: Membership | undefined;
let unfinished = 0;

/** Joins the tree at the first need: a program that only asks for cpuCount() never makes an arena. */
export function tree(): Membership {
  return (membership ??= join());
}

function join(): Membership {
  // Before others, since the last one may end the process at once (worker/quick-exit.ts).
  process.prependOnceListener('exit', (code) => {
    if (code !== 0 || unfinished > 0) return;
    try {
      native.setOrderly();
    } catch {
      // It counts as one that died: nobody waits for it either way.
    }
  });
  return native.join();
}

/**
 * Says that this thread has begun something that others rely on, until the function returned is called. A thread that ends
 * meanwhile, or with an exit code other than 0, is taken for one that died: its permits come back, barriers break.
 */
export function begin(): () => void {
  unfinished++;
  return () => void unfinished--;
}
