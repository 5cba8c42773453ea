/** Data-parallel kernels: a numeric function as machine code over typed arrays, on all cores. */
import type { KernelIssue } from '../errors';
import type { NumericArray } from '../native/kernel';
import { checkArray, checkFunction, checkInteger, show } from '../validate';
import { checkLength, checkNumericArray, FLOAT64, kindOf } from './arrays';
import { explain } from './compile';
import { settings, type ParallelOptions } from './options';
import { mapAsync, mapSync, reduceAsync, reduceSync, type Mapping } from './run';

export type { ParallelOptions } from './options';

type Unary = (x: number, i: number) => number;
type Into<O extends NumericArray> = ParallelOptions & { into: O };

/**
 * f in native code over all cores, bit for bit what V8 gives, or refused: KernelError says why, and where.
 *
 * f may capture numbers, booleans, helper functions, Math's functions and typed arrays of numbers. No Promise is needed for
 * work of some milliseconds; the awaitable forms leave the event loop free, and the memory that they use stays where it is
 * also where its buffer is detached meanwhile. A run that is stopped leaves `into` partly written.
 */
export interface Parallel {
  /** f(element, index) for each element. Without `into` the result is of the input's kind. */
  map<A extends NumericArray>(f: Unary, input: A, options?: ParallelOptions): Promise<A>;
  map<O extends NumericArray>(f: Unary, input: NumericArray, options: Into<O>): Promise<O>;
  mapSync<A extends NumericArray>(f: Unary, input: A, options?: ParallelOptions): A;
  mapSync<O extends NumericArray>(f: Unary, input: NumericArray, options: Into<O>): O;
  /** f(the i-th of each input, i); the inputs have one length. */
  zip(
    f: (...xs: number[]) => number,
    inputs: readonly NumericArray[],
    options?: ParallelOptions,
  ): Promise<Float64Array>;
  zip<O extends NumericArray>(
    f: (...xs: number[]) => number,
    inputs: readonly NumericArray[],
    options: Into<O>,
  ): Promise<O>;
  zipSync(f: (...xs: number[]) => number, inputs: readonly NumericArray[], options?: ParallelOptions): Float64Array;
  zipSync<O extends NumericArray>(f: (...xs: number[]) => number, inputs: readonly NumericArray[], options: Into<O>): O;
  /** f(i) for each i below length. */
  range(f: (i: number) => number, length: number, options?: ParallelOptions): Promise<Float64Array>;
  range<O extends NumericArray>(f: (i: number) => number, length: number, options: Into<O>): Promise<O>;
  rangeSync(f: (i: number) => number, length: number, options?: ParallelOptions): Float64Array;
  rangeSync<O extends NumericArray>(f: (i: number) => number, length: number, options: Into<O>): O;
  /**
   * Joins all elements by f, which must be associative, with `initial` as its identity.
   *
   * Every 1,024 elements are folded from the left, beginning with `initial`; then the results of these runs are, from the
   * first one on. So the result depends on the input alone, not on threads; up to 1,024 elements it is that of
   * Array.prototype.reduce. Sums, Math.min and Math.max are recognised, and need no compiling.
   */
  reduce(
    f: (a: number, b: number) => number,
    input: NumericArray,
    initial: number,
    options?: ParallelOptions,
  ): Promise<number>;
  reduceSync(
    f: (a: number, b: number) => number,
    input: NumericArray,
    initial: number,
    options?: ParallelOptions,
  ): number;
  /** Why f can't be compiled, and where in its text; undefined where it can. */
  explain(f: Function): KernelIssue | undefined;
}

function mapOf(f: unknown, input: unknown): Mapping {
  checkFunction(f, 'f');
  checkNumericArray(input, 'input');
  return { f, inputs: [input], kind: kindOf(input), length: input.length };
}

/** More arrays than a call of a function is ever given. */
const MOST_INPUTS = 64;

function zipOf(f: unknown, inputs: unknown): Mapping {
  checkFunction(f, 'f');
  checkArray(inputs, 'inputs');
  if (inputs.length === 0 || inputs.length > MOST_INPUTS) {
    throw Object.assign(new RangeError(`inputs must be 1 to ${MOST_INPUTS} arrays, got ${inputs.length}`), {
      code: 'ERR_OUT_OF_RANGE',
    });
  }
  const arrays = inputs.map((input, at) => {
    checkNumericArray(input, `inputs[${at}]`);
    return input;
  });
  const [{ length }] = arrays;
  arrays.forEach((array, at) => checkLength(array, length, `inputs[${at}]`));
  return { f, inputs: arrays, kind: FLOAT64, length };
}

function rangeOf(f: unknown, length: unknown): Mapping {
  checkFunction(f, 'f');
  checkInteger(length, 'length');
  return { f, inputs: [], kind: FLOAT64, length };
}

function checkReduction(f: unknown, input: unknown, initial: unknown): asserts input is NumericArray {
  checkFunction(f, 'f');
  checkNumericArray(input, 'input');
  if (typeof initial !== 'number') {
    throw Object.assign(new TypeError(`initial must be a number, got ${show(initial)}`), {
      code: 'ERR_INVALID_ARG_TYPE',
    });
  }
}

export const parallel: Parallel = Object.freeze({
  async map(f: unknown, input: unknown, options?: ParallelOptions) {
    const given = settings(options, true);
    return mapAsync(mapOf(f, input), given) as never;
  },
  mapSync(f: unknown, input: unknown, options?: ParallelOptions) {
    const given = settings(options, false);
    return mapSync(mapOf(f, input), given) as never;
  },
  async zip(f: unknown, inputs: unknown, options?: ParallelOptions) {
    const given = settings(options, true);
    return mapAsync(zipOf(f, inputs), given) as never;
  },
  zipSync(f: unknown, inputs: unknown, options?: ParallelOptions) {
    const given = settings(options, false);
    return mapSync(zipOf(f, inputs), given) as never;
  },
  async range(f: unknown, length: unknown, options?: ParallelOptions) {
    const given = settings(options, true);
    return mapAsync(rangeOf(f, length), given) as never;
  },
  rangeSync(f: unknown, length: unknown, options?: ParallelOptions) {
    const given = settings(options, false);
    return mapSync(rangeOf(f, length), given) as never;
  },
  async reduce(f: (a: number, b: number) => number, input: NumericArray, initial: number, options?: ParallelOptions) {
    const given = settings(options, true);
    checkReduction(f, input, initial);
    return reduceAsync(f, input, initial, given);
  },
  reduceSync(f: (a: number, b: number) => number, input: NumericArray, initial: number, options?: ParallelOptions) {
    const given = settings(options, false);
    checkReduction(f, input, initial);
    return reduceSync(f, input, initial, given);
  },
  explain(f: unknown) {
    checkFunction(f, 'f');
    return explain(f);
  },
});
