/**
 * One function: what it is made of, so that it can be made again elsewhere.
 *
 * Its text comes from Function.prototype.toString, the names of its free variables from the text, and their values from
 * the scopes that the inspector shows. Every free variable is one of these:
 * - a global that every process has: nothing is sent;
 * - an import, or something else that can be loaded or named there: a reference;
 * - anything else: its value now. Values are read again at each capture, the rest is remembered with the function.
 *
 * No code of the user runs. What can't be taken exactly is refused with the reason.
 */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { refuse } from '../codec/refusal';
import { analyse, type FreeVariable, type FunctionInfo, type Import, type VariableReference } from './analysis';
import { classText, keptVariables, needsConstruction, type ClassText } from './class-text';
import { plainKey, substitute, type Edit } from './edit';
import { computedKey, extrasOf, isPrototypeOf, type Extras } from './extras';
import { STANDARD_GLOBALS } from './globals';
import {
  canRead,
  inspectorMissing,
  internalsOf,
  lexicalThis,
  type Bound,
  type Internals,
  type Scope,
} from './inspector';
import { commonjsReference, runtimeReference, type Reference } from './reference';
import { origins, type Cell } from './revived';
import { isRuntimeFunction } from './runtime-class';
import type { Location } from './inspector';
import { declarationsFor, isConstantExport, moduleOf, scriptOffset, urlOf, type Sample } from './scripts';

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

const toText = Function.prototype.toString;

/** How a function is named on the way to a refused value. */
export function functionStep(fn: Function): string {
  const text = toText.call(fn).replace(/\s+/g, ' ');
  return `function ${JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text)}`;
}

/** What a function is sent as: a reference, where it can be had there, else what it is made of. @throws Refusal */
export function captureFunction(fn: Function): Reference | CapturedFunction {
  if (types.isProxy(fn)) refuse('it is a Proxy, whose traps would have to run');
  if (origins.has(fn)) return captureAgain(fn);
  const elsewhere = commonjsReference(fn) ?? exported.get(fn);
  if (elsewhere !== undefined) return elsewhere;
  const found = known.get(fn);
  if (found !== undefined && found.names.length === 0) {
    return { ...found.shape, variables: [], extras: extrasOf(fn, found.shape.info, found.shape.classText) };
  }
  if (inspectorMissing() !== undefined) return captureByText(fn);
  const internals = internalsOf(fn);
  if (internals.bound !== undefined) return runtimeReference(fn) ?? captureBound(fn, internals.bound);
  if (found === undefined && isRuntimeFunction(fn, internals)) return runtimeFunction(fn);
  return capture(fn, internals, found);
}

/**
 * A function where there is no inspector: by its text, if that says all of it. Names that JavaScript defines mean what they
 * always mean; of any other it can't be told which variable it is.
 */
function captureByText(fn: Function): Reference | CapturedFunction {
  const text = toText.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(text)) return runtimeFunction(fn);
  const { info, class: classParts } = parse(text);
  const inspector =
    'can only be seen by node:inspector, which is not available here (under --permission it takes --allow-inspector)';
  const instead = 'pass what it needs as an argument, or send a function that a CommonJS module exports';
  const names = info.free.map(({ name }) => `variable '${name}'`);
  if (info.this.length > 0) names.push("'this'");
  if (info.arguments.length > 0) names.push("'arguments'");
  if (info.importMeta.length > 0) names.push("'import.meta'");
  const odd = names.find((name) => !BY_TEXT.has(name.slice(10, -1)));
  if (odd !== undefined) refuse(`its ${odd} ${inspector}; ${instead}`);
  if (classParts !== undefined) refuse(`what a class holds ${inspector}; ${instead}`);
  const edits = info.oddKey === null ? [] : [plainKey(text, info.oddKey)];
  const place = { url: '', line: 0, column: 0, strict: !Object.hasOwn(fn, 'arguments'), prefix: unusedPrefix(text) };
  const parts = { edits, references: [], variables: [], classText: undefined };
  return { text, info, ...place, ...parts, name: nameOf(fn), extras: extrasOf(fn, info, undefined) };
}

