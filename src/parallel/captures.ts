/**
 * What a function captures, for its kernel: numbers, typed arrays, helper functions.
 *
 * Names come from its text, values from the scopes that the inspector shows, as for functions that are sent elsewhere.
 * Variables that are written anywhere are read anew at each call, the others once.
 */
import { types } from 'node:util';
import { analyse, type FreeVariable } from '../closure/analysis';
import { internalsOf, type Internals } from '../closure/inspector';
import { origins } from '../closure/revived';
import { declarationsFor, isConstantExport, moduleOf, urlOf, type Sample } from '../closure/scripts';
import type { CaptureObject, NumericArray, TextObject } from '../native/kernel';
import { kindOf } from './arrays';
import { nameOfMath } from './math-functions';

/** A function and what it captures, ready to be compiled. */
export interface Plan {
  readonly texts: readonly TextObject[];
  readonly numbers: readonly number[];
  readonly arrays: readonly NumericArray[];
  /** The same for plans that compile to the same code, given the same arrays. */
  readonly key: string;
  /** Nothing that it was made of can change. */
  readonly constant: boolean;
}

const toText = Function.prototype.toString;
const ABSENT = Symbol('absent');

/** A function's free names, each with how its value is read; undefined: it never changes, and this is it. */
interface Reader {
  readonly free: FreeVariable;
  /** The value now, or ABSENT where no scope has it. */
  read(): unknown;
  readonly constant: boolean;
}

interface Known {
  readonly text: string;
  readonly readers: readonly Reader[];
}

const known = new WeakMap<Function, Known>();
const plans = new WeakMap<Function, Plan>();

/** @throws Error where the text can't be analysed; ProcessError ERR_INSPECTOR where values can't be read. */
export function planOf(fn: Function): Plan {
  const found = plans.get(fn);
  if (found !== undefined) return found;
  const plan = new Planning().plan(fn);
  if (plan.constant) plans.set(fn, plan);
  return plan;
}

class Planning {
  private readonly texts: TextObject[] = [];
  private readonly numbers: number[] = [];
  private readonly arrays: NumericArray[] = [];
  private readonly functions = new Map<Function, number>();
  private constant = true;

  plan(fn: Function): Plan {
    this.text(fn, '');
    const { texts, numbers, arrays, constant } = this;
    return { texts, numbers, arrays, constant, key: JSON.stringify(texts) };
  }

  /** The index of a function's text. */
  private text(fn: Function, name: string): number {
    const seen = this.functions.get(fn);
    if (seen !== undefined) return seen;
    const index = this.texts.length;
    this.functions.set(fn, index);
    const math = nameOfMath(fn);
    if (math !== undefined) {
      const parameters = fn.length === 1 ? 'x' : 'x, y';
      this.texts.push({ name, source: `(${parameters}) => ${math}(${parameters})`, captures: [] });
      return index;
    }
    const { text, readers } = know(fn);
    const captures: CaptureObject[] = [];
    this.texts.push({ name, source: text, captures });
    for (const reader of readers) {
      if (!reader.constant) this.constant = false;
      const value = reader.read();
      if (value !== ABSENT) this.capture(reader.free.name, value, reader.free.members, captures);
    }
    return index;
  }

  private capture(name: string, value: unknown, members: readonly string[] | null, captures: CaptureObject[]): void {
    const add = (kind: CaptureObject['kind'], index = 0, text = '') => captures.push({ name, kind, index, text });
    if (typeof value === 'number') {
      add(Object.is(value | 0, value) ? 'integer' : 'number', this.numbers.push(value) - 1);
    } else if (typeof value === 'boolean') {
      add(value ? 'true' : 'false');
    } else if (kindOf(value) >= 0) {
      const array = value as NumericArray;
      const at = this.arrays.indexOf(array);
      add('array', at >= 0 ? at : this.arrays.push(array) - 1);
    } else if (typeof value === 'function') {
      const math = nameOfMath(value);
      if (types.isProxy(value)) add('refused', 0, 'is a Proxy');
      else if (math === undefined && isNative(value)) add('refused', 0, 'is native code, or a bound function');
      else if (math === undefined) add('function', this.text(value, name));
      else add('math', 0, math);
    } else if (isNamespace(name, value) && members !== null) {
      add('namespace');
      for (const member of members) {
        // Bindings of a module may change.
        this.constant = false;
        this.capture(`${name}.${member}`, (value as Record<string, unknown>)[member], null, captures);
      }
    } else {
      add('refused', 0, `is ${describe(value)}; kernels know numbers, booleans, typed arrays of numbers and functions`);
    }
  }
}

