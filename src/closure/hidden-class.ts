/**
 * Whether two objects have the same hidden class in V8: the same keys in the same order, with the same attributes and the
 * same prototype, data properties where the other has data properties. Then one look at the descriptors of the first
 * object serves for all.
 *
 * V8 has this as an intrinsic that is parsed only while a flag is set; the flag is set for the one function here. Where
 * that does not work, no two objects are said to be the same, and every one is looked at.
 */
import { Script } from 'node:vm';
import { v8 } from '../native/v8';

type Compare = (a: object, b: object) => boolean;

const never: Compare = () => false;

function make(body: string): Compare {
  const { setFlagsFromString } = v8();
  try {
    setFlagsFromString('--allow-natives-syntax');
    const compare = new Script(`(function (a, b) { return ${body} })`).runInThisContext() as Compare;
    // Called while the flag is set: V8 compiles it only now.
    compare({}, {});
    return compare;
  } catch {
    return never;
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

function tested(compare: Compare): Compare {
  const getter = {
    get a() {
      return 1;
    },
  };
  const differ = [{ b: 1 }, getter, Object.freeze({ a: 1 }), Object.create({ a: 1 }) as object, { a: 1, b: 2 }];
  const right = compare({ a: 1 }, { a: 2 }) && !differ.some((other) => compare({ a: 1 }, other));
  return right ? compare : never;
}

let sameShape: Compare | undefined;

/** False where it can't be told. */
export function haveSameShape(a: object, b: object): boolean {
  sameShape ??= tested(make('%HaveSameMap(a, b)'));
  return sameShape(a, b);
}

let dictionary: Compare | undefined;

/** Whether an array may hold getters: those that hold none are stored in another way. True where it can't be told. */
export function mayHaveGetters(array: readonly unknown[]): boolean {
  dictionary ??= testedElements(make('!%HasDictionaryElements(a)'));
  return !dictionary(array, array);
}

let numeric: Compare | undefined;
let integer: Compare | undefined;

/** Whether an array has all of its elements, and they are numbers: V8 stores most of these apart. False where it can't be told. */
export function holdsNumbers(array: readonly unknown[]): boolean {
  numeric ??= testedNumbers(make('(%HasDoubleElements(a) || %HasSmiElements(a)) && !%HasHoleyElements(a)'), [1.5, -0]);
  return numeric(array, array);
}

/** The same, of numbers that an Int32Array can hold. */
export function holdsIntegers(array: readonly unknown[]): boolean {
  integer ??= testedNumbers(make('%HasSmiElements(a) && !%HasHoleyElements(a)'), [1, -5]);
  return integer(array, array);
}

function testedNumbers(holds: Compare, numbers: readonly number[]): Compare {
  const getter = Object.defineProperty([1], 0, { get: () => 1 });
  const holes = [1.5, 2.5, 3.5];
  delete holes[1];
  const odd: readonly unknown[][] = [['x'], [1.5, 'x'], [1, undefined], [1, {}], new Array(2), holes, getter];
  return holds(numbers, []) && !odd.some((array) => holds(array, [])) ? holds : never;
}

function testedElements(hasFast: Compare): Compare {
  const odd = Object.defineProperty([1, 2], 0, { get: () => 1 });
  return hasFast([1, 2, 'x'], []) && !hasFast(odd, []) ? hasFast : never;
}
