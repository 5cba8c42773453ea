/**
 * Messages that hold functions, or instances of classes.
 *
 * In this order: the modules to be loaded beforehand; where the plain data (./plain-data.ts) begins, which stands at the
 * end; how many cells there are; how many functions; each function: its code, its name, of a class who it is, its references, the values of its early
 * variables, the numbers of its cells; then each function's late variables and what it has beyond its text; the values
 * of the cells; and the value itself. All values share one numbering of objects, so what two functions capture of one
 * object is one object there too. ../closure/graph.ts says what is early and what is late.
 */
import { codeText, makeFunction, type Code } from '../closure/compile';
import { applyExtras, type Extras } from '../closure/extras';
import { FunctionGraph, isEarly, throughRoot, type FunctionNode, type Root } from '../closure/graph';
import { adopt, named } from '../closure/identity';
import { isObjectPrototype } from '../closure/realm';
import { resolveReference, type Reference } from '../closure/reference';
import type { ModuleRequest } from '../closure/load';
import { hooksOf, type Cell } from '../closure/revived';
import { SerializationError } from '../errors';
import { malformed } from './bytes';
import { writeFlat, type Flat } from './flat';
import { Form } from './format';
import { PlainData, writePlainData, writePlainRoot } from './plain-data';
import type { ValueReader } from './value-reader';
import type { ValueWriter } from './value-writer';

/** @throws Refusal */
export function writeClosures(writer: ValueWriter, value: unknown): void {
  const graph = new FunctionGraph(value);
  writer.begin(Form.CLOSURES, graph);
  new ClosureWriter(writer, graph).write();
}

class ClosureWriter {
  private readonly writer: ValueWriter;
  private readonly graph: FunctionGraph;
  private readonly plain: ReadonlyMap<Root, number>;
  /** Those of its values that hold no others and were written. */
  private readonly flats = new Set<object>();

  constructor(writer: ValueWriter, graph: FunctionGraph) {
    this.writer = writer;
    this.graph = graph;
    this.plain = new Map(graph.plainRoots.map((root, i) => [root, i]));
  }

  write(): void {
    const { writer, graph } = this;
    const { out } = writer;
    out.count(graph.imports.length);
    for (const reference of graph.imports as Extract<Reference, { kind: 'import' }>[]) {
      writer.string(reference.base);
      writer.string(reference.source);
      const attributes = Object.entries(reference.attributes);
      out.count(attributes.length);
      for (const text of attributes.flat()) writer.string(text);
    }
    const plainBegins = out.later();
    out.count(graph.cells.length);
    out.count(graph.order.length);
    for (const node of graph.order) this.function(node);
    for (const node of graph.order) {
      for (const entry of node.variables) {
        if (entry.cell === undefined && !isEarly(node, entry)) this.root(entry.root);
      }
      if (node.extras === undefined) writer.value(undefined);
      else this.root(node.extras);
    }
    for (const { root } of graph.cells) this.root(root);
    writer.ownSymbols = false;
    this.root(graph.value);
    plainBegins(graph.plainRoots.length > 0 ? out.at : 0);
    writePlainData(writer, graph.plainRoots);
  }

  private root(root: Root): void {
    const index = this.plain.get(root);
    const { value, look } = root;
    try {
      if (index !== undefined) writePlainRoot(this.writer, root, index);
      else if (look?.flat !== undefined) this.flat(value as object, look.flat);
      else this.writer.value(value);
    } catch (error) {
      throw throughRoot(error, root);
    }
  }

  private flat(value: object, flat: Flat): void {
    if (this.flats.has(value)) return this.writer.value(value);
    this.flats.add(value);
    writeFlat(this.writer, value, flat);
  }

  private function(node: FunctionNode): void {
    const { writer } = this;
    writer.string(codeText(node));
    writer.value(node.captured.name);
    writer.value(node.name);
    for (const entry of node.variables) if (isEarly(node, entry)) this.root(entry.root);
    for (const { cell } of node.variables) if (cell !== undefined) writer.out.count(cell.index);
  }
}

interface Made {
  readonly code: Code;
  readonly fn: Function;
  /** undefined for a class that this process had: it stays as it is. */
  readonly set: Record<string, (value: unknown) => void> | undefined;
}

