/** The lock of a value or array: an RLock of its own, one that was given, or none. */
import { handleOf, fromHandle } from '../arena/handle';
import { tree } from '../arena/tree';
import { native } from '../native';
import { ProcessError } from '../errors';
import type { Lock } from '../sync/lock';
import { RLock } from '../sync/rlock';
import { checkOptions, refuseArgument } from '../validate';

export interface LockOption {
  lock?: Lock | boolean;
}

/** Kinds of locks, by the number that stands in shared memory; 0: none. */
const KINDS = ['', 'Lock', 'RLock'] as const;
/** Index of the lock's kind, and of its block's id in two words, in a value's block. */
const KIND_WORD = 3;
const ID_WORD = 4;

/** Writes which lock a value has into its block's words. @returns the blocks that the value's object owns a count of. */
export function chooseLock(options: LockOption | undefined, words: Int32Array, at: number): number[] {
  const lock = lockOf(options);
  if (lock === undefined) return [];
  const { kind, id } = handleOf(lock)!;
  words[at + KIND_WORD] = KINDS.indexOf(kind as 'Lock');
  words[at + ID_WORD] = id;
  words[at + ID_WORD + 1] = Math.floor(id / 2 ** 32);
  native.retain(id);
  return [id];
}

/** The lock option, checked: before anything is made. */
export function checkLock(options: LockOption | undefined): void {
  const { lock } = checkOptions(options);
  if (lock === undefined || typeof lock === 'boolean') return;
  const handle = typeof lock === 'object' && lock !== null ? handleOf(lock) : undefined;
  if (handle === undefined || KINDS.indexOf(handle.kind as 'Lock') < 1) {
    refuseArgument('options.lock', 'a Lock, an RLock or a boolean', lock);
  }
  if (handle.tree !== tree().tree) {
    throw new ProcessError(`options.lock belongs to another tree of processes (${handle.tree})`, 'ERR_FOREIGN_HANDLE');
  }
}

function lockOf(options: LockOption | undefined): Lock | undefined {
  const lock = options?.lock ?? true;
  if (lock === false) return undefined;
  return lock === true ? new RLock() : lock;
}

/** The blocks of the lock that the words of a value name, one more count of each. */
export function adoptLock(words: Int32Array, at: number): number[] {
  if (words[at + KIND_WORD] === 0) return [];
  const id = lockId(words, at);
  native.retain(id);
  return [id];
}

function lockId(words: Int32Array, at: number): number {
  return (words[at + ID_WORD] >>> 0) + words[at + ID_WORD + 1] * 2 ** 32;
}

/** The lock itself. @throws ProcessError where the value was made without one. */
export function openLock(words: Int32Array, at: number, what: string): Lock {
  const kind = KINDS[words[at + KIND_WORD]];
  if (!kind) throw new ProcessError(`this ${what} was made without a lock ({ lock: false })`, 'ERR_NO_LOCK');
  return fromHandle({ tree: tree().tree, kind, id: lockId(words, at) }) as Lock;
}
