/**
 * Shapes: the keys of a plain object, in order. A message says the keys of a shape once, at the first object that has
 * it; further ones name it by number. Nothing is agreed between messages: each can be read alone, by anyone.
 *
 * The writer finds a shape by walking a trie along the keys, with the last child beside each node. The reader knows a
 * shape that it has read before by the bytes of its keys; a hash, made by the writer, says where to look.
 * A shape in a message: its number + 1, or 0, then its definition: hash as 4 bytes, number of keys, the keys as strings.
 */
import { ByteWriter, type ByteReader, malformed } from './bytes';
import { Tag } from './format';
import { keyStep, through } from './refusal';

/** An object of more keys is written key by key. */
export const MOST_KEYS = 64;
/** A trie of more nodes is begun anew: its objects were dictionaries. */
const MOST_NODES = 4096;
/** A reader keeps so many shapes, of so many bytes each. */
const MOST_SHAPES = 1024;
const MOST_BYTES = 2048;
/** After so many objects of a shape, what reads or writes them is compiled. */
const OFTEN = 24;

/** What writes the values of an object. */
interface ValueSink {
  value(value: unknown): void;
}

type WriteObject = (sink: ValueSink, object: object) => void;

/** A shape as a writer knows it. */
export class WrittenShape {
  private readonly keys: readonly string[];
  /** Its definition. */
  readonly bytes: Uint8Array;
  /** The message in which `number` was given. */
  message = -1;
  number = 0;
  private writes = 0;
  private compiled: WriteObject | undefined;

  constructor(keys: readonly string[], bytes: Uint8Array) {
    this.keys = keys;
    this.bytes = bytes;
  }

  /** Writes the values of an object that has it. Its getters run. */
  write(sink: ValueSink, object: object): void {
    if (this.compiled !== undefined) return this.compiled(sink, object);
    if (++this.writes === OFTEN) this.compiled = compileWriter(this.keys);
    let i = 0;
    try {
      for (; i < this.keys.length; i++) sink.value((object as Record<string, unknown>)[this.keys[i]]);
    } catch (error) {
      throw through(error, keyStep(this.keys[i]));
    }
  }
}

interface Node {
  /** The key that was looked for last, and its child. */
  key: string | undefined;
  next: Node | undefined;
  children: Map<string, Node> | undefined;
  shape: WrittenShape | undefined;
}

const node = (): Node => ({ key: undefined, next: undefined, children: undefined, shape: undefined });

/** The shapes of a writer. */
export class ShapeTrie {
  private root = node();
  private nodes = 0;
  private readonly definition = new ByteWriter();

  /** To be called between messages. */
  tidy(): void {
    if (this.nodes <= MOST_NODES) return;
    this.root = node();
    this.nodes = 0;
  }

  /** @param string how a string is written. */
  find(keys: readonly string[], string: (out: ByteWriter, text: string) => void): WrittenShape {
    let at = this.root;
    for (let i = 0; i < keys.length; i++) at = at.key === keys[i] ? at.next! : this.child(at, keys[i]);
    return (at.shape ??= this.define(keys, string));
  }

  private child(parent: Node, key: string): Node {
    const children = (parent.children ??= new Map());
    let child = children.get(key);
    if (child === undefined) {
      children.set(key, (child = node()));
      this.nodes++;
    }
    parent.key = key;
    return (parent.next = child);
  }

  private define(keys: readonly string[], string: (out: ByteWriter, text: string) => void): WrittenShape {
    const out = this.definition;
    out.reset();
    for (let i = 0; i < 4; i++) out.byte(0);
    out.count(keys.length);
    for (const key of keys) string(out, key);
    const bytes = out.take();
    let hash = 0x811c9dc5;
    for (let i = 4; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    for (let i = 0; i < 4; i++) bytes[i] = hash >>> (8 * i);
    return new WrittenShape(keys, bytes);
  }
}

/** What reads the values of an object. */
interface ValueSource {
  value(): unknown;
  /** Numbers an object that begins. */
  begin<T extends object>(object: T): T;
}

type ReadObject = (source: ValueSource) => object;

/** A shape as a reader knows it. */
export class ReadShape {
  private readonly keys: readonly string[];
  private reads = 0;
  private compiled: ReadObject | undefined;