/** Reads what {@link writeClosures} wrote. */
export function readClosures(reader: ValueReader): unknown {
  const { in: input } = reader;
  modulesOf(reader);
  const plain = input.double();
  if (plain > 0) reader.plainData = new PlainData(input.cutAt(plain));
  const cells: Cell[] = [];
  for (let n = input.length(); n > 0; n--) cells.push({ value: undefined });
  const functions: Function[] = [];
  reader.functions = functions;
  const late: Made[] = [];
  for (let n = input.length(4); n > 0; n--) {
    const made = readFunction(reader, cells);
    functions.push(made.fn);
    late.push(made);
  }
  for (const { code, fn, set } of late) {
    for (const name of code.late) {
      const value = reader.value();
      if (set !== undefined) (set[name] ?? missing)(value);
    }
    const extras = reader.value();
    if (extras === undefined || set === undefined) continue;
    if (typeof extras !== 'object' || extras === null) throw malformed('what a function has is no object');
    applyExtras(fn, extras as Extras, hooksOf(fn)?.putStatic);
  }
  for (const cell of cells) cell.value = reader.value();
  return reader.value();
}

function readFunction(reader: ValueReader, cells: readonly Cell[]): Made {
  const code = codeOf(reader.string());
  const name = reader.value() as string | undefined;
  const identity = reader.value();
  const values = code.early.map(() => reader.value());
  const own = code.cells.map(() => {
    const cell = cells[reader.in.count()];
    if (cell === undefined) throw malformed('a function refers to a variable that the message does not hold');
    return cell;
  });
  if (typeof identity === 'string') {
    const known = classNamed(identity, code);
    if (known !== undefined) return { code, fn: known, set: undefined };
  }
  const references = code.references.map(({ reference }) => resolveReference(reference));
  const { fn, set } = made(code, () => makeFunction(code, name, references, values, own));
  if (typeof identity === 'string') {
    const original = named(identity);
    if (original === undefined) adopt(identity, fn);
    else adoptCopy(identity, original as Function, fn);
  }
  return { code, fn, set };
}

/** Copies, in the process that a class comes from, for instances with private members: only a copy can give them these. */
const copies = new Map<string, WeakRef<Function>>();

function classNamed(identity: string, code: Code): Function | undefined {
  const known = named(identity);
  if (typeof known !== 'function') return undefined;
  if (code.hooks === null || hooksOf(known) !== undefined) return known;
  return copies.get(identity)?.deref();
}

function adoptCopy(identity: string, original: Function, copy: Function): void {
  copies.set(identity, new WeakRef(copy));
  const prototype = copy.prototype as object;
  // So that its instances are instances of the original too. What says `super` would find that instead of Object.
  if (!isObjectPrototype(Object.getPrototypeOf(prototype) as object | null) || /\bsuper\b/.test(String(original)))
    return;
  Object.setPrototypeOf(prototype, original.prototype as object);
}

function missing(): never {
  throw malformed('a function lacks a variable that it should have');
}

/** A text that does not compile, or not to a function, is the message's fault. */
function made<T>(code: Code, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SerializationError(`a function of ${code.url || 'no file'} can't be made here: ${message}`, '', {
      cause: error,
    });
  }
}

const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** By text: functions of one code are compiled once. */
const codes = new Map<string, Code>();
const KEPT = 1000;

function codeOf(text: string): Code {
  let code = codes.get(text);
  if (code === undefined) {
    code = checkCode(text);
    if (codes.size >= KEPT) codes.delete(codes.keys().next().value!);
    codes.set(text, code);
  }
  return code;
}

function checkCode(text: string): Code {
  let code: Code;
  try {
    code = JSON.parse(text) as Code;
  } catch {
    throw malformed('the code of a function can not be read');
  }
  const complete =
    typeof code === 'object' &&
    code !== null &&
    typeof code.source === 'string' &&
    typeof code.url === 'string' &&
    typeof code.text === 'string' &&
    Number.isInteger(code.lineOffset) &&
    Number.isInteger(code.columnOffset) &&
    isStrings(code.early) &&
    isStrings(code.late) &&
    isStrings(code.cells) &&
    Array.isArray(code.references);
  if (!complete) throw malformed('a function is incomplete');
  return code;
}

/** The modules that a message's functions import. */
export function modulesOf(reader: ValueReader): ModuleRequest[] {
  const found: ModuleRequest[] = [];
  for (let n = reader.in.length(3); n > 0; n--) {
    const base = reader.string();
    const source = reader.string();
    const attributes: Record<string, string> = {};
    for (let m = reader.in.length(2); m > 0; m--) {
      const key = reader.string();
      attributes[key] = reader.string();
    }
    found.push({ base, source, attributes });
  }
  return found;
}
