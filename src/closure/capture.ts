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
import { analyse, type FreeVariable, type FunctionInfo, type Import } from './analysis';
import { plainKey, substitute, type Edit } from './edit';
import { STANDARD_GLOBALS } from './globals';
import { canRead, internalsOf, type Internals, type Scope } from './inspector';
import { commonjsReference, runtimeReference, type Reference } from './reference';
import { origins, type Cell } from './revived';
import { isRuntimeFunction } from './runtime-class';
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
  /** Own properties of the function. */
  readonly properties: readonly { key: string; value: unknown }[];
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
  const exported = commonjsReference(fn);
  if (exported !== undefined) return exported;
  const found = known.get(fn);
  if (found !== undefined && found.names.length === 0) {
    return { ...found.shape, variables: [], properties: propertiesOf(fn, found.shape.info) };
  }
  const internals = internalsOf(fn);
  if (found === undefined && isRuntimeFunction(fn, internals)) return runtimeFunction(fn);
  return capture(fn, internals, found);
}

function runtimeFunction(fn: Function): Reference {
  const reference = runtimeReference(fn) ?? requireReference(fn);
  if (reference !== undefined) return reference;
  if (nameOf(fn)?.startsWith('bound ') === true) refuse('it is a bound function; send an arrow function that calls it');
  return refuse('it is native code that no name leads to');
}

function capture(fn: Function, { location, scopes }: Internals, found: Known | undefined): CapturedFunction {
  if (location === undefined) return refuse('it is native code');
  const text = found?.shape.text ?? toText.call(fn);
  const info = found?.shape.info ?? parse(text);
  const capturing = new Capture(fn, text, info, { location, text, offset: info.location }, scopes);
  if (found !== undefined) {
    const variables = found.names.flatMap((free) => capturing.again(free) ?? []);
    return { ...found.shape, variables, properties: propertiesOf(fn, info) };
  }
  const captured = capturing.all();
  const { variables, properties: _, ...shape } = captured;
  known.set(fn, { shape, names: [...variables.map(({ free }) => free), ...capturing.absent] });
  return captured;
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
  readonly shape: Omit<CapturedFunction, 'variables' | 'properties'>;
  /** The names that are read again each time. */
  readonly names: readonly FreeVariable[];
}

const known = new WeakMap<Function, Known>();

/** Whether nothing that a function is made of can change between two captures. Only known once it was captured. */
export function capturesNothing(fn: Function): boolean {
  const found = known.get(fn);
  return found !== undefined && found.names.length === 0 && Reflect.ownKeys(fn).every((key) => STANDARD_KEYS.has(key));
}

const STANDARD_KEYS: ReadonlySet<PropertyKey> = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

