import { native } from '../native';
import { disown, own, registerKind } from '../arena/handle';
import { creationSite } from '../arena/site';
import { tree } from '../arena/tree';
import { NotOwnerError, ProcessError } from '../errors';
import { checkBoolean, checkInteger, checkOptions, checkString, refuseArgument } from '../validate';
import { showsAs } from '../inspect/shown';

/** Longest name, in bytes (crates/shm, named.rs). */
const MAX_NAME = 200;

interface SharedMemoryOptions {
  name?: string;
  create?: boolean;
  size?: number;
}

/** Blocks in use by this thread, which leave with it. */
const open = new Set<number>();
const collected = new FinalizationRegistry<number>((handle) => {
  close(handle);
  native.namedForget(handle);
});
let leaving = false;

function close(handle: number): void {
  open.delete(handle);
  native.namedClose(handle);
}

function use(handle: number): void {
  open.add(handle);
  if (leaving) return;
  leaving = true;
  process.on('exit', () => open.forEach(close));
}

function checkName(name: unknown): asserts name is string {
  checkString(name, 'options.name');
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > MAX_NAME || /[/\0]/.test(name)) {
    refuseArgument('options.name', `a name of 1 to ${MAX_NAME} bytes without '/' and NUL`, name);
  }
}

/**
 * A block of memory that unrelated processes of one user attach to by name. It is gone with its last user; what a process that was
 * killed leaves is swept (crates/shm, named.rs).
 *
 * @example
 * using block = new SharedMemory({ name: 'frames', create: true, size: 1 << 20 });
 * new Uint8Array(block.buffer)[0] = 1;
 * // elsewhere
 * using same = new SharedMemory({ name: 'frames' });
 */
export class SharedMemory implements Disposable {
  readonly #name: string;
  readonly #size: number;
  readonly #handle: number;
  readonly #owner: boolean;
  #buffer: ArrayBuffer | undefined;

  /**
   * Attaches to a block, or makes one.
   *
   * @param options.name by default, where it is made, a random one.
   * @param options.create makes it: then with `size`, in bytes.
   * @throws Error with code EEXIST where the name is taken, ENOENT where there is none; TypeError, RangeError.
   */
  constructor(options: SharedMemoryOptions) {
    if (options === undefined) refuseArgument('options', 'an object', options);
    const { name, create = false, size } = checkOptions(options);
    checkBoolean(create, 'options.create');
    if (name !== undefined || !create) checkName(name);
    if (size !== undefined || create) checkInteger(size, 'options.size', create ? 1 : 0);
    tree();
    this.#name = name ?? `psm_${process.getBuiltinModule('node:crypto').randomBytes(6).toString('hex')}`;
    const found = native.namedOpen(this.#name, create, size ?? 0);
    this.#handle = found.handle;
    this.#size = found.size;
    this.#owner = create;
    this.#buffer = native.namedBuffer(found.handle);
    use(found.handle);
    collected.register(this.#buffer, found.handle);
    // It travels as its name.
    const { end, block } = native.sharedCreate(Buffer.from(this.#name), [], creationSite(new.target));
    own(this, 'SharedMemory', end, [block]);
  }

  get name(): string {
    return this.#name;
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** The memory. @throws ProcessError after close(). */
  get buffer(): ArrayBuffer {
    if (this.#buffer === undefined) throw new ProcessError('the shared memory is closed', 'ERR_CLOSED');
    return this.#buffer;
  }

  /** This object does not use it any more: its buffer, and views of it, become empty. The last user takes the block with it. */
  close(): void {
    if (this.#buffer === undefined) return;
    native.namedDetach(this.#buffer);
    this.#buffer = undefined;
    close(this.#handle);
    disown(this);
  }

  /**
   * Takes the name away: nobody else can attach. Those who use it go on.
   *
   * @throws NotOwnerError where another made it; Error with code ENOENT the second time.
   */
  unlink(): void {
    if (!this.#owner) {
      throw new NotOwnerError(`shared memory ${JSON.stringify(this.#name)} was made by another, who alone unlinks it`);
    }
    native.namedUnlink(this.#handle);
  }

  /** close(). */
  [Symbol.dispose](): void {
    this.close();
  }
}

registerKind('SharedMemory', (id) => {
  const memory = new SharedMemory({ name: Buffer.from(native.sharedBytes(id)).toString() });
  native.release(id);
  return memory;
});

showsAs(SharedMemory, ({ name, size }) => ({ name, size }));