/** Names that are hardly ever those of something else. */
const BY_TEXT: ReadonlySet<string> = new Set(
  `Array ArrayBuffer BigInt Boolean Buffer DataView Date Error Float32Array Float64Array Infinity Int16Array Int32Array
  Int8Array Intl JSON Math NaN Number Object RangeError RegExp String TypeError Uint16Array Uint32Array Uint8Array console
  globalThis isFinite isNaN parseFloat parseInt process undefined`.split(/\s+/),
);

/** Functions that modules export. */
const exported = new WeakMap<Function, Reference>();

function runtimeFunction(fn: Function): Reference {
  const reference = runtimeReference(fn) ?? requireReference(fn);
  if (reference !== undefined) return reference;
  return refuse('it is native code that no name leads to');
}

/** What a bound function does, as a function of three variables. */
const BOUND =
  'function (...args) { return new.target ? Reflect.construct(target, [...values, ...args]) : ' +
  'Reflect.apply(target, self, [...values, ...args]); }';

function captureBound(fn: Function, { target, self, values }: Bound): CapturedFunction {
  const info = analyse(BOUND);
  const found: Record<string, unknown> = { target, self, values };
  const variables = info.free.flatMap((free): Variable[] =>
    free.name in found ? [{ name: free.name, value: found[free.name], free, home: { kind: 'own' } }] : [],
  );
  const place = { url: '', line: 0, column: 0, strict: true, prefix: 'mp$' };
  const parts = { edits: [], references: [], variables, classText: undefined };
  const extras: Extras = extrasOf(fn, info, undefined) ?? {};
  extras.own ??= Object.create(null) as object;
  Object.defineProperty(extras.own, 'length', Object.getOwnPropertyDescriptor(fn, 'length')!);
  return { text: BOUND, info, ...place, ...parts, name: nameOf(fn), extras };
}

function capture(
  fn: Function,
  { location, scopes }: Internals,
  found: Known | undefined,
): CapturedFunction | Reference {
  if (location === undefined) return refuse('it is native code');
  const text = found?.shape.text ?? toText.call(fn);
  if (found === undefined) {
    const reference = exportReference(fn, text, location, scopes);
    if (reference !== undefined) {
      exported.set(fn, reference);
      return reference;
    }
  }
  const parsed = found === undefined ? parse(text) : { info: found.shape.info, class: found.shape.classText };
  const { info } = parsed;
  const capturing = new Capture(fn, text, info, { location, text, offset: info.location }, scopes);
  if (found !== undefined) {
    const variables = found.names.flatMap((free) => capturing.again(free) ?? []);
    return { ...found.shape, variables, extras: extrasOf(fn, info, parsed.class) };
  }
  const captured = capturing.all(parsed.class);
  const { variables, extras: _, ...shape } = captured;
  known.set(fn, { shape, names: [...variables.map(({ free }) => free), ...capturing.absent] });
  return captured;
}