/** @throws Refusal for what can be parsed, but not be made again from its text and its variables. */
function parse(text: string): FunctionInfo {
  let info: FunctionInfo;
  try {
    info = analyse(text);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  if (info.eval) refuse('it calls eval, which may use any variable around it');
  if (info.this) refuse("it uses 'this' of the function around it; keep what it needs of that in a variable");
  if (info.arguments) refuse("it uses 'arguments' of the function around it; keep what it needs of them in a variable");
  if (info.super) refuse("it uses 'super', which its text does not contain; send a function that is no method");
  if (info.newTarget) refuse("it uses 'new.target' of the function around it; keep it in a variable");
  if (info.privateName !== null) refuse(`it uses the private name ${info.privateName} of a class around it`);
  if (info.class?.notPlain) refuse(`it is a class with ${info.class.notPlain}; import it from a module of its own`);
  if (info.class !== null && info.class.heritage !== null && info.class.heritageName === null) {
    refuse('it is a class that extends an expression; give that a name, or import the class from a module');
  }
  return info;
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

  all(): CapturedFunction {
    const { fn, text, info, url, prefix, edits, references } = this;
    if (this.scopes.some(({ description }) => description.startsWith('With')))
      refuse('it was made inside of a with statement');
    const variables = info.free.flatMap((free) => this.variable(free) ?? []);
    variables.push(...this.ownName());
    if (info.oddKey !== null) edits.push(plainKey(text, info.oddKey));
    if (info.importMeta.length > 0) {
      const parameter = `${prefix}meta`;
      references.push({ parameter, reference: { kind: 'meta', base: url }, binding: null, member: null });
      for (const [start, end] of info.importMeta) edits.push({ start, end, text: parameter });
    }
    const { line, column } = this.begin();
    const properties = propertiesOf(fn, info);
    this.checkHeritage(variables);
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
      properties,
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
    if (free.name !== `${this.prefix}self`) return this.variable(free);
    const { name } = this.info.ownName!;
    const scope = this.scopes.find(
      ({ description, object }) => description !== 'Global' && Object.hasOwn(object, name),
    );
    return { name: free.name, value: scope && slotOf(scope, name)?.value, free, home: { kind: 'own' } };
  }

  /** A free variable; undefined where nothing, or only a reference, needs to be sent. */
  variable(free: FreeVariable): Variable | undefined {
    const { name } = free;
    if (this.isHeritageOnly(free))
      return { name, value: Object.getPrototypeOf(this.fn) as unknown, free, home: { kind: 'own' } };
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

  /**
   * A name that a class only extends. That is read once, outside of any function, so V8 keeps no variable for it: what the
   * scopes have of that name may be another one. An import stays one.
   */
  private isHeritageOnly(free: FreeVariable): boolean {
    if (free.name !== this.info.class?.heritageName || free.references.length !== 1) return false;
    const parent = Object.getPrototypeOf(this.fn) as unknown;
    const scope = this.scopes.find(
      ({ description, object }) => description !== 'Global' && Object.hasOwn(object, free.name),
    );
    const isImport = scope?.description === 'Module' && slotOf(scope, free.name)?.value === parent;
    return !isImport;
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

  /** What a class extends must be what its name means now. */
  private checkHeritage(variables: readonly Variable[]): void {
    const name = this.info.class?.heritageName;
    if (name === null || name === undefined) return;
    const parent = Object.getPrototypeOf(this.fn) as unknown;
    const variable = variables.find((each) => each.name === name);
    if (variable !== undefined && variable.value !== parent) {
      refuse(`the variable '${name}' is no longer the class that it extends`);
    }
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

/** The members of a transformed import that are in use. Reading one runs the getter that the tool made for it. */
function pickMembers(namespace: object, members: readonly string[]): object {
  return Object.fromEntries(members.map((name) => [name, (namespace as Record<string, unknown>)[name]]));
}

/** Own properties beyond what every function has. @throws Refusal for those that are no plain data. */
function propertiesOf(fn: Function, info: FunctionInfo): { key: string; value: unknown }[] {
  const properties: { key: string; value: unknown }[] = [];
  for (const key of Reflect.ownKeys(fn)) {
    if (STANDARD_KEYS.has(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(fn, key)!;
    if (info.kind === 'class' && isMethodOf(fn, descriptor)) continue;
    if (typeof key === 'symbol') refuse(`it has a property named ${String(key)}`);
    if (!('value' in descriptor)) refuse(`its property '${key}' is a getter`);
    properties.push({ key, value: descriptor.value });
  }
  const prototype = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value as unknown;
  if (typeof prototype === 'object' && prototype !== null && !info.generator) checkPrototype(fn, info, prototype);
  return properties;
}

/** Whether a property of a class stands in its text, as a method or an accessor. */
function isMethodOf(fn: Function, descriptor: PropertyDescriptor): boolean {
  if (descriptor.enumerable) return false;
  const text = toText.call(fn);
  const members = [descriptor.value, descriptor.get, descriptor.set].filter((member) => member !== undefined);
  return members.every((member) => typeof member === 'function' && text.includes(toText.call(member)));
}

function checkPrototype(fn: Function, info: FunctionInfo, prototype: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    if (key === 'constructor') continue;
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
    if (info.kind === 'class' && isMethodOf(fn, descriptor)) continue;
    refuse(`its prototype has a property '${String(key)}' that is not in its text`);
  }
  if (info.kind !== 'class' && Object.getPrototypeOf(prototype) !== Object.prototype) {
    refuse('its prototype has another one than Object.prototype');
  }
}

/** The capture of a function that arrived from another process: all of its variables are at hand. */
function captureAgain(fn: Function): CapturedFunction {
  const { text, url, line, column, strict, bindings } = origins.get(fn)!;
  const info = parse(text);
  const prefix = unusedPrefix(text);
  const edits: Edit[] = info.oddKey === null ? [] : [plainKey(text, info.oddKey)];
  const references: ReferenceParameter[] = [];
  const variables: Variable[] = [];
  const names = [...info.free];
  if (info.ownName !== null && bindings.has(`${prefix}self`)) names.push({ ...info.ownName, name: `${prefix}self` });
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
  const properties = propertiesOf(fn, info);
  return { text, info, url, line, column, strict, prefix, name: nameOf(fn), edits, references, variables, properties };
}
