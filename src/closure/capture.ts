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
import { analyse, type FreeVariable } from './analysis';
import { captureAgain } from './capture-again';
import { nameOf, parse, toText, unusedPrefix, type CapturedFunction, type Parsed, type Variable } from './captured';
import { needsConstruction } from './class-text';
import { plainKey } from './edit';
import { extrasOf, isPrototypeOf, type Extras } from './extras';
import { inspectorMissing, internalsOf, type Bound, type Internals, type Location, type Scope } from './inspector';
import { arrivedReference, commonjsReference, runtimeReference, type Reference } from './reference';
import { origins } from './revived';
import { isRuntimeFunction } from './runtime-class';
import { moduleOf, urlOf, type Sample } from './scripts';
import { Capture, mainUrl, slotOf } from './surroundings';

/** What a function is sent as: a reference, where it can be had there, else what it is made of. @throws Refusal */
export function captureFunction(fn: Function): Reference | CapturedFunction {
  if (types.isProxy(fn)) refuse('it is a Proxy, whose traps would have to run');
  if (origins.has(fn)) return captureAgain(fn);
  const found = known.get(fn);
  const elsewhere =
    exported.get(fn) ?? arrivedReference(fn) ?? (found === undefined ? commonjsReference(fn) : undefined);
  if (elsewhere !== undefined) return elsewhere;
  if (found !== undefined && found.names.length === 0) {
    const extras = extrasOf(fn, found.written.info, found.written.class);
    if (extras === undefined) return (found.bare ??= { ...found.shape, variables: [], extras });
    return { ...found.shape, variables: [], extras };
  }
  if (inspectorMissing() !== undefined) return captureByText(fn);
  const internals = internalsOf(fn);
  if (internals.bound !== undefined) return runtimeReference(fn) ?? captureBound(fn, internals.bound);
  if (found === undefined) {
    const required = requireReference(fn);
    if (required !== undefined) return required;
    if (isRuntimeFunction(fn, internals)) return runtimeFunction(fn);
  }
  return capture(fn, internals, found);
}

/**
 * A function where there is no inspector: by its text, if that says all of it. Names that JavaScript defines mean what they
 * always mean; of any other it can't be told which variable it is.
 */
function captureByText(fn: Function): Reference | CapturedFunction {
  const text = toText.call(fn);
  const inspector =
    'can only be seen by node:inspector, which is not available here (under --permission it takes --allow-inspector)';
  const instead = 'pass what it needs as an argument, or send a function that a CommonJS module exports';
  if (/\{\s*\[native code\]\s*\}$/.test(text)) {
    if (nameOf(fn)?.startsWith('bound ')) refuse(`what it is bound to ${inspector}; ${instead}`);
    return runtimeFunction(fn);
  }
  const { info, class: classParts } = parse(text);
  const names = info.free.map(({ name }) => `variable '${name}'`);
  if (info.this.length > 0) names.push("'this'");
  if (info.arguments.length > 0) names.push("'arguments'");
  if (info.importMeta.length > 0) names.push("'import.meta'");
  const odd = names.find((name) => !BY_TEXT.has(name.slice(10, -1)));
  if (/\bimport\s*\(/.test(text)) refuse(`the file that its import() is relative to ${inspector}; ${instead}`);
  if (odd !== undefined) refuse(`its ${odd} ${inspector}; ${instead}`);
  if (classParts !== undefined) refuse(`what a class holds ${inspector}; ${instead}`);
  const edits = info.oddKey === null ? [] : [plainKey(text, info.oddKey)];
  const place = { ...NOWHERE, strict: isStrict(fn), prefix: unusedPrefix(text) };
  const parts = { edits, references: [], variables: [], classText: undefined };
  return { text, info, ...place, ...parts, name: nameOf(fn), extras: extrasOf(fn, info, undefined) };
}

/** Of an arrow or a method it can't be told: it gets an error then where sloppy code would go on. */
function isStrict(fn: Function): boolean {
  if (Object.hasOwn(fn, 'arguments')) return false;
  try {
    // JavaScript's own getter, which throws for all but sloppy functions.
    return Reflect.get(Function.prototype, 'caller', fn) === undefined;
  } catch {
    return true;
  }
}

const NOWHERE = { url: '', line: 0, column: 0, laidOut: false, pieces: undefined };

/** Names that are hardly ever those of something else. */
const BY_TEXT: ReadonlySet<string> = new Set(
  `Array ArrayBuffer BigInt Boolean Buffer DataView Date Error Float32Array Float64Array Infinity Int16Array Int32Array
  Int8Array Intl JSON Math NaN Number Object RangeError RegExp String TypeError Uint16Array Uint32Array Uint8Array console
  globalThis isFinite isNaN parseFloat parseInt process undefined`.split(/\s+/),
);

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
  const text = found?.sample.text ?? toText.call(fn);
  if (found === undefined) {
    const reference = exportReference(fn, text, location, scopes);
    if (reference !== undefined) {
      exported.set(fn, reference);
      return reference;
    }
  }
  const written = found?.written ?? parse(text);
  const sample = found?.sample ?? { location, text, offset: written.info.location };
  const capturing = new Capture(fn, written, sample, scopes);
  if (found !== undefined) {
    const variables = found.names.flatMap((free) => capturing.again(free) ?? []);
    return { ...found.shape, variables, extras: extrasOf(fn, written.info, written.class) };
  }
  const captured = capturing.all();
  const { variables, extras: _, ...shape } = captured;
  known.set(fn, { sample, written, shape, names: [...variables.map(({ free }) => free), ...capturing.absent] });
  return captured;
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

/** What stays the same from capture to capture of one function. */
interface Known {
  /** Where it has no variables and nothing else. */
  bare?: CapturedFunction;
  readonly sample: Sample;
  /** Its text as it stands in its script. */
  readonly written: Parsed;
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