/** The reference for what a module that can be imported exports. The main module can't: its top level would run again. */
function exportReference(
  fn: Function,
  text: string,
  location: Location,
  scopes: readonly Scope[],
): Reference | undefined {
  const module = scopes.find(({ description }) => description === 'Module');
  if (module === undefined) return undefined;
  const url = urlOf(location.scriptId);
  if (!url.startsWith('file:') || url.split(/[?#]/, 1)[0] === mainUrl()) return undefined;
  let offset: number;
  try {
    offset = analyse(text).location;
  } catch {
    return undefined;
  }
  const found = moduleOf({ location, text, offset }).exports.find(
    ({ local }) => local !== null && Object.hasOwn(module.object, local) && slotOf(module, local)?.value === fn,
  );
  return found && { kind: 'import', base: url, source: url, name: found.exported, attributes: {} };
}

function nameOf(fn: Function): string | undefined {
  const name = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  return typeof name === 'string' ? name : undefined;
}

/** The `require` of a file, which knows its module. */
function requireReference(fn: Function): Reference | undefined {
  if (!Object.hasOwn(fn, 'resolve') || !Object.hasOwn(fn, 'cache')) return undefined;
  for (const { object } of internalsOf(fn).scopes) {
    const module = Object.getOwnPropertyDescriptor(object, 'mod')?.value as { filename?: unknown } | undefined;
    if (typeof module?.filename === 'string') return { kind: 'require', base: pathToFileURL(module.filename).href };
  }
  return undefined;
}

/** What stays the same from capture to capture of one function. */
interface Known {
  readonly shape: Omit<CapturedFunction, 'variables' | 'extras'>;
  /** The names that are read again each time. */
  readonly names: readonly FreeVariable[];
}

const known = new WeakMap<Function, Known>();

/** Whether nothing that a function is made of can change between two captures. Only known once it was captured. */
export function capturesNothing(fn: Function): boolean {
  if (exported.has(fn)) return true;
  const found = known.get(fn);
  if (found === undefined || found.names.length > 0 || found.shape.info.kind === 'class') return false;
  if (!Reflect.ownKeys(fn).every((key) => STANDARD_KEYS.has(key))) return false;
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value as unknown;
  return prototype === undefined || (isPrototypeOf(prototype, fn) && Reflect.ownKeys(prototype).length === 1);
}

const STANDARD_KEYS: ReadonlySet<PropertyKey> = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

interface Parsed {
  readonly info: FunctionInfo;
  readonly class: ClassText | undefined;
}

/** By text. */
const parsed = new WeakMap<FunctionInfo, Parsed>();

/** @throws Refusal for what can be parsed, but not be made again from its text and its variables. */
function parse(text: string): Parsed {
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
function unusedPrefix(text: string): string {
  let prefix = 'mp$';
  while (text.includes(prefix)) prefix += '$';
  return prefix;
}

let main: string | undefined;

/** The module that the program was started with: it never runs in another process. */
function mainUrl(): string {
  if (main !== undefined) return main;
  try {
    main = process.argv[1] === undefined ? '' : pathToFileURL(realpathSync(process.argv[1])).href;
  } catch {
    main = '';
  }
  return main;
}

function isMain(base: string, source: string): boolean {
  if (!/^(?:\.{0,2}\/|file:)/.test(source)) return false;
  try {
    return new URL(source, base).href === mainUrl();
  } catch {
    return false;
  }
}

/** `object.name`, or with brackets where the name is no identifier. */
function memberOf(object: string, name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
    ? `${object}.${name}`
    : `${object}[${JSON.stringify(name)}]`;
}

/** The variables of a function that were seen to be initialised, which they stay. */
const initialised = new WeakMap<Function, Set<string>>();

/** The capture of a function that was made in this process. */
class Capture {
  private readonly fn: Function;
  private readonly text: string;
  private readonly info: FunctionInfo;
  private readonly sample: Sample;
  private readonly scopes: readonly Scope[];
  private readonly url: string;
  private readonly prefix: string;
  private readonly edits: Edit[] = [];
  /** Names that nothing has now: they may become globals of the user. */
  readonly absent: FreeVariable[] = [];
  private readonly references: ReferenceParameter[] = [];

  constructor(fn: Function, text: string, info: FunctionInfo, sample: Sample, scopes: readonly Scope[]) {
    this.fn = fn;
    this.text = text;
    this.info = info;
    this.sample = sample;
    this.scopes = scopes;
    this.url = urlOf(sample.location.scriptId);
    this.prefix = unusedPrefix(text);
  }

  all(classParts: ClassText | undefined): CapturedFunction {
    const { fn, text, info, url, prefix, edits, references } = this;
    if (this.scopes.some(({ description }) => description.startsWith('With')))
      refuse('it was made inside of a with statement');
    const variables = info.free.flatMap((free) => this.variable(free) ?? []);
    variables.push(...this.ownName(), ...this.surroundings(classParts));
    if (classParts !== undefined) edits.push(...classParts.edits);
    if (info.oddKey !== null) edits.push(plainKey(text, info.oddKey));
    if (info.importMeta.length > 0) {
      const parameter = `${prefix}meta`;
      references.push({ parameter, reference: { kind: 'meta', base: url }, binding: null, member: null });
      for (const [start, end] of info.importMeta) edits.push({ start, end, text: parameter });
    }
    const { line, column } = this.begin();
    const extras = extrasOf(fn, info, classParts);
    const strict = this.isStrict();
    return {
      text,
      info,
      url,
      line,
      column,
      strict,
      prefix,
      name: nameOf(fn),
      edits,
      references,
      variables,
      classText: classParts,
      extras,
    };
  }

  /** Where the text begins, from where V8 says that the function is. */
  private begin(): { line: number; column: number } {
    const { lineNumber, columnNumber } = this.sample.location;
    const before = this.text.slice(0, this.info.location).split('\n');
    const lines = before.length - 1;
    return { line: lineNumber - lines, column: lines > 0 ? 0 : Math.max(0, columnNumber - this.info.location) };
  }

  private isStrict(): boolean {
    if (this.info.kind === 'class' || this.isModule()) return true;
    // Only sloppy functions have these properties; arrows and methods have them never.
    if (Object.hasOwn(this.fn, 'arguments')) return false;
    return moduleOf(this.sample).strict;
  }

  private isModule(): boolean {
    return this.scopes.some(({ description }) => description === 'Module');
  }

  /** The same variable at a later capture. */
  again(free: FreeVariable): Variable | undefined {
    if (!free.name.startsWith(this.prefix)) return this.variable(free);
    const value = this.special(free.name.slice(this.prefix.length));
    return { name: free.name, value, free, home: { kind: 'own' } };
  }

  /** The value of a variable that stands for something that is none. */
  private special(name: string): unknown {
    const { fn } = this;
    if (name === 'parent') return parentOf(fn);
    if (name === 'this') return thisOf(fn);
    if (name.startsWith('key')) return computedKey(fn, parse(this.text).class!.computed[Number(name.slice(3))]);
    if (name === 'arguments') {
      const scope = this.scopeOf('arguments');
      const list = scope && slotOf(scope, 'arguments')?.value;
      return list === undefined ? refuse("its 'arguments' can't be found") : itemsOf(list as object);
    }
    const scope = this.scopeOf(this.info.ownName!.name);
    return scope && slotOf(scope, this.info.ownName!.name)?.value;
  }

  private scopeOf(name: string): Scope | undefined {
    return this.scopes.find(({ description, object }) => description !== 'Global' && Object.hasOwn(object, name));
  }

  /** `this` and `arguments` of the function around an arrow; what a class extends, and names in it that are computed. */
  private surroundings(classParts: ClassText | undefined): Variable[] {
    const { info, prefix, edits } = this;
    const variables: Variable[] = [];
    const add = (name: string, references: readonly VariableReference[]): void => {
      const free = { name: prefix + name, written: false, members: null, references };
      variables.push({ name: free.name, value: this.special(name), free, home: { kind: 'own' } });
    };
    if (info.this.length > 0) {
      for (const [start, end] of info.this) edits.push({ start, end, text: `${prefix}this` });
      add('this', []);
    }
    if (info.arguments.length > 0) {
      edits.push(...substitute('arguments', info.arguments, `${prefix}arguments`));
      add('arguments', info.arguments);
    }
    if (info.class !== null && info.class.heritage !== null) add('parent', []);
    classParts?.computed.forEach((_, i) => add(`key${i}`, []));
    return variables;
  }

  /** A free variable; undefined where nothing, or only a reference, needs to be sent. */
  variable(free: FreeVariable): Variable | undefined {
    const { name } = free;
    if (/^__vi(?:te_ssr)?_(?:import_meta|dynamic_import)__$/.test(name)) return this.transformed(name);
    const index = this.scopes.findIndex(
      ({ description, object }) => description !== 'Global' && Object.hasOwn(object, name),
    );
    if (index < 0) return this.unscoped(free);
    const scope = this.scopes[index];
    const slot = slotOf(scope, name);
    const isModule = scope.description === 'Module';
    const imported = this.imported(free, slot?.value, isModule);
    if (imported === true) return undefined;
    if (slot === undefined) return refuse(uninitialised(name));
    this.checkInitialised(name, slot.value);
    if (imported !== false) return { name, value: imported.value, free, home: { kind: 'own' } };
    let home: Home = { kind: 'scope', sample: this.sample };
    if (isModule) home = { kind: 'module', key: `${this.sample.location.scriptId}:${name}` };
    if (scope.description === 'Script') home = { kind: 'module', key: `:${name}` };
    return { name, value: slot.value, free, home };
  }

  /** What vite has put in the place of import.meta and import(). */
  private transformed(name: string): undefined {
    const worker = Object.getOwnPropertyDescriptor(globalThis, '__vitest_worker__')?.value as
      { config?: { root?: string } } | undefined;
    const reference: Reference = name.includes('meta')
      ? { kind: 'meta', base: this.url }
      : { kind: 'dynamic', base: this.url, root: worker?.config?.root ?? process.cwd() };
    this.references.push({ parameter: name, reference, binding: name, member: null });
  }

  /** A name that no scope holds: an import that nobody else reads, a global, or nothing at all. */
  private unscoped(free: FreeVariable): Variable | undefined {
    const { name } = free;
    if (this.isModule() && this.imported(free, undefined, true) === true) return undefined;
    if (STANDARD_GLOBALS.has(name)) return undefined;
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
    if (descriptor === undefined) this.absent.push(free);
    if (descriptor === undefined || !('value' in descriptor)) return undefined;
    if (free.written) refuse(`it writes the global variable '${name}', of which every process has its own`);
    return { name, value: descriptor.value, free, home: { kind: 'own' } };
  }

  /** True for an import that was added as a reference, false for none, the members in use for a transformed one. */
  private imported(free: FreeVariable, value: unknown, isModule: boolean): boolean | { value: unknown } {
    const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
    if (!isModule && !isObject) return false;
    // A namespace object, or a tool's stand-in for one: const x = await import('…'), __vite_ssr_import__('…')
    const namespace = isObject && types.isModuleNamespaceObject(value);
    if (/__WEBPACK_IMPORTED_MODULE_\d+__$/.test(free.name) && isObject && free.members !== null) {
      return { value: pickMembers(value as object, free.members) };
    }
    if (!isModule && !namespace && !free.name.startsWith('__vi')) return false;
    const found = moduleOf(this.sample).imports.find(({ local }) => local === free.name);
    if (found === undefined) return false;
    if (found.kind === 'transformed') {
      if (found.source.startsWith('node:')) return this.byReference(free, found);
      return free.members === null ? false : { value: pickMembers(value as object, free.members) };
    }
    if (found.kind === 'require' || isMain(this.url, found.source)) return false;
    if (found.kind === 'dynamic' && !(namespace && found.imported === '*')) return false;
    return this.byReference(free, found);
  }

  private byReference(free: FreeVariable, { source, imported, attributes }: Import): true {
    const { url: base, prefix, references } = this;
    const { name } = free;
    const reference: Reference = { kind: 'import', base, source, name: imported, attributes };
    if (isConstantExport(base, source, imported)) {
      references.push({ parameter: name, reference, binding: name, member: null });
      return true;
    }
    // The binding may change: it is read from the module at each use.
    const parameter = `${prefix}import${references.length}`;
    references.push({ parameter, reference: { ...reference, name: '*' }, binding: name, member: imported });
    this.edits.push(...substitute(name, free.references, memberOf(parameter, imported)));
    return true;
  }

  /** Older V8s show a variable that may not be read yet as undefined. */
  private checkInitialised(name: string, value: unknown): void {
    if (value !== undefined || !uninitialisedIsUndefined()) return;
    let seen = initialised.get(this.fn);
    if (seen === undefined) initialised.set(this.fn, (seen = new Set()));
    if (seen.has(name)) return;
    seen.add(name);
    const declared = declarationsFor([this.sample], name)?.[0];
    if (declared?.kind === 'var' || this.info.kind === 'class') return;
    const readable = this.info.plainParameters ? canRead(this.fn, name, this.info.generator) : undefined;
    if (readable === true) return;
    seen.delete(name);
    refuse(
      readable === false ? uninitialised(name) : `it can't be told whether the variable '${name}' is initialised yet`,
    );
  }

  /**
   * The name that a function gives itself. Of a declaration it is a variable of the scope around, which may have been
   * assigned to; of an expression it is the function, whatever the scope around calls so.
   */
  private ownName(): Variable[] {
    const { fn, info, scopes, sample, prefix } = this;
    const own = info.ownName;
    if (own === null || info.kind === 'class' || own.references.length === 0) return [];
    const scope = scopes.find(({ description, object }) => description !== 'Global' && Object.hasOwn(object, own.name));
    if (scope === undefined) return [];
    const value = slotOf(scope, own.name)?.value;
    if (value === fn && !own.written) return [];
    const declared = declarationsFor([sample], own.name)?.[0];
    if (declared === undefined)
      refuse(`it can't be told whether '${own.name}' in it is the function or a variable around it`);
    const begin = scriptOffset(sample);
    const isDeclaration = declared !== null && declared.start >= begin && declared.start < begin + info.location;
    if (!isDeclaration) return [];
    if (own.written) refuse(`it assigns to its own name '${own.name}'; keep that in a variable of another name`);
    const parameter = `${prefix}self`;
    this.edits.push(...substitute(own.name, own.references, parameter));
    return [{ name: parameter, value, free: { ...own, name: parameter }, home: { kind: 'own' } }];
  }
}

/** A variable of a scope that has it; undefined where it is not initialised yet, which newer V8s throw for. */
function slotOf(scope: Scope, name: string): { readonly value: unknown } | undefined {
  try {
    const descriptor = Object.getOwnPropertyDescriptor(scope.object, name);
    return descriptor !== undefined && 'value' in descriptor ? { value: descriptor.value as unknown } : undefined;
  } catch {
    return undefined;
  }
}

function uninitialised(name: string): string {
  return `the variable '${name}' is not initialised yet`;
}

let undefinedForHole: boolean | undefined;

/** Whether this V8 shows a variable in its temporal dead zone as undefined. */
function uninitialisedIsUndefined(): boolean {
  if (undefinedForHole !== undefined) return undefinedForHole;
  const probe = () => later;
  const scope = internalsOf(probe).scopes.find(({ object }) => Object.hasOwn(object, 'later'));
  const slot = scope && slotOf(scope, 'later');
  undefinedForHole = scope === undefined || slot !== undefined;
  const later = 1;
  return undefinedForHole;
}

/** The members of a tool's module object that are in use, as they are there: mostly getters, which follow the variable. */
function pickMembers(namespace: object, members: readonly string[]): object {
  const picked = {};
  for (const name of members) {
    const descriptor = Object.getOwnPropertyDescriptor(namespace, name);
    if (descriptor !== undefined) Object.defineProperty(picked, name, { ...descriptor, configurable: true });
  }
  return picked;
}

/** What a class extends now, null included. */
function parentOf(fn: Function): unknown {
  const parent = Object.getPrototypeOf(fn) as unknown;
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype')!.value as object;
  return parent === Function.prototype && Object.getPrototypeOf(prototype) === null ? null : parent;
}

/** The `this` of arrow functions, which never changes. */
const lexical = new WeakMap<Function, { value: unknown }>();

function thisOf(fn: Function): unknown {
  let found = lexical.get(fn);
  if (found === undefined) {
    found = lexicalThis(fn);
    if (found === undefined) return refuse("its 'this' can't be read here; keep what it needs of that in a variable");
    lexical.set(fn, found);
  }
  return found.value;
}

/** What is in an arguments object, as a list. Reads no getter. */
function itemsOf(list: object): unknown[] {
  const length = Object.getOwnPropertyDescriptor(list, 'length')?.value as number;
  return Array.from({ length }, (_, i) => Object.getOwnPropertyDescriptor(list, i)?.value as unknown);
}

/** The capture of a function that arrived from another process: all of its variables are at hand. */
function captureAgain(fn: Function): CapturedFunction {
  const { text, url, line, column, strict, bindings } = origins.get(fn)!;
  const { info, class: classParts } = parse(text);
  const prefix = unusedPrefix(text);
  const edits: Edit[] = info.oddKey === null ? [] : [plainKey(text, info.oddKey)];
  if (classParts !== undefined) edits.push(...classParts.edits);
  const references: ReferenceParameter[] = [];
  const variables: Variable[] = [];
  const names = [...info.free];
  if (info.ownName !== null && bindings.has(`${prefix}self`)) names.push({ ...info.ownName, name: `${prefix}self` });
  const keys = classParts?.computed.map((_, i) => `key${i}`) ?? [];
  for (const name of ['this', 'arguments', 'parent', ...keys]) {
    const references = name === 'arguments' ? info.arguments : [];
    if (bindings.has(prefix + name)) names.push({ name: prefix + name, written: false, members: null, references });
  }
  for (const [start, end] of info.this) edits.push({ start, end, text: `${prefix}this` });
  edits.push(...substitute('arguments', info.arguments, `${prefix}arguments`));
  for (const free of names) {
    const { name } = free;
    const binding = bindings.get(name);
    if (binding === undefined) continue;
    if (binding.kind === 'reference') {
      const { reference, member } = binding;
      const parameter = member === null ? name : `${prefix}import${references.length}`;
      references.push({ parameter, reference, binding: name, member });
      if (member !== null) edits.push(...substitute(name, free.references, memberOf(parameter, member)));
    } else if (binding.kind === 'cell') {
      variables.push({ name, value: binding.cell.value, free, home: { kind: 'cell', cell: binding.cell } });
    } else {
      if (name === `${prefix}self`) edits.push(...substitute(info.ownName!.name, free.references, name));
      variables.push({ name, value: binding.read(), free, home: { kind: 'own' } });
    }
  }
  if (info.importMeta.length > 0) {
    const parameter = `${prefix}meta`;
    references.push({ parameter, reference: { kind: 'meta', base: url }, binding: null, member: null });
    for (const [start, end] of info.importMeta) edits.push({ start, end, text: parameter });
  }
  const extras = extrasOf(fn, info, classParts);
  const place = { url, line, column, strict, prefix };
  return { text, info, ...place, name: nameOf(fn), edits, references, variables, classText: classParts, extras };
}

/**
 * The private members that a class gives to its instances; undefined for none, 'elsewhere' where the class goes by
 * reference, so that nothing here can set them.
 */
export function privateParts(
  type: Function,
): { fields: readonly string[]; methods: readonly string[] } | 'elsewhere' | undefined {
  if (!toText.call(type).includes('#')) return undefined;
  const captured = captureFunction(type);
  if (!('text' in captured)) return 'elsewhere';
  const text = captured.classText;
  if (text === undefined || !needsConstruction(text)) return undefined;
  return { fields: text.privateFields, methods: text.privateMethods };
}