  constructor(keys: readonly string[]) {
    this.keys = keys;
  }

  read(source: ValueSource): object {
    if (this.compiled !== undefined) return this.compiled(source);
    if (++this.reads === OFTEN) this.compiled = compile(this.keys);
    const object = source.begin<Record<string, unknown>>({});
    for (const key of this.keys) setOwn(object, key, source.value());
    return object;
  }
}

/** Sets an own property, whatever its name. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  } else {
    (object as Record<string, unknown>)[key] = value;
  }
}

/**
 * A function that reads an object of these keys, with a hidden class that is known beforehand. As the object can be
 * referred to from inside of itself, it is made first; an own `__proto__` is a property like any other then.
 * Undefined where this process may not compile text.
 */
function compile(keys: readonly string[]): ReadObject | undefined {
  const names = keys.map((key) => JSON.stringify(key));
  const literal = names
    .map((name) => (name === '"__proto__"' ? `[${name}]: undefined` : `${name}: undefined`))
    .join(', ');
  const stores = names.map((name) => `object[${name}] = source.value();`).join(' ');
  try {
    return new Function(
      'source',
      `const object = source.begin({ ${literal} }); ${stores} return object;`,
    ) as ReadObject;
  } catch {
    return undefined;
  }
}

/**
 * A function that writes the values of an object of these keys, each read in a place of its own: V8 knows where it lies
 * then. Undefined where this process may not compile text.
 */
function compileWriter(keys: readonly string[]): WriteObject | undefined {
  const steps = keys.map((key, i) => `i = ${i}; sink.value(object[${JSON.stringify(key)}]);`).join(' ');
  try {
    const make = new Function(
      'fail',
      `return (sink, object) => { let i; try { ${steps} } catch (error) { throw fail(error, i); } };`,
    ) as (fail: (error: unknown, i: number) => unknown) => WriteObject;
    return make((error, i) => through(error, keyStep(keys[i])));
  } catch {
    return undefined;
  }
}

/** The shapes of readers of this thread, by the hash that their writers gave them. */
const known = new Map<number, { readonly bytes: Uint8Array; readonly shape: ReadShape }[]>();
let kept = 0;

/** Reads a definition. @throws SerializationError */
export function readShape(input: ByteReader): ReadShape {
  let hash = 0;
  for (let i = 0; i < 4; i++) hash |= input.byte() << (8 * i);
  const candidates = known.get(hash);
  if (candidates !== undefined) for (const { bytes, shape } of candidates) if (input.skips(bytes)) return shape;
  const from = input.position;
  const keys: string[] = [];
  const count = input.length(2);
  if (count > MOST_KEYS) throw malformed('an object has too many keys for a shape');
  for (let i = 0; i < count; i++) {
    const tag: Tag = input.byte();
    if (tag !== Tag.LATIN1 && tag !== Tag.UTF16) throw malformed('a key is missing');
    keys.push(tag === Tag.LATIN1 ? input.latin1() : input.utf16());
  }
  if (new Set(keys).size !== count) throw malformed('a key comes twice');
  const shape = new ReadShape(keys);
  if (input.position - from <= MOST_BYTES) keep(hash, input.since(from), shape);
  return shape;
}

function keep(hash: number, bytes: Uint8Array, shape: ReadShape): void {
  if (kept === MOST_SHAPES) {
    known.clear();
    kept = 0;
  }
  kept++;
  const candidates = known.get(hash);
  if (candidates === undefined) known.set(hash, [{ bytes, shape }]);
  else candidates.push({ bytes, shape });
}
