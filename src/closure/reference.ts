/**
 * What travels by reference: things that every process has, or can load.
 *
 * Globals and Node's own modules are found by identity. The small table holds what may stand in data (`process`, `Math`,
 * `require('node:os')`), the large one every function reachable from them, and is built when such a function first turns
 * up. Building them touches no lazy getter of the global object: reading `FormData` would load 40 ms of code.
 */
import { existsSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { malformed } from '../codec/bytes';
import { STANDARD_GLOBALS } from './globals';
import { importerOf, loadedModule } from './load';
import { mainGlobal } from './realm';

/** A property's key; a well-known symbol as its name with an @ before it. */
type Key = string;

export type Reference =
  /** globalThis.path[0].path[1]… */
  | { readonly kind: 'global'; readonly path: readonly Key[] }
  /** The same from a module of Node's. */
  | { readonly kind: 'builtin'; readonly module: string; readonly path: readonly Key[] }
  /** A prototype or constructor that no name leads to. */
  | { readonly kind: 'intrinsic'; readonly index: number }
  /** An import of the file `base`; the name '*' is the module's namespace. */
  | {
      readonly kind: 'import';
      readonly base: string;
      readonly source: string;
      readonly name: string;
      readonly attributes: Readonly<Record<string, string>>;
    }
  /** module.exports of a CommonJS file, or one of its properties. */
  | { readonly kind: 'commonjs'; readonly file: string; readonly key: string | null }
  /** The function `require` of a file. */
  | { readonly kind: 'require'; readonly base: string }
  /** import() as a file calls it that vite transformed: a path from `root` may stand where a relative one was written. */
  | { readonly kind: 'dynamic'; readonly base: string; readonly root: string }
  /** import.meta of a file. */
  | { readonly kind: 'meta'; readonly base: string };

const nodeRequire = createRequire(__filename);

const generator = Object.getPrototypeOf(function* () {}) as Function;
const asyncFunction = Object.getPrototypeOf(async function () {}) as Function;
const asyncGenerator = Object.getPrototypeOf(async function* () {}) as Function;
const typedArray = Object.getPrototypeOf(Int8Array) as Function;
const arrayIterator = Object.getPrototypeOf([][Symbol.iterator]()) as object;
/** Never reordered. */
const INTRINSICS: readonly object[] = [
  generator,
  asyncFunction,
  asyncGenerator,
  typedArray,
  arrayIterator,
  Object.getPrototypeOf(arrayIterator) as object,
  generator.constructor,
  asyncFunction.constructor,
  asyncGenerator.constructor,
];

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

type Table = Map<object, Reference>;

function put(table: Table, value: unknown, reference: Reference): boolean {
  if (!isObject(value) || table.has(value)) return false;
  table.set(value, reference);
  return true;
}

/** Node's modules that are loaded: a value of one that is not can't have turned up. */
function loadedBuiltins(): string[] {
  const list = (process as unknown as { moduleLoadList?: string[] }).moduleLoadList;
  const loaded = list === undefined ? undefined : new Set(list);
  const odd = /^_|^(?:process|punycode|sys)$/;
  return builtinModules.filter((name) => !odd.test(name) && (loaded?.has(`NativeModule ${name}`) ?? true));
}

let roots: Table | undefined;
let builtinsSeen = 0;

/** What plain objects that every process has are by reference. Asked anew for each message: modules may have been loaded since. */
export function rootTable(): ReadonlyMap<object, Reference> {
  const count = (process as unknown as { moduleLoadList?: string[] }).moduleLoadList?.length ?? 1;
  if (roots !== undefined && count === builtinsSeen) return roots;
  builtinsSeen = count;
  roots = new Map();
  put(roots, globalThis, { kind: 'global', path: [] });
  put(roots, process, { kind: 'global', path: ['process'] });
  put(roots, console, { kind: 'global', path: ['console'] });
  put(roots, process.env, { kind: 'global', path: ['process', 'env'] });
  put(roots, mainGlobal, { kind: 'global', path: [] });
  for (const name of ['Math', 'JSON', 'Reflect', 'Atomics', 'Intl', 'WebAssembly', 'performance', 'console']) {
    for (const global of [globalThis, mainGlobal]) {
      put(roots, Object.getOwnPropertyDescriptor(global, name)?.value, { kind: 'global', path: [name] });
    }
  }
  for (const module of loadedBuiltins()) {
    put(roots, nodeRequire(`node:${module}`), { kind: 'builtin', module: `node:${module}`, path: [] });
  }
  return roots;
}

/** The reference for an object of the small table. */
export function rootReference(value: object): Reference | undefined {
  // Test runners put a Proxy in its place.
  if (value === process.env) return { kind: 'global', path: ['process', 'env'] };
  const prototype = Object.getPrototypeOf(value) as unknown;
  const plain = prototype === Object.prototype || prototype === null || types.isProxy(prototype);
  return rootTable().get(value) ?? (plain ? undefined : streamReference(value));
}

/** process.stdin, stdout and stderr, which are made when they are first asked for: one that turns up is there. */
function streamReference(value: object): Reference | undefined {
  const constructor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(value) ?? {}, 'constructor')
    ?.value as unknown;
  const ofWorker =
    typeof constructor === 'function' &&
    !types.isProxy(constructor) &&
    /^(?:Writ|Read)ableWorkerStdio$/.test(String(Object.getOwnPropertyDescriptor(constructor, 'name')?.value));
  if (!ofWorker && !Object.hasOwn(value, '_isStdio')) return undefined;
  const name = (['stdin', 'stdout', 'stderr'] as const).find(
    (each, i) => (ofWorker || Object.getOwnPropertyDescriptor(value, 'fd')?.value === i) && process[each] === value,
  );
  return name && { kind: 'global', path: ['process', name] };
}

