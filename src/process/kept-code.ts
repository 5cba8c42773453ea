/** What V8 has compiled of the core, kept for those that are started later. */
import { compiledCore } from '../load';
import { native } from '../native';

let kept = false;

/** To be called after a start: who is started gets there only when Node has booted. Takes about 2 ms, once. */
export function keepCode(): void {
  if (kept) return;
  kept = true;
  // Only the first process of a tree is there as long as all the others.
  if (native.isChild() || !process.getBuiltinModule('node:worker_threads').isMainThread) return;
  const code = compiledCore();
  if (code === undefined) return;
  try {
    native.codeKeep(code);
  } catch {
    // The memory is used up: those that need it will say so.
  }
}