function isNative(fn: Function): boolean {
  return !origins.has(fn) && /\{\s*\[native code\]\s*\}\s*$/.test(toText.call(fn));
}

/** A module, or a tool's stand-in for one. */
function isNamespace(name: string, value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && (types.isModuleNamespaceObject(value) || name.startsWith('__vi'))
  );
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value}`;
}

function know(fn: Function): Known {
  let found = known.get(fn);
  if (found !== undefined) return found;
  const origin = origins.get(fn);
  const text = origin?.text ?? toText.call(fn);
  let free: readonly FreeVariable[];
  try {
    free = isNative(fn) ? [] : analyse(text).free;
  } catch {
    // The compiler says what is wrong with it.
    free = [];
  }
  const readers = origin === undefined ? readersOf(fn, text, free) : revivedReaders(fn, free);
  found = { text, readers };
  known.set(fn, found);
  return found;
}

/** Readers of a function that arrived from another process. */
function revivedReaders(fn: Function, free: readonly FreeVariable[]): Reader[] {
  const { bindings } = origins.get(fn)!;
  return free.map((variable) => {
    const binding = bindings.get(variable.name);
    const read = (): unknown => {
      if (binding === undefined) return globalValue(variable.name);
      if (binding.kind === 'cell') return binding.cell.value;
      return binding.kind === 'value' ? binding.read() : binding.reference;
    };
    return { free: variable, read, constant: false };
  });
}

/** Names that stand for themselves where no scope has them. */
const GLOBALS = new Set(['Math', 'Number', 'NaN', 'Infinity', 'undefined', 'isNaN', 'isFinite']);

/** What the global object has of a name that no scope has. */
function globalValue(name: string): unknown {
  if (GLOBALS.has(name)) return ABSENT;
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
  return descriptor !== undefined && 'value' in descriptor ? descriptor.value : ABSENT;
}

function readersOf(fn: Function, text: string, free: readonly FreeVariable[]): Reader[] {
  if (free.length === 0) return [];
  let internals: Internals;
  try {
    internals = internalsOf(fn);
  } catch (error) {
    // Without an inspector a name of a global is taken for that global.
    if (free.every(({ name }) => GLOBALS.has(name))) return [];
    throw error;
  }
  const { location } = internals;
  const sample: Sample | undefined = location && { location, text, offset: analyse(text).location };
  return free.map((variable) => reader(fn, variable, internals, sample));
}

function reader(fn: Function, free: FreeVariable, internals: Internals, sample: Sample | undefined): Reader {
  const { name } = free;
  const first = valueIn(internals, name);
  if (first === ABSENT) {
    return { free, read: () => globalValue(name), constant: GLOBALS.has(name) };
  }
  if (sample !== undefined && neverChanges(sample, name)) return { free, read: () => first, constant: true };
  let fresh: unknown = first;
  let used = false;
  const read = () => {
    // The first reading is at hand; later ones look again.
    if (used) fresh = valueIn(internalsOf(fn), name);
    used = true;
    return fresh;
  };
  return { free, read, constant: false };
}

/** A variable's value in the innermost scope that has it. undefined also where it is not initialised yet. */
function valueIn({ scopes }: Internals, name: string): unknown {
  const scope = scopes.find(({ description, object }) => description !== 'Global' && Object.hasOwn(object, name));
  if (scope === undefined) return ABSENT;
  try {
    return Object.getOwnPropertyDescriptor(scope.object, name)?.value as unknown;
  } catch {
    return undefined;
  }
}

function neverChanges(sample: Sample, name: string): boolean {
  const imported = moduleOf(sample).imports.find(({ local }) => local === name);
  if (imported !== undefined && imported.kind === 'binding') {
    return isConstantExport(urlOf(sample.location.scriptId), imported.source, imported.imported);
  }
  const declared = declarationsFor([sample], name)?.[0];
  return declared !== undefined && declared !== null && declared.kind !== 'import' && !declared.written;
}
