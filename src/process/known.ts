import { identity } from './current';
import { knownProcess, type Process } from './process';

let self: Process | undefined;
let parent: Process | undefined;

/** The Process that this code runs in. */
export function currentProcess(): Process {
  return (self ??= knownProcess({ pid: process.pid, name: identity.name, daemon: identity.daemon, self: true }));
}

/** In a started process: the object whose run() is called is the current process. */
export function becomeCurrent(
  type: Function,
  target: ((...args: any[]) => unknown) | undefined,
  args: readonly unknown[],
): Process {
  return (self = knownProcess(
    { pid: process.pid, name: identity.name, daemon: identity.daemon, self: true, target, args },
    type,
  ));
}

/** The Process that started this one; undefined in the main process. Its daemon flag is not known here: false. */
export function parentProcess(): Process | undefined {
  if (identity.parent === undefined) return undefined;
  return (parent ??= knownProcess({
    pid: identity.parent.pid,
    name: identity.parent.name,
    daemon: false,
    self: false,
  }));
}
