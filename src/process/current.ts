/** Who this process is, and who its parent and children are. */
import { native } from '../native';
import { setOwnName, type Adoption } from './launch';
import type { Process } from './process';
import { inheritStartMethod } from './start-method';

interface Identity {
  name: string;
  daemon: boolean;
  readonly path: readonly number[];
  readonly parent: Adoption['parent'] | undefined;
}

export const identity: Identity = { name: 'MainProcess', daemon: false, path: [], parent: undefined };

/** Children of this thread that have been started and whose end was not seen yet. */
export const running = new Set<Process>();

let started = 0;

/** The path of the next child: numbered from 1 in each process. */
export function nextPath(): number[] {
  return [...identity.path, ++started];
}

/** Called once, in a started process or thread. */
export function becomeChild(adoption: Adoption): void {
  Object.assign(identity, {
    name: adoption.name,
    daemon: adoption.daemon,
    path: adoption.identity,
    parent: adoption.parent,
  });
  setOwnName(adoption.name);
  inheritStartMethod(adoption.startMethod);
}

/** True in the process that the user started, false in a process or thread that this library started. */
export const isMainProcess: boolean = !native.isChild();
