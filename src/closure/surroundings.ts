/** The capture of a function that was made in this process: what the scopes around it hold of its variables. */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { refuse } from '../codec/refusal';
import type { FreeVariable, Import, VariableReference } from './analysis';
import { emptyCache, replacesItself } from './babel';
import { memberOf, nameOf } from './captured';
import type { CapturedFunction, Home, ReferenceParameter, Variable } from './captured';
import { reportsCoverage } from './coverage';
import { plainKey, substitute, type Edit } from './edit';
import { computedKey, extrasOf } from './extras';
import { STANDARD_GLOBALS } from './globals';
import { canRead, internalsOf, lexicalThis, type Scope } from './inspector';
import { layoutPieces } from './layout';
import type { Reference } from './reference';
import { isConstantExport, moduleOf, scriptOffset } from './scripts';
import type { Known, Site } from './site';
import { moduleCacheOf } from './webpack';

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
  private readonly site: Site;
  private readonly scopes: readonly Scope[];
  private readonly edits: Edit[] = [];
  /** Names that nothing has now: they may become globals of the user. */
  private readonly absent: FreeVariable[] = [];
  /** Names of imports, and of globals that every process has. */
  private readonly outside: string[] = [];
  private readonly references: ReferenceParameter[] = [];
  /** The same holds for other functions of the same place. */
  private general: boolean;

  constructor(fn: Function, site: Site, scopes: readonly Scope[]) {
    this.fn = fn;
    this.site = site;
    this.scopes = scopes;
    this.general = site.info.kind !== 'class';
  }

  all(): { readonly captured: CapturedFunction; readonly known: Known } {
    const { fn, edits, references, site } = this;
    const { text, info, url, prefix, classParts, layout, sample, written } = site;
    if (this.isInsideWith()) refuse('it was made inside of a with statement');
    const variables = info.free.flatMap((free) => this.variable(free) ?? []);
    variables.push(...this.ownName(), ...this.surroundings());
    if (classParts !== undefined) edits.push(...classParts.edits);
    if (info.oddKey !== null) edits.push(plainKey(text, info.oddKey));
    if (info.importMeta.length > 0) {
      const parameter = `${prefix}meta`;
      references.push({ parameter, reference: { kind: 'meta', base: url }, binding: null, member: null });
      for (const [start, end] of info.importMeta) edits.push({ start, end, text: parameter });
    }
    const { line, column } = layout ?? site;
    const shape: Known['shape'] = {
      text,
      info,
      url: layout?.url ?? url,
      line,
      column,
      laidOut: layout !== undefined,
      pieces: reportsCoverage ? layoutPieces(sample.text, layout?.edits ?? [], scriptOffset(sample)) : undefined,
      strict: this.isStrict(),
      prefix,
      edits,
      references,
      classText: classParts,
    };
    const known: Known = {
      site,
      shape,
      names: [...variables.map(({ free }) => free), ...this.absent],
      outside: this.outside,
      reads: 0,
    };
    if (this.general) site.known ??= known;
    const extras = extrasOf(fn, written.info, written.class);
    return { captured: { ...shape, variables, name: nameOf(fn), extras }, known };
  }

  /** The variables of a function that was captured before; undefined where they are of other kinds now. */
  again({ names }: Known): Variable[] | undefined {
    const variables = names.flatMap((free) => this.named(free) ?? []);
    return this.references.length === 0 && this.edits.length === 0 ? variables : undefined;
  }

  /** The variables of another function of the same place; undefined where they are of other kinds. */
  like(known: Known): Variable[] | undefined {
    if (this.isInsideWith() || !this.namesItself()) return undefined;
    for (const name of known.outside) if ((this.scopeOf(name)?.description ?? 'Module') !== 'Module') return undefined;
    return this.again(known);
  }

  private isInsideWith(): boolean {
    return this.scopes.some(({ description }) => description.startsWith('With'));
  }

  private isStrict(): boolean {
    if (this.site.info.kind === 'class' || this.isModule()) return true;
    // Only sloppy functions have these properties; arrows and methods have them never.
    if (Object.hasOwn(this.fn, 'arguments')) return false;
    return moduleOf(this.site.sample).strict;
  }

  private isModule(): boolean {
    return this.scopes.some(({ description }) => description === 'Module');
  }

  /** A variable at a later capture. */
  private named(free: FreeVariable): Variable | undefined {
    const { prefix } = this.site;
    if (!free.name.startsWith(prefix)) return this.variable(free);
    return { name: free.name, value: this.special(free.name.slice(prefix.length)), free, home: { kind: 'own' } };
  }

  /** The value of a variable that stands for something that is none. */
  private special(name: string): unknown {
    const { fn, site } = this;
    if (name === 'parent') return parentOf(fn);
    if (name === 'this') return thisOf(fn);
    if (name.startsWith('key')) return computedKey(fn, site.written.class!.computed[Number(name.slice(3))]);
    if (name === 'arguments') {
      const scope = this.scopeOf('arguments');
      const list = scope && slotOf(scope, 'arguments')?.value;
      return list === undefined ? refuse("its 'arguments' can't be found") : itemsOf(list as object);
    }
    const own = site.info.ownName!.name;
    const scope = this.scopeOf(own);
    return scope && slotOf(scope, own)?.value;
  }

  private scopeOf(name: string): Scope | undefined {
    return this.scopes.find(({ description, object }) => description !== 'Global' && Object.hasOwn(object, name));
  }

  /** `this` and `arguments` of the function around an arrow; what a class extends, and names in it that are computed. */
  private surroundings(): Variable[] {
    const { edits } = this;
    const { info, prefix, classParts } = this.site;
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
  private variable(free: FreeVariable): Variable | undefined {
    const { name } = free;
    if (/^__vi(?:te_ssr)?_(?:import_meta|dynamic_import)__$/.test(name)) return this.transformed(name);
    const scope = this.scopeOf(name);
    if (scope === undefined) return this.unscoped(free);
    const slot = slotOf(scope, name);
    const isModule = scope.description === 'Module';
    const imported = this.imported(free, slot?.value, isModule);
    if (imported === true) return undefined;
    if (slot === undefined) return refuse(uninitialised(name));
    this.checkInitialised(name, slot.value);
    if (imported !== false) return { name, value: imported.value, free, home: { kind: 'own' } };
    const { sample, text } = this.site;
    let home: Home = { kind: 'scope', sample };
    if (isModule) home = { kind: 'module', key: `${sample.location.scriptId}:${name}` };
    if (scope.description === 'Script') home = { kind: 'module', key: `:${name}` };
    if (name === moduleCacheOf(text)) return { name, value: {}, free, home: { kind: 'own' } };
    const cache = emptyCache(this.fn, text, name, slot.value);
    if (cache !== undefined) return { name, value: cache.value, free, home: { kind: 'own' } };
    return { name, value: slot.value, free, home };
  }

  /** What vite has put in the place of import.meta and import(). */
  private transformed(name: string): undefined {
    const worker = Object.getOwnPropertyDescriptor(globalThis, '__vitest_worker__')?.value as
      { config?: { root?: string } } | undefined;
    const reference: Reference = name.includes('meta')
      ? { kind: 'meta', base: this.site.url }
      : { kind: 'dynamic', base: this.site.url, root: worker?.config?.root ?? process.cwd() };
    this.references.push({ parameter: name, reference, binding: name, member: null });
  }

  /** A name that no scope holds: an import that nobody else reads, a global, or nothing at all. */
  private unscoped(free: FreeVariable): Variable | undefined {
    const { name } = free;
    if (this.isModule() && this.imported(free, undefined, true) === true) return undefined;
    if (STANDARD_GLOBALS.has(name)) {
      this.outside.push(name);
      return undefined;
    }
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
    if (descriptor === undefined) this.absent.push(free);
    else if (!('value' in descriptor)) this.outside.push(name);
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
    const found = moduleOf(this.site.sample).imports.find(({ local }) => local === free.name);
    if (found === undefined) return false;
    if (found.kind === 'transformed') {
      if (found.source.startsWith('node:')) return this.byReference(free, found);
      return free.members === null ? false : { value: pickMembers(value as object, free.members) };
    }
    if (found.kind === 'require' || isMain(this.site.url, found.source)) return false;
    if (found.kind === 'dynamic' && !(namespace && found.imported === '*')) return false;
    return this.byReference(free, found);
  }

  private byReference(free: FreeVariable, { source, imported, attributes }: Import): true {
    const { references } = this;
    const { url: base, prefix } = this.site;
    const { name } = free;
    this.outside.push(name);
    // That it is one was told by the value.
    if ((this.scopeOf(name)?.description ?? 'Module') !== 'Module') this.general = false;
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
    const { info } = this.site;
    if (info.kind === 'class' || this.site.declaration(name)?.kind === 'var') return;
    const readable = info.plainParameters ? canRead(this.fn, name, info.generator) : undefined;
    if (readable === true) return;
    seen.delete(name);
    refuse(
      readable === false ? uninitialised(name) : `it can't be told whether the variable '${name}' is initialised yet`,
    );
  }

  /** Whether the name that a function gives itself is the function. */
  private namesItself(): boolean {
    const { ownName: own, kind } = this.site.info;
    if (own === null || kind === 'class' || own.references.length === 0) return true;
    const scope = this.scopeOf(own.name);
    return scope === undefined || (!own.written && slotOf(scope, own.name)?.value === this.fn);
  }

  /**
   * The name that a function gives itself. Of a declaration it is a variable of the scope around, which may have been
   * assigned to; of an expression it is the function, whatever the scope around calls so.
   */
  private ownName(): Variable[] {
    if (this.namesItself()) return [];
    this.general = false;
    const { info, sample, prefix } = this.site;
    const own = info.ownName!;
    const declared = this.site.declaration(own.name);
    if (declared === undefined)
      refuse(`it can't be told whether '${own.name}' in it is the function or a variable around it`);
    const begin = scriptOffset(sample);
    const isDeclaration = declared !== null && declared.start >= begin && declared.start < begin + sample.offset;
    if (!isDeclaration) return [];
    if (own.written && !replacesItself(own.name, sample.text))
      refuse(`it assigns to its own name '${own.name}'; keep that in a variable of another name`);
    const name = `${prefix}self`;
    this.edits.push(...substitute(own.name, own.references, name));
    return [{ name, value: this.special('self'), free: { ...own, name }, home: { kind: 'own' } }];
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
