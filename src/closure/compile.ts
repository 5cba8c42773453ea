/**
 * The script that makes a captured function again.
 *
 * It is a function around the captured text: what is there beforehand comes in as parameters, what is set afterwards are
 * variables of its own, and variables shared with other functions are read and written in their cell, `cell.value`. The
 * text stands at its own line and column under its own file's name, so stacks are those of the original.
 */
import { findSourceMap } from 'node:module';
import { needsConstruction } from './class-text';
import {
  correctCoverage,
  coverageName,
  helperName,
  joinPieces,
  keptPieces,
  reportsCoverage,
  type Pieces,
} from './coverage';
import { applyEdits, substitute } from './edit';
import { isEarly, type FunctionNode } from './graph';
import { compileScript } from './load';
import type { Reference } from './reference';
import { origins, setHooks, type Binding, type Cell, type Hooks } from './revived';

/** All of a function but the values of its variables. Functions of one text share it. */
export interface Code {
  /** The script. */
  readonly source: string;
  readonly lineOffset: number;
  readonly columnOffset: number;
  /** Its parameters in order: references, values, cells. */
  readonly references: readonly {
    readonly reference: Reference;
    readonly binding: string | null;
    readonly member: string | null;
  }[];
  readonly early: readonly string[];
  readonly cells: readonly string[];
  /** Set afterwards, in this order. */
  readonly late: readonly string[];
  readonly text: string;
  readonly url: string;
  readonly line: number;
  readonly column: number;
  /** As in {@link CapturedFunction}. */
  readonly laidOut: boolean;
  readonly pieces?: Pieces | undefined;
  readonly strict: boolean;
  /** A class that needs its hooks: whether it extends another one; null for the rest. */
  readonly hooks: { readonly derived: boolean } | null;
}

/** By the edits of a captured function, which it keeps from capture to capture: its code, by which variables are early. */
const codeTexts = new WeakMap<object, Map<string, string>>();

/** The code of a function, in the light of what it shares and what lies on a cycle, as JSON. */
export function codeText(node: FunctionNode): string {
  if (node.variables.some(({ cell }) => cell !== undefined)) return JSON.stringify(codeOf(node));
  const { edits } = node.captured;
  let texts = codeTexts.get(edits);
  if (texts === undefined) codeTexts.set(edits, (texts = new Map<string, string>()));
  let key = '';
  for (const entry of node.variables) key += `${isEarly(node, entry) ? '+' : '-'}${entry.variable.name}`;
  let text = texts.get(key);
  if (text === undefined) texts.set(key, (text = JSON.stringify(codeOf(node))));
  return text;
}

function codeOf(node: FunctionNode): Code {
  const { captured } = node;
  const { text, info, prefix, url, line, column, laidOut, pieces, strict } = captured;
  const early: string[] = [];
  const late: string[] = [];
  const cells: string[] = [];
  const edits = [...captured.edits];
  for (const entry of node.variables) {
    const { name, free } = entry.variable;
    if (entry.cell !== undefined) {
      edits.push(...substitute(name, free.references, `${prefix}cell${cells.length}.value`));
      cells.push(name);
    } else {
      (isEarly(node, entry) ? early : late).push(name);
    }
  }
  const parameters = [
    ...captured.references.map(({ parameter }) => parameter),
    ...early,
    ...cells.map((_, i) => `${prefix}cell${i}`),
  ];
  const values = [...early, ...late];
  const { classText } = captured;
  const hasHooks = classText !== undefined && (needsConstruction(classText) || classText.privateStatics.length > 0);
  if (hasHooks) parameters.push(`${prefix}hooks`);
  const afterName =
    `(${parameters.join()}){${strict ? '"use strict";' : ''}` +
    `${late.length > 0 ? `let ${late.join()};` : ''}` +
    `const ${prefix}set={${late.map((name) => `${JSON.stringify(name)}:(${prefix}value)=>{${name}=${prefix}value}`).join()}},` +
    `${prefix}get={${values.map((name) => `${JSON.stringify(name)}:()=>${name}`).join()}};` +
    `return[${prefix}set,${prefix}get,(${info.form === 'expression' ? '' : '{'}`;
  const tail = `\n${info.form === 'expression' ? '' : '}'})]})`;
  const body = applyEdits(text, edits);
  let wrapper = '';
  if (pieces !== undefined) {
    correctCoverage(false);
    wrapper = ` ${coverageName(joinPieces(keptPieces(text, edits), pieces), afterName.length + 1 + column, body.length)}`;
  }
  const head = `(function${wrapper}${afterName}`;
  return {
    // The head stands on the line before, since Node prints the line of an error that nobody catches.
    source: `${head}\n${' '.repeat(column)}${body}${tail}`,
    lineOffset: line - 1,
    columnOffset: 0,
    references: captured.references.map(({ reference, binding, member }) => ({ reference, binding, member })),
    early,
    cells,
    late,
    text,
    url,
    line,
    column,
    laidOut,
    pieces,
    strict,
    hooks: hasHooks ? { derived: classText.derived } : null,
  };
}

