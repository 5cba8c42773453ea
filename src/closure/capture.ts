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
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { refuse } from '../codec/refusal';
import { analyse } from './analysis';
import { captureByText, isNative } from './by-text';
import { captureAgain } from './capture-again';
import { nameOf, NOWHERE, toText, type CapturedFunction, type Variable } from './captured';
import { needsConstruction } from './class-text';
import { extrasOf, isPrototypeOf, type Extras } from './extras';
import { inspectorMissing, internalsOf, type Bound, type Internals, type Location, type Scope } from './inspector';
import { arrivedReference, commonjsReference, runtimeReference, type Reference } from './reference';
import { origins } from './revived';
import { isRuntimeFunction } from './runtime-class';
import { moduleOf, urlOf, type Sample } from './scripts';
import { addSite, knownSite, type Known } from './site';
import { Capture, mainUrl, slotOf } from './surroundings';

/** What a function is sent as: a reference, where it can be had there, else what it is made of. @throws Refusal */
export function captureFunction(fn: Function): Reference | CapturedFunction {
  if (types.isProxy(fn)) refuse('it is a Proxy, whose traps would have to run');
  // The inspector would run its traps.
  if (types.isProxy(Object.getPrototypeOf(fn)))
    refuse('what it inherits from is a Proxy, whose traps would have to run');
  if (origins.has(fn)) return captureAgain(fn);
  const found = known.get(fn);
  const elsewhere =
    exported.get(fn) ?? arrivedReference(fn) ?? (found === undefined ? commonjsReference(fn) : undefined);
  if (elsewhere !== undefined) return elsewhere;
  if (found !== undefined && found.names.length === 0) return withVariables(fn, found, []);
  const values = settled.get(fn);
  if (values !== undefined) return withVariables(fn, found!, values);
  if (inspectorMissing() !== undefined) return isNative(fn) ? runtimeFunction(fn) : captureByText(fn);
  const internals = internalsOf(fn);
  if (internals.bound !== undefined) return runtimeReference(fn) ?? captureBound(fn, internals.bound);
  if (found === undefined) {
    const required = requireReference(fn);
    if (required !== undefined) return required;
    if (isRuntimeFunction(fn, internals)) return runtimeFunction(fn);
  }
  return capture(fn, internals, found);
}

/** Functions that modules export. */
const exported = new WeakMap<Function, Reference>();

function runtimeFunction(fn: Function): Reference {
  const reference = runtimeReference(fn);
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
  const place = { ...NOWHERE, strict: true, prefix: 'mp$' };
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
  if (found !== undefined) {
    const variables = new Capture(fn, found.site, scopes).again(found);
    if (variables !== undefined) {
      if (found.site.isSettled(found, variables)) settled.set(fn, variables);
      return withVariables(fn, found, variables);
    }
  }
  const text = toText.call(fn);
  let site = knownSite(location, text);
  if (found === undefined) {
    const reference = exportReference(fn, site?.sample ?? text, location, scopes);
    if (reference !== undefined) {
      exported.set(fn, reference);
      return reference;
    }
    const variables = site?.known && new Capture(fn, site, scopes).like(site.known);
    if (variables !== undefined) {
      known.set(fn, site!.known!);
      return withVariables(fn, site!.known!, variables);
    }
  }
  site ??= addSite(location, text);
  const all = new Capture(fn, site, scopes).all();
  known.set(fn, all.known);
  return all.captured;
}

function withVariables(fn: Function, found: Known, variables: readonly Variable[]): CapturedFunction {
  const { shape, site, bare } = found;
  const name = nameOf(fn);
  const extras = extrasOf(fn, site.written.info, site.written.class);
  if (extras !== undefined || variables.length > 0) return { ...shape, name, variables, extras };
  if (bare !== undefined && bare.name === name) return bare;
  return (found.bare = { ...shape, name, variables, extras });
}

/** The reference for a function that a module exports; undefined for any other. */
export function exportedAs(fn: Function): Reference | undefined {
  if (types.isProxy(fn) || origins.has(fn)) return undefined;
  const found = exported.get(fn) ?? commonjsReference(fn);
  if (found !== undefined || inspectorMissing() !== undefined) return found;
  const { location, scopes } = internalsOf(fn);
  const reference = location && exportReference(fn, toText.call(fn), location, scopes);
  if (reference !== undefined) exported.set(fn, reference);
  return reference;
}

/** The reference for what a module that can be imported exports. The main module can't: its top level would run again. */
function exportReference(
  fn: Function,
  sample: Sample | string,
  location: Location,
  scopes: readonly Scope[],
): Reference | undefined {
  const module = scopes.find(({ description }) => description === 'Module');
  if (module === undefined) return undefined;
  const url = urlOf(location.scriptId);
  if (!url.startsWith('file:') || url.split(/[?#]/, 1)[0] === mainUrl()) return undefined;
  try {
    if (typeof sample === 'string') sample = { location, text: sample, offset: analyse(sample).location };
  } catch {
    return undefined;
  }
  const found = moduleOf(sample).exports.find(
    ({ local }) => local !== null && Object.hasOwn(module.object, local) && slotOf(module, local)?.value === fn,
  );
  return found && { kind: 'import', base: url, source: url, name: found.exported, attributes: {} };
}

/** The `require` of a file: Node's knows its module; what a test runner has in its place knows the file, or Node's own. */
function requireReference(fn: Function): Reference | undefined {
  const resolve = Object.getOwnPropertyDescriptor(fn, 'resolve')?.value as unknown;
  if (typeof resolve !== 'function' || !Object.hasOwn(fn, 'cache')) return undefined;
  for (const { object } of [fn, resolve].flatMap((each) => internalsOf(each).scopes)) {
    const inner: unknown = Object.getOwnPropertyDescriptor(object, '_require')?.value;
    if (typeof inner === 'function' && inner !== fn && !types.isProxy(inner)) return requireReference(inner);
    for (const name of ['mod', 'from']) {
      const module: unknown = Object.getOwnPropertyDescriptor(object, name)?.value;
      if (typeof module !== 'object' || module === null || types.isProxy(module)) continue;
      const file: unknown = Object.getOwnPropertyDescriptor(module, 'filename')?.value;
      if (typeof file === 'string' && isAbsolute(file)) return { kind: 'require', base: pathToFileURL(file).href };
    }
  }
  return undefined;
}

/** The variables of functions for which they never change. */
const settled = new WeakMap<Function, readonly Variable[]>();

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
