/**
 * How objects of ours look in console.log and util.inspect: `Queue { size: 1, maxSize: 5, closed: false }`.
 *
 * What they are made of is private, so that without this each would be `Queue {}`.
 */
import type { InspectOptions } from 'node:util';

const CUSTOM = Symbol.for('nodejs.util.inspect.custom');

type Inspect = (value: unknown, options: InspectOptions) => string;

/**
 * Shows objects of `type` by what `state` gives. One whose state can't be read (a prototype) is shown without.
 *
 * @param called the name in public of a class that has another one.
 */
export function showsAs<T extends object>(
  type: { readonly prototype: T },
  state: (object: T) => object,
  called?: string,
): void {
  const value = function (this: T, depth: number, options: InspectOptions, inspect: Inspect): string {
    const name = called ?? nameOf(this);
    if (depth < 0) return `[${name}]`;
    let shown: object = {};
    try {
      shown = state(this);
    } catch {
      // Not one of them, or closed.
    }
    return `${name} ${inspect({ ...shown, ...this }, { ...options, depth: options.depth })}`;
  };
  Object.defineProperty(type.prototype, CUSTOM, { value, writable: true, configurable: true });
}

/** That of its class, a subclass as it is. */
function nameOf(object: object): string {
  const { constructor } = object;
  return typeof constructor === 'function' ? constructor.name : 'Object';
}