let functions: Table | undefined;
let functionsOf: ReadonlyMap<object, Reference> | undefined;

function functionTable(): Table {
  const rooted = rootTable();
  if (functions !== undefined && functionsOf === rooted) return functions;
  functionsOf = rooted;
  const table: Table = (functions = new Map());
  const walk = (object: object, at: (path: Key[]) => Reference, path: Key[], depth: number): void => {
    for (const key of Reflect.ownKeys(object)) {
      const name = typeof key === 'string' ? key : wellKnown(key);
      if (name === undefined) continue;
      const value = Object.getOwnPropertyDescriptor(object, key)?.value as unknown;
      if (!isObject(value) || types.isProxy(value)) continue;
      const inner = [...path, name];
      if (put(table, value, at(inner)) && depth > 0) walk(value, at, inner, depth - 1);
    }
  };
  for (const global of new Set([globalThis, mainGlobal])) {
    for (const name of Object.getOwnPropertyNames(global)) {
      const value = Object.getOwnPropertyDescriptor(global, name)!.value as unknown;
      // Standard names only: what else is there the user may have put there.
      if (!isObject(value) || types.isProxy(value) || !STANDARD_GLOBALS.has(name)) continue;
      // A test runner's context may have another global object there.
      if (name === 'global' || name === 'globalThis') continue;
      const at = (path: Key[]): Reference => ({ kind: 'global', path });
      if (put(table, value, at([name]))) walk(value, at, [name], 2);
    }
  }
  for (const [value, reference] of rooted) {
    put(table, value, reference);
    if (reference.kind !== 'builtin') continue;
    walk(value, (path) => ({ kind: 'builtin', module: reference.module, path }), [], 2);
  }
  INTRINSICS.forEach((value, index) => put(table, value, { kind: 'intrinsic', index }));
  return table;
}

function wellKnown(symbol: symbol): string | undefined {
  const name = symbol.description;
  if (name === undefined || !name.startsWith('Symbol.')) return undefined;
  const own = Object.getOwnPropertyDescriptor(Symbol, name.slice(7))?.value as unknown;
  return own === symbol ? `@${name.slice(7)}` : undefined;
}

/** The reference for a function of the runtime. The caller has seen that it is one: a name alone can be anybody's. */
export function runtimeReference(fn: Function): Reference | undefined {
  return functionTable().get(fn);
}

/** A test runner has modules of its own, which no other process has: it shows them by a Proxy. */
const foreignModules = types.isProxy(nodeRequire.cache);

let cacheSize = -1;
let exported: Table = new Map();

/** The reference for what a CommonJS module, other than the main one, exports. */
export function commonjsReference(value: object): Reference | undefined {
  if (foreignModules) return undefined;
  const files = Object.keys(nodeRequire.cache);
  if (files.length !== cacheSize) {
    cacheSize = files.length;
    exported = new Map();
    for (const file of files) addExports(file, nodeRequire.cache[file]);
  }
  return exported.get(value);
}

