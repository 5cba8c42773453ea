/**
 * Where a started process or thread has the path of its parent's core. It loads that file: the two then agree about the
 * shared memory, and nothing is searched for.
 */
const KEY: unique symbol = Symbol.for('multiproc.core') as never;

const place = process as { [KEY]?: string };

/** Asked for when the core is loaded: this module is there before the path is. */
export function inheritedCore(): string | undefined {
  return place[KEY];
}

/** To be called before ./index is loaded. */
export function inheritCore(file: string): void {
  Object.defineProperty(place, KEY, { value: file, configurable: true });
}
