/**
 * Messages that hold functions.
 *
 * In this order: how many cells there are; how many functions; each function: its code, its name, its references, the
 * values of its early variables, the numbers of its cells; then each function's late variables and own properties; the
 * values of the cells; and the value itself. All values share one numbering of objects, so what two functions
 * capture of one object is one object there too. ../closure/graph.ts says what is early and what is late.
 */
import { codeOf, makeFunction, type Code } from '../closure/compile';
import { FunctionGraph, isEarly, throughRoot, type FunctionNode, type Root } from '../closure/graph';
import { resolveReference } from '../closure/reference';
import type { ModuleRequest } from '../closure/load';
import type { Cell } from '../closure/revived';
import { SerializationError } from '../errors';
import { malformed } from './bytes';
import { Form } from './format';
import { SKIPPED, type ValueReader } from './value-reader';
import type { ValueWriter } from './value-writer';

/** @throws Refusal */
export function writeClosures(writer: ValueWriter, value: unknown): void {
  const graph = new FunctionGraph(value);
  writer.begin(Form.CLOSURES, graph);
  const { out } = writer;
  out.count(graph.cells.length);
  out.count(graph.order.length);
  const codes = new Map<string, Code>();
  for (const node of graph.order) writeFunction(writer, node, codes);
  for (const node of graph.order) {
    for (const entry of node.variables) {
      if (entry.cell === undefined && !isEarly(node, entry)) writeRoot(writer, entry.root);
    }
    if (node.properties === undefined) writer.value(undefined);
    else writeRoot(writer, node.properties);
  }
  for (const { root } of graph.cells) writeRoot(writer, root);
  writeRoot(writer, graph.value);
}

function writeRoot(writer: ValueWriter, root: Root): void {
  try {
    writer.value(root.value);
  } catch (error) {
    throw throughRoot(error, root);
  }
}

function writeFunction(writer: ValueWriter, node: FunctionNode, codes: Map<string, Code>): void {
  let code = codeOf(node);
  // Functions of one text and place have one code; what else it is made of follows from what they share.
  const { url, lineOffset, columnOffset, source } = code;
  const key = `${url}\0${lineOffset}:${columnOffset}\0${source}`;
  const known = codes.get(key);
  if (known === undefined) codes.set(key, code);
  else code = known;
  writer.value(code);
  writer.value(node.captured.name);
  for (const entry of node.variables) if (isEarly(node, entry)) writeRoot(writer, entry.root);
  for (const { cell } of node.variables) if (cell !== undefined) writer.out.count(cell.index);
}

/** Reads what {@link writeClosures} wrote. */
export function readClosures(reader: ValueReader): unknown {
  const cells: Cell[] = [];
  for (let n = reader.in.length(); n > 0; n--) cells.push({ value: undefined });
  const functions: Function[] = [];
  reader.functions = functions;
  const late: { code: Code; set: Record<string, (value: unknown) => void> }[] = [];
  for (let n = reader.in.length(4); n > 0; n--) {
    const code = checkCode(reader.value());
    const name = reader.value() as string | undefined;
    const values = code.early.map(() => reader.value());
    const own = code.cells.map(() => {
      const cell = cells[reader.in.count()];
      if (cell === undefined) throw malformed('a function refers to a variable that the message does not hold');
      return cell;
    });
    const references = code.references.map(({ reference }) => resolveReference(reference));
    const { fn, set } = made(code, () => makeFunction(code, name, references, values, own));
    functions.push(fn);
    late.push({ code, set });
  }
  late.forEach(({ code, set }, i) => {
    for (const name of code.late) (set[name] ?? missing)(reader.value());
    const properties = reader.value();
    if (properties !== undefined) Object.assign(functions[i], properties);
  });
  for (const cell of cells) cell.value = reader.value();
  return reader.value();
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

function checkCode(value: unknown): Code {
  const code = value as Code;
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

/** The modules that a message's functions import, found without making any function. */
export function modulesOf(reader: ValueReader): ModuleRequest[] {
  const found: ModuleRequest[] = [];
  reader.onReference = (reference) => {
    if (reference.kind === 'import') found.push(reference);
  };
  reader.in.length();
  const functions = reader.in.length(4);
  const placeholders: Function[] = [];
  reader.functions = placeholders;
  for (let n = functions; n > 0; n--) {
    const code = checkCode(reader.value());
    reader.value();
    code.early.forEach(() => reader.value());
    code.cells.forEach(() => reader.in.count());
    for (const { reference } of code.references) if (reference.kind === 'import') found.push(reference);
    placeholders.push(SKIPPED);
  }
  return found;
}
