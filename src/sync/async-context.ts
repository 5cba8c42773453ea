/** Which scopes of RLock.run() the running code is in, through any awaits. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** A scope that a run() has opened; the outer ones follow. */
interface Scope {
  readonly lock: object;
  readonly outer: Scope | undefined;
}

/** Made at the first need: on older versions of Node every promise of a process costs more once there is one. */
let scopes: AsyncLocalStorage<Scope> | undefined;

/** The innermost scope of `lock` that this code is in. */
export function scopeOf(lock: object): object | undefined {
  let scope = scopes?.getStore();
  while (scope !== undefined && scope.lock !== lock) scope = scope.outer;
  return scope;
}

/** A new scope of `lock` within those that this code is in. */
export function newScope(lock: object): object {
  return { lock, outer: scopes?.getStore() } satisfies Scope;
}

/** Runs `f` in a scope that {@link newScope} has made. */
export function runIn<T>(scope: object, f: () => T): T {
  return (scopes ??= new AsyncLocalStorage()).run(scope as Scope, f);
}
