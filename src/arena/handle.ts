/**
 * Handles: objects of ours that any process of the tree can use.
 *
 * Such an object is a block of the arena and a small JavaScript object in each thread that knows it. In a message it
 * is `{ tree, kind, id }`; the receiver gets the object that it already has for that id, or a new one.
 * Each JavaScript object owns one count of its block, and of the other blocks that it is made of; a collected object gives them back.
 */
import { native } from '../native';
import { tree } from './tree';

/** The brand of a handle: an own property that holds a {@link Handle}. */
export const HANDLE: unique symbol = Symbol.for('multiproc.handle') as never;

export interface Handle {
  /** The tree of processes that it belongs to. */
  readonly tree: string;
  /** The class it is of: 'Lock', 'Queue'. */
  readonly kind: string;
  /** Its block's id; -1 once it is closed or disposed: then it can't be sent. */
  readonly id: number;
  /** Other blocks that it is made of: whoever holds it holds them too. */
  readonly also: readonly number[];
  /** What else an object like it is made of in another process, encoded when it is sent: the lock of a condition. */
  readonly parts?: () => Parts;
}

/** An encoded value, and the blocks that it names. */
export interface Parts {
  readonly bytes: Uint8Array;
  readonly refs: readonly number[];
}

type Factory = (id: number, parts: Uint8Array | undefined) => object;

/** A class of shared objects. */
interface Kind {
  readonly factory: Factory;
  /** The objects of this thread, by their blocks. */
  readonly known: Map<number, WeakRef<object>>;
}

const kinds = new Map<string, Kind>();
const NONE: readonly number[] = Object.freeze([]);
const collected = new FinalizationRegistry<Omit<Handle, 'tree'>>((handle) => {
  forget(handle);
  giveBack(handle);
});
/** Objects whose counts something else gives back. */
const branded = new FinalizationRegistry<Omit<Handle, 'tree'>>(forget);

function forget({ kind, id }: Omit<Handle, 'tree'>): void {
  const known = kinds.get(kind)?.known;
  if (known?.get(id)?.deref() === undefined) known?.delete(id);
}

/** The block itself first: an end of a pipe goes while its queues are still held. */
function giveBack({ id, also }: Omit<Handle, 'tree'>): void {
  native.release(id);
  for (const other of also) native.release(other);
}

/**
 * Says how an object of `kind` is made from its block's id, and from its parts, where it has any. The factory gets one count of
 * the block, and must call {@link own} on the object; other blocks that the object is made of it retains itself.
 */
export function registerKind(kind: string, factory: Factory): void {
  kinds.set(kind, { factory, known: new Map() });
}

let loadKind: (kind: string) => void = () => {};

/** Says how the class of a kind is loaded that is not registered yet; loading it registers it. */
export function onUnknownKind(load: (kind: string) => void): void {
  loadKind = load;
}

/** Brands `object`, which from now on owns one count of block `id`, and one of each of `also`, that this thread holds. */
export function own(
  object: object,
  kind: string,
  id: number,
  also: readonly number[] = NONE,
  parts?: () => Parts,
): void {
  brand(object, kind, id, also, parts);
  collected.register(object, { kind, id, also }, object);
}

/** Brands `object` as the one of block `id`. Its memory itself gives the count back. */
export function brandMemory(object: object, kind: string, id: number): void {
  brand(object, kind, id, NONE);
  branded.register(object, { kind, id, also: NONE });
}

function brand(object: object, kind: string, id: number, also: readonly number[], parts?: () => Parts): void {
  const value: Handle = Object.freeze({ tree: tree().tree, kind, id, also, ...(parts && { parts }) });
  Object.defineProperty(object, HANDLE, { value, configurable: true });
  kinds.get(kind)?.known.set(id, new WeakRef(object));
}

/** Gives the object's counts back now, and not when it is collected. It can't be used or sent any more. */
export function disown(object: object): void {
  const handle = handleOf(object);
  if (handle === undefined || !collected.unregister(object)) return;
  kinds.get(handle.kind)?.known.delete(handle.id);
  const value: Handle = Object.freeze({ ...handle, id: -1, also: NONE });
  Object.defineProperty(object, HANDLE, { value, configurable: true });
  giveBack(handle);
}

/** The handle that `value` is, read without running user code; undefined where it is none. */
export function handleOf(value: object): Handle | undefined {
  return Object.getOwnPropertyDescriptor(value, HANDLE)?.value as Handle | undefined;
}

/**
 * The object of this thread for a handle. This thread must hold the block (a message that arrived does).
 *
 * @throws Error with code ERR_FOREIGN_HANDLE for a handle of another tree, ERR_UNKNOWN_HANDLE for an unknown kind.
 */
export function fromHandle(handle: Omit<Handle, 'also' | 'parts'>, parts?: Uint8Array): object {
  if (handle.tree !== tree().tree) {
    throw Object.assign(new Error(`the ${handle.kind} belongs to another tree of processes (${handle.tree})`), {
      code: 'ERR_FOREIGN_HANDLE',
    });
  }
  if (!kinds.has(handle.kind)) loadKind(handle.kind);
  const kind = kinds.get(handle.kind);
  const object = kind?.known.get(handle.id)?.deref();
  if (object !== undefined) return object;
  if (kind === undefined) {
    throw Object.assign(new Error(`no class is known for the handle kind ${JSON.stringify(handle.kind)}`), {
      code: 'ERR_UNKNOWN_HANDLE',
    });
  }
  native.retain(handle.id);
  try {
    return kind.factory(handle.id, parts);
  } catch (error) {
    native.release(handle.id);
    throw error;
  }
}
