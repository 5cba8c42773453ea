/**
 * The core of its parent, in a started process or thread: the two then agree about the shared memory, and nothing is
 * searched for.
 */
import type * as Binding from '#binding';

const KEY: unique symbol = Symbol.for('multiproc.core') as never;

/** A loaded core, and the file that it was loaded from. */
export interface Core {
  readonly binding: typeof Binding;
  readonly file: string;
}

const place = process as { [KEY]?: Core };

/** Asked for when ./index is loaded. */
export function inheritedCore(): Core | undefined {
  return place[KEY];
}

/** Loads the parent's core, before ./index is loaded. */
export function inheritCore(file: string): typeof Binding {
  const module = { exports: {} };
  process.dlopen(module, file);
  const binding = module.exports as typeof Binding;
  Object.defineProperty(place, KEY, { value: { binding, file }, configurable: true });
  return binding;
}
