/**
 * JavaScript's own functions, as they are when this module is loaded: what kernels compute in their place is what these give.
 *
 * Which native function gives the same bits is found out once in a process, by hard inputs.
 */
import type { KernelBinding, TableObject } from '../native/kernel';

const owners: Record<string, object> = { Math, Number, '': globalThis };
const originals = new Map<string, unknown>();
const names = new Map<unknown, string>();
for (const [owner, object] of Object.entries(owners)) {
  for (const key of owner === '' ? ['isNaN', 'isFinite', 'Math', 'Number'] : Object.getOwnPropertyNames(object)) {
    const value = Object.getOwnPropertyDescriptor(object, key)?.value as unknown;
    if (typeof value !== 'function' && typeof value !== 'object') continue;
    const name = owner === '' ? key : `${owner}.${key}`;
    originals.set(name, value);
    if (typeof value === 'function') names.set(value, name);
  }
}

/** `Math.sin` for that function; undefined for others. */
export function nameOfMath(fn: unknown): string | undefined {
  const name = names.get(fn);
  return name?.startsWith('Math.') || name?.startsWith('Number.is') ? name : undefined;
}

/** What a function has to be, and where it is looked up. */
interface Original {
  readonly owner: string;
  readonly key: string;
  readonly value: unknown;
  /** It was JavaScript's own already when this module was loaded. */
  readonly native: boolean;
}

const checked = new Map<string, Original>();

function original(name: string): Original {
  let found = checked.get(name);
  if (found === undefined) {
    const [owner, key] = name.includes('.') ? name.split('.') : ['', name];
    const value = originals.get(name);
    const native = typeof value === 'function' && /\[native code\]/.test(Function.prototype.toString.call(value));
    found = { owner, key, value, native };
    checked.set(name, found);
  }
  return found;
}

/** The first of the functions named that is no longer what it was, or never was native code. */
export function replaced(uses: readonly string[]): string | undefined {
  return uses.find((name) => {
    const { owner, key, value, native } = original(name);
    const here = owners[owner];
    const moved = owner !== '' && (globalThis as Record<string, unknown>)[owner] !== here;
    return !native || moved || (here as Record<string, unknown>)[key] !== value;
  });
}

/** Numbers at which implementations are known to differ, or which take another path. */
// prettier-ignore
const SPECIAL = [
  0, -0, NaN, Infinity, -Infinity, 1, -1, 2, -2, 0.5, -0.5, 1.5, 3, 10, -10, 100, 1e-10, -1e-10, 1e-300, 5e-324,
  -5e-324, 2 ** -1022, 1e10, 1e22, 1e300, -1e300, Number.MAX_VALUE, 2147483647, 4294967296, 9007199254740991,
  0.1, 1 / 3, Math.PI / 4, Math.PI / 2, Math.PI, 709.78, -745.2, 710, -710, 33, 0.0001, 0.41, 0.9999999,
  1.0000001, -523327, 523327.25, Math.E, 1e-17, 22, -22, Math.LN2, Math.SQRT2,
];
/** So many random inputs beside them, for each function. */
const RANDOM = 1500;

/** Numbers that look random, the same in every process. */
function* randoms(): Generator<number, never> {
  let state = 0x2545f491;
  const word = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const bits = new Uint32Array(2);
  const double = new Float64Array(bits.buffer);
  for (let turn = 0; ; turn++) {
    const unit = word() / 2 ** 32 + word() / 2 ** 64;
    if (turn % 5 === 0) yield unit * 2 - 1;
    else if (turn % 5 === 1) yield (unit - 0.5) * 40;
    else if (turn % 5 === 2) yield (unit - 0.5) * 2000;
    else if (turn % 5 === 3) yield (unit - 0.5) * 10 ** (word() % 20);
    else {
      bits[0] = word();
      bits[1] = word();
      yield double[0];
    }
  }
}

function table(name: string): TableObject {
  const f = originals.get(`Math.${name}`) as (x: number, y: number) => number;
  const two = f.length === 2;
  const count = SPECIAL.length * (two ? SPECIAL.length : 1) + RANDOM;
  const [x, y, expected] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  let at = 0;
  const add = (a: number, b: number) => {
    x[at] = a;
    y[at] = b;
    expected[at++] = f(a, b);
  };
  for (const a of SPECIAL) {
    for (const b of two ? SPECIAL : [0]) add(a, b);
  }
  const random = randoms();
  for (let i = 0; i < RANDOM; i++) add(random.next().value, two ? random.next().value : 0);
  return { name, x, y, expected };
}

/** Decides for this process which functions kernels can use, where that is not decided. Some milliseconds. */
export function decideMath(binding: KernelBinding, exports = true, ports = true): void {
  if (binding.decidedMath() === null) binding.decideMath(binding.probed().map(table), exports, ports);
}