type Setters = Record<string, (value: unknown) => void>;
type Getters = Record<string, () => unknown>;
type Factory = (...parameters: unknown[]) => [set: Setters, get: Getters, holder: Function | object];

/** By code, which the reader keeps by its text. */
const factories = new WeakMap<Code, Factory>();

/** The name of a script as it stands in stacks. */
function fileOf(url: string): string {
  return url === '' ? 'multiproc:anonymous' : url;
}

/** Another name for a file where Node has a map for it, which would be applied to lines that are the original's already. */
function unmapped(file: string): string {
  return findSourceMap(file) === undefined ? file : file.replace(/\/(?=[^/]*$)/, '/./');
}

function factoryOf(code: Code): Factory {
  let factory = factories.get(code);
  if (factory === undefined) {
    let { source, columnOffset } = code;
    const { url, laidOut, lineOffset } = code;
    if (reportsCoverage) {
      correctCoverage(true);
      // Sent by a process that reports none, or does not know the place.
      if (source.startsWith('(function(')) {
        source = source.replace('(function(', `(function ${helperName}(`);
        columnOffset -= helperName.length + 1;
      }
    }
    const filename = laidOut ? unmapped(fileOf(url)) : fileOf(url);
    factory = compileScript(source, { filename, lineOffset, columnOffset }) as Factory;
    factories.set(code, factory);
  }
  return factory;
}

/** Makes a function. Its late variables are set by what comes with it. */
export function makeFunction(
  code: Code,
  name: string | undefined,
  references: readonly unknown[],
  values: readonly unknown[],
  cells: readonly Cell[],
): { fn: Function; set: Setters } {
  const hooks: Hooks = { on: false, derived: code.hooks?.derived ?? false };
  const [set, get, holder] = factoryOf(code)(...references, ...values, ...cells, hooks);
  const fn = typeof holder === 'function' ? holder : methodIn(holder);
  if (code.hooks !== null) setHooks(fn, hooks);
  if (name !== undefined && Object.getOwnPropertyDescriptor(fn, 'name')?.value !== name) {
    Object.defineProperty(fn, 'name', { value: name, configurable: true });
  }
  const bindings = new Map<string, Binding>();
  for (const { reference, binding, member } of code.references) {
    if (binding !== null) bindings.set(binding, { kind: 'reference', reference, member });
  }
  for (const variable of [...code.early, ...code.late]) bindings.set(variable, { kind: 'value', read: get[variable] });
  code.cells.forEach((variable, i) => bindings.set(variable, { kind: 'cell', cell: cells[i] }));
  const { text, url, line, column, laidOut, pieces, strict } = code;
  origins.set(fn, { text, url, line, column, laidOut, pieces, strict, bindings });
  return { fn, set };
}

/** The method or accessor of an object that has nothing else. */
function methodIn(holder: object): Function {
  const [key] = Reflect.ownKeys(holder);
  const { get, set, value } = Object.getOwnPropertyDescriptor(holder, key)!;
  return (get ?? set ?? value) as Function;
}
