/** The capture of a function that was made in this process: what the scopes around it hold of its variables. */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { refuse } from '../codec/refusal';
import type { FreeVariable, FunctionInfo, Import, VariableReference } from './analysis';
import { memberOf, nameOf, parse, unusedPrefix } from './captured';
import type { CapturedFunction, Home, Parsed, ReferenceParameter, Variable } from './captured';
import type { ClassText } from './class-text';
import { reportsCoverage } from './coverage';
import { applyEdits, plainKey, substitute, type Edit } from './edit';
import { computedKey, extrasOf } from './extras';
import { STANDARD_GLOBALS } from './globals';
import { canRead, internalsOf, lexicalThis, type Scope } from './inspector';
import { layoutPieces, originalLayout, type Layout } from './layout';
import type { Reference } from './reference';
import { moduleCacheOf } from './webpack';
import { declarationsFor, isConstantExport, moduleOf, scriptOffset, urlOf, type Sample } from './scripts';

let main: string | undefined;

/** The module that the program was started with: it never runs in another process. */
export function mainUrl(): string {
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

/** The variables of a function that were seen to be initialised, which they stay. */
const initialised = new WeakMap<Function, Set<string>>();

/** The capture of a function that was made in this process. */
export class Capture {
  private readonly fn: Function;
  /** Laid out as it was written. */
  private readonly text: string;
  private readonly info: FunctionInfo;
  private readonly classParts: ClassText | undefined;
  private readonly layout: Layout | undefined;
  /** As it stands in its script. */
  readonly written: Parsed;
  private readonly sample: Sample;
  private readonly scopes: readonly Scope[];
  private readonly url: string;
  private readonly prefix: string;
  private readonly edits: Edit[] = [];
  /** Names that nothing has now: they may become globals of the user. */
  readonly absent: FreeVariable[] = [];
  private readonly references: ReferenceParameter[] = [];

  constructor(fn: Function, written: Parsed, sample: Sample, scopes: readonly Scope[]) {
    this.fn = fn;
    this.written = written;
    this.sample = sample;
    this.scopes = scopes;
    this.url = urlOf(sample.location.scriptId);
    this.layout = this.laidOut();
    this.text = this.layout === undefined ? sample.text : applyEdits(sample.text, this.layout.edits);
    const { info, class: classParts } = this.layout === undefined ? written : parse(this.text);
    this.info = info;
    this.classParts = classParts;
    this.prefix = unusedPrefix(this.text);
  }

  private laidOut(): Layout | undefined {
    const { line, column } = this.begin();
    const layout = originalLayout(this.sample, line, column);
    if (layout === undefined || layout.url === this.url) return layout;
    // Its imports are relative to the script, and its coverage is the script's.
    return reportsCoverage || /\bimport\b/.test(this.sample.text) ? undefined : layout;
  }

  all(): CapturedFunction {
    const { fn, text, info, url, prefix, edits, references, classParts, layout, sample } = this;
    if (this.scopes.some(({ description }) => description.startsWith('With')))
      refuse('it was made inside of a with statement');
    const variables = info.free.flatMap((free) => this.variable(free) ?? []);
    variables.push(...this.ownName(), ...this.surroundings());
    if (classParts !== undefined) edits.push(...classParts.edits);
    if (info.oddKey !== null) edits.push(plainKey(text, info.oddKey));
    if (info.importMeta.length > 0) {
      const parameter = `${prefix}meta`;
      references.push({ parameter, reference: { kind: 'meta', base: url }, binding: null, member: null });
      for (const [start, end] of info.importMeta) edits.push({ start, end, text: parameter });
    }
    const { line, column } = layout ?? this.begin();
    const extras = extrasOf(fn, this.written.info, this.written.class);
    const strict = this.isStrict();
    return {
      text,
      info,
      url: layout?.url ?? url,
      line,
      column,
      laidOut: layout !== undefined,
      pieces: reportsCoverage ? layoutPieces(sample.text, layout?.edits ?? [], scriptOffset(sample)) : undefined,
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
    const { text, offset } = this.sample;
    const lines = text.slice(0, offset).split('\n').length - 1;
    return { line: lineNumber - lines, column: lines > 0 ? 0 : Math.max(0, columnNumber - offset) };
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
    if (name.startsWith('key')) return computedKey(fn, this.written.class!.computed[Number(name.slice(3))]);
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
  private surroundings(): Variable[] {
    const { info, prefix, edits, classParts } = this;
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
    if (name === moduleCacheOf(this.text)) return { name, value: {}, free, home: { kind: 'own' } };
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
    const isDeclaration = declared !== null && declared.start >= begin && declared.start < begin + sample.offset;
    if (!isDeclaration) return [];
    if (own.written) refuse(`it assigns to its own name '${own.name}'; keep that in a variable of another name`);
    const parameter = `${prefix}self`;
    this.edits.push(...substitute(own.name, own.references, parameter));
    return [{ name: parameter, value, free: { ...own, name: parameter }, home: { kind: 'own' } }];
  }
}

/** A variable of a scope that has it; undefined where it is not initialised yet, which newer V8s throw for. */
export function slotOf(scope: Scope, name: string): { readonly value: unknown } | undefined {
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
    // What CommonJS exports may be changed by its functions, which know the object.
    if (typeof descriptor?.value === 'function' && !types.isModuleNamespaceObject(namespace)) return namespace;
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
