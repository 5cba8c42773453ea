/** What a captured function is made of, and what its text says. */
import { refuse } from '../codec/refusal';
import { analyse, type FreeVariable, type FunctionInfo } from './analysis';
import { classText, keptVariables, type ClassText } from './class-text';
import type { Pieces } from './coverage';
import type { Edit } from './edit';
import type { Extras } from './extras';
import type { Reference } from './reference';
import type { Cell } from './revived';
import type { Sample } from './scripts';

/** Where a captured variable lives: what decides whether two functions share it. */
export type Home =
  /** In the only scope of its kind: a module's. */
  | { readonly kind: 'module'; readonly key: string }
  /** In a scope of which there may be many. */
  | { readonly kind: 'scope'; readonly sample: Sample }
  /** In a cell that arrived from another process. */
  | { readonly kind: 'cell'; readonly cell: Cell }
  /** In this function alone. */
  | { readonly kind: 'own' };

/** A variable that is sent by value. */
export interface Variable {
  readonly name: string;
  readonly value: unknown;
  readonly free: FreeVariable;
  readonly home: Home;
}

/** A parameter whose value is a reference. */
export interface ReferenceParameter {
  readonly parameter: string;
  readonly reference: Reference;
  /** The variable that it stands for; null for what is no variable. */
  readonly binding: string | null;
  /** It is a module, and the variable the member of this name, read at each use; null where it is the variable itself. */
  readonly member: string | null;
}

export interface CapturedFunction {
  readonly text: string;
  readonly info: FunctionInfo;
  /** Of the file that it was written in; '' where there is none. */
  readonly url: string;
  /** Where its text begins there, from 0. */
  readonly line: number;
  readonly column: number;
  /** Its lines are those of what a tool made the script of, and `url` names that: see ./layout.ts. */
  readonly laidOut: boolean;
  /** Where its parts stand in the script, while coverage is reported. */
  readonly pieces: Pieces | undefined;
  readonly strict: boolean;
  /** A name for variables that are added: nothing in the text begins with it. */
  readonly prefix: string;
  readonly name: string | undefined;
  readonly edits: readonly Edit[];
  readonly references: readonly ReferenceParameter[];
  readonly variables: readonly Variable[];
  readonly classText: ClassText | undefined;
  readonly extras: Extras | undefined;
}

export const toText = Function.prototype.toString;

/** The place of a text that no file holds. */
export const NOWHERE = { url: '', line: 0, column: 0, laidOut: false, pieces: undefined };

/** How a function is named on the way to a refused value. */
export function functionStep(fn: Function): string {
  const text = toText.call(fn).replace(/\s+/g, ' ');
  return `function ${JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)}`;
}

export function nameOf(fn: Function): string | undefined {
  const name = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  return typeof name === 'string' ? name : undefined;
}

export interface Parsed {
  readonly info: FunctionInfo;
  readonly class: ClassText | undefined;
}

/** By text. */
const parsed = new WeakMap<FunctionInfo, Parsed>();

/** @throws Refusal for what can be parsed, but not be made again from its text and its variables. */
export function parse(text: string): Parsed {
  let info: FunctionInfo;
  try {
    info = analyse(text);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (info.eval) refuse('it calls eval, which may use any variable around it');
  if (info.super) refuse("it uses 'super', which its text does not contain; send a function that is no method");
  if (info.newTarget) refuse("it uses 'new.target' of the function around it; keep it in a variable");
  if (info.privateName !== null) refuse(`it uses the private name ${info.privateName} of a class around it`);
  if (info.class === null) return { info, class: undefined };
  let known = parsed.get(info);
  if (known === undefined) {
    const text_ = classText(text, info.class, unusedPrefix(text));
    // `this` and `arguments` of the code around a class can only stand in what leaves its text.
    known = { info: { ...info, free: keptVariables(info), this: [], arguments: [] }, class: text_ };
    parsed.set(info, known);
  }
  return known;
}

/** A prefix of names that the text does not hold. */
export function unusedPrefix(text: string): string {
  let prefix = 'mp$';
  while (text.includes(prefix)) prefix += '$';
  return prefix;
}

/** `object.name`, or with brackets where the name is no identifier. */
export function memberOf(object: string, name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `${object}.${name}`
    : `${object}[${JSON.stringify(name)}]`;
}