/** What a CommonJS module that is loaded exports; undefined where it is not. */
export function loadedCommonjs(file: string, key: string | null): unknown {
  const module = foreignModules || !Object.hasOwn(nodeRequire.cache, file) ? undefined : nodeRequire.cache[file];
  const exports: unknown = module?.exports;
  if (!isObject(exports) || types.isProxy(exports)) return undefined;
  return key === null ? exports : (Object.getOwnPropertyDescriptor(exports, key)?.value as unknown);
}

/** The reference for all that such a module exports, where functions are among it. Mere data is copied. */
export function exportsReference(value: object): Reference | undefined {
  const reference = commonjsReference(value);
  if (reference?.kind !== 'commonjs' || reference.key !== null) return undefined;
  const members = Object.values(Object.getOwnPropertyDescriptors(value));
  return members.some(({ value: member }) => typeof member === 'function') ? reference : undefined;
}

function addExports(file: string, module: NodeJS.Module | undefined): void {
  if (module === undefined || module.id === '.' || module === process.mainModule || !module.loaded) return;
  const value: unknown = module.exports;
  if (!isObject(value) || types.isProxy(value)) return;
  put(exported, value, { kind: 'commonjs', file, key: null });
  for (const key of Object.keys(value)) {
    const member = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
    if (typeof member === 'function') put(exported, member, { kind: 'commonjs', file, key });
  }
}

function follow(from: unknown, path: readonly Key[]): unknown {
  let at = from;
  if (!Array.isArray(path)) throw malformed('a reference has no path');
  for (const key of path as readonly unknown[]) {
    if (typeof key !== 'string') throw malformed('a reference has an odd path');
    if (!isObject(at)) throw malformed(`there is no ${path.join('.')} here`);
    const name = key.startsWith('@') ? (Symbol as unknown as Record<string, symbol>)[key.slice(1)] : key;
    at = (at as Record<PropertyKey, unknown>)[name];
  }
  return at;
}

/** The receiver's side: what a reference means in this process. Modules must have been loaded before, or be loadable at once. */
export function resolveReference(reference: Reference): unknown {
  if (!isObject(reference)) throw malformed('a reference is none');
  switch (reference.kind) {
    case 'global':
      return follow(globalThis, reference.path);
    case 'builtin':
      if (!builtinModules.includes(String(reference.module).replace(/^node:/, '')))
        throw malformed('it refers to no module of Node');
      return follow(nodeRequire(reference.module), reference.path);
    case 'intrinsic':
      return INTRINSICS[reference.index];
    case 'import':
      return reference.name === '*'
        ? arrived(loadedModule(reference, '*'), reference)
        : loadedModule(reference, reference.name);
    case 'commonjs': {
      const exports = nodeRequire(reference.file) as Record<string, unknown>;
      return reference.key === null ? exports : exports[reference.key];
    }
    case 'require':
      return createRequire(reference.base);
    case 'dynamic':
      return arrived(rootedImporter(reference.base, reference.root), reference);
    case 'meta':
      return arrived(importMeta(reference.base), reference);
    default:
      throw malformed('a reference is of no known kind');
  }
}

const references = new WeakMap<object, Reference>();

function arrived(value: unknown, reference: Reference): unknown {
  if (isObject(value)) references.set(value, reference);
  return value;
}

/** The reference that something arrived by, which no name leads to: a namespace, what stands for import() or import.meta. */
export function arrivedReference(value: object): Reference | undefined {
  return references.get(value);
}

function rootedImporter(base: string, root: string): ReturnType<typeof importerOf> {
  const load = importerOf(base);
  return (source, options) => {
    const rooted = source.startsWith('/') && !existsSync(source);
    return load(rooted ? pathToFileURL(root + source).href : source, options);
  };
}

/** import.meta as the file `base` had it. */
function importMeta(base: string): object {
  const url = base.startsWith('file:') ? new URL(base) : undefined;
  const filename = url === undefined ? base : decodeURIComponent(url.pathname);
  const resolve = (specifier: string): string => {
    if (/^(?:\.{0,2}\/|file:)/.test(specifier)) return new URL(specifier, base).href;
    const file = createRequire(base).resolve(specifier);
    return file.startsWith('/') ? pathToFileURL(file).href : file;
  };
  return Object.assign(Object.create(null) as object, {
    url: base,
    filename,
    dirname: filename.slice(0, filename.lastIndexOf('/')),
    resolve,
  });
}
