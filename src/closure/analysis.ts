/** The seam to crates/scope: what the texts of functions and files say. */
import { native } from '../native';

/** One use of a variable; offsets are into the function's text. */
export interface VariableReference {
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  /** `{ name }`: another text in its place needs `name:` before it. */
  readonly shorthand: boolean;
  readonly callee: boolean;
  /** A `(` in its place could continue the statement before it. */
  readonly beginsStatement: boolean;
}

export interface FreeVariable {
  readonly name: string;
  readonly written: boolean;
  /** The members read of it, where it is used as `name.member` only. */
  readonly members: readonly string[] | null;
  readonly references: readonly VariableReference[];
}

/** What a function's text says about it. */
export interface FunctionInfo {
  readonly form: 'expression' | 'method' | 'member';
  readonly kind: 'function' | 'arrow' | 'class' | 'method' | 'getter' | 'setter';
  readonly async: boolean;
  readonly generator: boolean;
  /** Its parameters are mere names: entering it runs nothing. */
  readonly plainParameters: boolean;
  /** Where V8 says that the function is, as an offset into its text. */
  readonly location: number;
  /** Of a method: where its computed or private key stands. */
  readonly oddKey: readonly [number, number] | null;
  readonly ownName: FreeVariable | null;
  readonly free: readonly FreeVariable[];
  readonly this: readonly (readonly [number, number])[];
  readonly arguments: readonly VariableReference[];
  readonly super: boolean;
  readonly newTarget: boolean;
  readonly importMeta: readonly (readonly [number, number])[];
  readonly eval: boolean;
  readonly privateName: string | null;
  readonly class: ClassInfo | null;
}

export interface ClassInfo {
  readonly heritage: readonly [number, number] | null;
  /** Between its braces. */
  readonly body: readonly [number, number];
  /** Where the statements of its constructor begin. */
  readonly constructor: number | null;
  /** All but the constructor, in order. */
  readonly elements: readonly ClassElement[];
  readonly notPlain: string | null;
}

export interface ClassElement {
  readonly kind: 'method' | 'getter' | 'setter' | 'field' | 'block';
  readonly static: boolean;
  readonly key: 'plain' | 'computed' | 'private';
  /** Of a private one, with its #. */
  readonly name: string | null;
  readonly start: number;
  readonly end: number;
  /** The expression that names it, of a computed one. */
  readonly keyRange: readonly [number, number] | null;
  /** The value of a field. */
  readonly value: readonly [number, number] | null;
  /** That value is a function which takes the field's name. */
  readonly anonymousFunction: boolean;
}

export interface Import {
  readonly local: string;
  readonly source: string;
  /** '*' for the whole module. */
  readonly imported: string;
  readonly kind: 'binding' | 'dynamic' | 'require' | 'transformed';
  readonly attributes: Readonly<Record<string, string>>;
}

export interface ModuleInfo {
  readonly imports: readonly Import[];
  readonly exports: readonly {
    readonly exported: string;
    /** The variable of the file that it shows. */
    readonly local: string | null;
    readonly constant: boolean;
  }[];
  readonly strict: boolean;
}

export interface Declaration {
  readonly start: number;
  readonly kind: 'var' | 'lexical' | 'import';
  /** There is one such variable, however often the functions that use it were made. */
  readonly topLevel: boolean;
  readonly written: boolean;
  /** Once it is initialised it keeps its value. */
  readonly fixed: boolean;
}

/** Texts analysed last: a program sends few functions, and sends them often. */
const analysed = new Map<string, FunctionInfo>();
const KEPT = 1000;

/** @throws Error where the text can't be parsed. */
export function analyse(text: string): FunctionInfo {
  let info = analysed.get(text);
  if (info === undefined) {
    info = JSON.parse(native.freeVariables(text)) as FunctionInfo;
    if (analysed.size >= KEPT) analysed.delete(analysed.keys().next().value!);
    analysed.set(text, info);
  }
  return info;
}

/** @throws Error where the file can't be parsed. */
export function moduleBindings(source: string, language: string): ModuleInfo {
  return JSON.parse(native.moduleBindings(source, language)) as ModuleInfo;
}

/** For each offset, where a function begins: the declaration that `name` has in it. @throws Error where it can't be parsed. */
export function declarations(
  source: string,
  language: string,
  name: string,
  offsets: number[],
): (Declaration | null)[] {
  return JSON.parse(native.declarations(source, language, name, offsets)) as (Declaration | null)[];
}

/** Where a function's text can be broken into other lines. */
export interface Starts {
  /** Where statements, expressions and names begin, in order. */
  readonly nodes: readonly number[];
  /** Where comments end that go on to the end of their line. */
  readonly lineComments: readonly number[];
}

/** @throws Error where the text can't be parsed. */
export function functionStarts(text: string): Starts {
  return JSON.parse(native.functionStarts(text)) as Starts;
}
