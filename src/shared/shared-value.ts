/**
 * Values that are encoded once and decoded once in each process that reads them.
 *
 * What travels is a handle to the value's *end* (crates/shm, shared.rs): who has it wants the value. What a thread has
 * decoded it keeps, with the block, until nobody wants the value any more; then the block says so and this thread's bell rings.
 */
import { native } from '../native';
import * as bell from '../arena/bell';
import { disown, handleOf, own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { wordsOf } from '../arena/words';
import { decode, encode } from '../codec';
import { ProcessError } from '../errors';
import { showsAs } from '../inspect/shown';

const ADOPT: unique symbol = Symbol('adopt');

/** What was decoded, with the words of the block that say whether anybody wants it. */
interface Kept {
  readonly value: unknown;
  readonly words: Int32Array;
  readonly at: number;
}

/** By block. Each has one count of its block, so that no other value can have that block meanwhile. */
const kept = new Map<number, Kept>();
let listening = false;

function forgetUnwanted(): void {
  for (const [block, { words, at }] of kept) {
    if ((Atomics.load(words, at) & 1) === 0) continue;
    kept.delete(block);
    native.release(block);
  }
}

function decoded(end: number, block: number): unknown {
  const found = kept.get(block);
  if (found !== undefined) return found.value;
  const value = decode(new Uint8Array(native.sharedBytes(end)));
  native.retain(block);
  kept.set(block, { value, ...wordsOf(block) });
  if (!listening) {
    listening = true;
    bell.listen(forgetUnwanted);
  }
  return value;
}

/**
 * A value that is serialised once, and decoded once in each process that reads it, however many tasks capture it. Made by
 * {@link share}. What is shared should not be changed: a change is seen by nobody else.
 */
export class Shared<T> implements Disposable {
  readonly #end: number;
  readonly #block: number;
  #value: { readonly value: T } | undefined;

  /** @internal */
  constructor(...params: readonly unknown[]) {
    tree();
    if (params[0] === ADOPT) {
      const { end, block, refs } = native.sharedOpen(params[1] as number);
      this.#end = end;
      this.#block = block;
      for (const held of [block, ...refs]) native.retain(held);
      own(this, 'Shared', end, [block, ...refs]);
      return;
    }
    if (params[0] !== MAKE) throw new TypeError('a Shared is made by share()');
    const value = params[1] as T;
    const { bytes, refs } = encode(value, 'value');
    const { end, block } = native.sharedCreate(bytes, refs as number[], params[2] as string);
    this.#end = end;
    this.#block = block;
    this.#value = { value };
    for (const ref of refs) native.retain(ref);
    own(this, 'Shared', end, [block, ...refs]);
    // To let go of what was sent as soon as it is taken.
    bell.attend();
  }

  /**
   * The value: the one that was given to share(), in the process that did; elsewhere what was made of it at the first look.
   *
   * @throws ProcessError after its disposal.
   */
  get value(): T {
    return (this.#value ??= { value: this.#decoded() }).value;
  }

  /** This object does not need it any more. Its memory is freed once nobody does. */
  [Symbol.dispose](): void {
    this.#value = undefined;
    disown(this);
  }

  #decoded(): T {
    if (handleOf(this)!.id < 0) throw new ProcessError('the shared value is disposed', 'ERR_DISPOSED');
    return decoded(this.#end, this.#block) as T;
  }
}

const MAKE: unique symbol = Symbol('make');

/**
 * Serialises `value` once, for any number of tasks and processes.
 *
 * @throws SerializationError
 * @example
 * const table = share(await loadTable());      // 50 MB
 * await pool.map((key) => table.value.get(key), keys);
 */
export function share<T>(value: T): Shared<T> {
  return Reflect.construct(Shared, [MAKE, value, creationSite(share)]) as Shared<T>;
}

registerKind('Shared', (id) => Reflect.construct(Shared, [ADOPT, id]) as Shared<unknown>);

showsAs(Shared, ({ value }) => ({ value }));
