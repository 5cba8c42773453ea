/** `fallback: 'serial'`: the function itself, on this thread, in the order that kernels have. */
import { TimeoutError } from '../errors';
import type { NumericArray } from '../native/kernel';

/** Elements of a reduction that are folded from the left, one after the other: as the kernels' core has it. */
const RUN = 1024;
/** So long the event loop is held up at a time, in milliseconds. */
const SLICE = 10;

/** What ends a serial run. It is looked at between two elements. */
export interface Limits {
  /** Milliseconds; negative: none. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

type Anything = (...args: number[]) => unknown;

function* mapping(f: Anything, inputs: readonly NumericArray[], output: NumericArray): Generator<void, void> {
  const { length } = output;
  const [first] = inputs;
  for (let i = 0; i < length; i++) {
    // The assignment converts, as it would in a loop of the user's.
    output[i] = (inputs.length === 1 ? f(first[i], i) : f(...inputs.map((input) => input[i]), i)) as number;
    yield;
  }
}

function* reducing(f: Anything, input: NumericArray, initial: number): Generator<void, number> {
  const { length } = input;
  let result = initial;
  for (let start = 0; start < length; start += RUN) {
    let sum = initial;
    for (let i = start; i < Math.min(start + RUN, length); i++) {
      sum = f(sum, input[i]) as number;
      yield;
    }
    result = start === 0 ? sum : (f(result, sum) as number);
  }
  return result;
}

function late(timeout: number): TimeoutError {
  return new TimeoutError(`the run took longer than ${timeout} ms`);
}

function finish<R>(steps: Generator<void, R>, timeout: number): R {
  const end = timeout < 0 ? Infinity : performance.now() + timeout;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (end !== Infinity && performance.now() >= end) throw late(timeout);
  }
}

async function finishInSlices<R>(steps: Generator<void, R>, { timeout, signal }: Limits): Promise<R> {
  const end = timeout < 0 ? Infinity : performance.now() + timeout;
  for (;;) {
    const pause = performance.now() + SLICE;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (end !== Infinity && performance.now() >= end) throw late(timeout);
    } while (performance.now() < pause);
    await new Promise(setImmediate);
    if (signal?.aborted === true) throw signal.reason;
  }
}

export function serialMap(f: Function, inputs: readonly NumericArray[], output: NumericArray, timeout: number): void {
  finish(mapping(f as Anything, inputs, output), timeout);
}

export function serialMapAsync(
  f: Function,
  inputs: readonly NumericArray[],
  output: NumericArray,
  limits: Limits,
): Promise<void> {
  return finishInSlices(mapping(f as Anything, inputs, output), limits);
}

export function serialReduce(f: Function, input: NumericArray, initial: number, timeout: number): number {
  return finish(reducing(f as Anything, input, initial), timeout);
}

export function serialReduceAsync(f: Function, input: NumericArray, initial: number, limits: Limits): Promise<number> {
  return finishInSlices(reducing(f as Anything, input, initial), limits);
}
