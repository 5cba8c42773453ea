/**
 * Handles: objects of ours that any process of the tree can use.
 *
 * Such an object is a block of the arena and a small JavaScript object in each thread that knows it. In a message it
 * is `{ tree, kind, id }`; the receiver gets the object that it already has for that id, or a new one.
 * Each JavaScript object owns one count of its block; a collected object gives it back.
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
  /** Its block's id. */
  readonly id: number;
}

const factories = new Map<string, (id: number) => object>();
const known = new Map<number, WeakRef<object>>();
const collected = new FinalizationRegistry<number>((id) => {
  if (known.get(id)?.deref() === undefined) known.delete(id);
  native.release(id);
});

/** Says how an object of `kind` is made from its block's id. The factory must call {@link own} on it. */
export function registerKind(kind: string, factory: (id: number) => object): void {
  factories.set(kind, factory);
}

let loadKind: (kind: string) => void = () => {};

/** Says how the class of a kind is loaded that is not registered yet; loading it registers it. */
export function onUnknownKind(load: (kind: string) => void): void {
  loadKind = load;
}

/** Brands `object`, which from now on owns one count of block `id` that this thread holds. */
export function own(object: object, kind: string, id: number): void {
  Object.defineProperty(object, HANDLE, { value: Object.freeze({ tree: tree().tree, kind, id }) });
  known.set(id, new WeakRef(object));
  collected.register(object, id, object);
}

/** Gives the object's count back now, and not when it is collected. It must not be used any more. */
export function disown(object: object): void {
  const handle = handleOf(object);
  if (handle === undefined || !collected.unregister(object)) return;
  known.delete(handle.id);
  native.release(handle.id);
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
export function fromHandle(handle: Handle): object {
  if (handle.tree !== tree().tree) {
    throw Object.assign(new Error(`the ${handle.kind} belongs to another tree of processes (${handle.tree})`), {
      code: 'ERR_FOREIGN_HANDLE',
    });
  }
  const object = known.get(handle.id)?.deref();
  if (object !== undefined && handleOf(object)?.kind === handle.kind) return object;
  if (!factories.has(handle.kind)) loadKind(handle.kind);
  const factory = factories.get(handle.kind);
  if (factory === undefined) {
    throw Object.assign(new Error(`no class is known for the handle kind ${JSON.stringify(handle.kind)}`), {
      code: 'ERR_UNKNOWN_HANDLE',
    });
  }
  native.retain(handle.id);
  try {
    return factory(handle.id);
  } catch (error) {
    native.release(handle.id);
    throw error;
  }
}
