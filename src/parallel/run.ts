/** One run of a kernel, or of the function itself where that can't be compiled and may run here instead. */
import { onAbort } from '../arena/abort';
import { KernelError, TimeoutError } from '../errors';
import { kernelBinding, type CompiledKernel, type JobObject, type NumericArray } from '../native/kernel';
import { checkLength, kindOf, KINDS } from './arrays';
import { checkOriginal, compile } from './compile';
import { Held } from './hold';
import type { Settings } from './options';
import { serialMap, serialMapAsync, serialReduce, serialReduceAsync } from './serial';
import { simple } from './simple';

/** What is to be computed: an element of the result for each index. */
export interface Mapping {
  readonly f: Function;
  readonly inputs: readonly NumericArray[];
  /** The kind of the result, where no array is given for it. */
  readonly kind: number;
  readonly length: number;
}

/** What computes, and with what. */
interface Work {
  readonly kernel: CompiledKernel | null;
  /** 'sum', 'min', 'max': a reduction that needs no kernel. */
  readonly plain: string;
  readonly arrays: readonly NumericArray[];
  readonly numbers: readonly number[];
}

function create(kind: number, length: number): NumericArray {
  return new KINDS[kind](length);
}

/** Work for a function; undefined where it runs by itself instead. @throws KernelError */
function workOf(
  f: Function,
  inputs: readonly NumericArray[],
  output: number,
  length: number,
  serial: boolean,
): Work | undefined {
  try {
    const { kernel, plan } = compile(f, inputs.map(kindOf), output, length);
    return { kernel, plain: '', arrays: plan.arrays, numbers: plan.numbers };
  } catch (error) {
    if (serial && isFallback(error)) return undefined;
    throw error;
  }
}

function isFallback(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return error instanceof KernelError || code === 'ERR_NATIVE_MISSING' || code === 'ERR_INSPECTOR';
}

/** Whether the result has to be computed elsewhere first: what it is written to is read too. */
function isRead(into: NumericArray, inputs: readonly NumericArray[], arrays: readonly NumericArray[]): boolean {
  const { overlap } = kernelBinding();
  return inputs.some((input) => overlap(into, input, true)) || arrays.some((array) => overlap(into, array, false));
}

/** Where a map writes, and where that goes in the end. */
function targets(
  mapping: Mapping,
  { into }: Settings,
  work: Work | undefined,
): { output: NumericArray; into: NumericArray } {
  const { inputs, kind, length } = mapping;
  if (into !== undefined) checkLength(into, length, 'options.into');
  const result = into ?? create(kind, length);
  // A function that runs by itself may throw, and read anything: nothing is written before it is done.
  const apart = into !== undefined && (work === undefined || isRead(into, inputs, work.arrays));
  return { output: apart ? create(kindOf(result), length) : result, into: result };
}

let mayBeEnded: boolean | undefined;

function late(timeout: number): TimeoutError {
  return new TimeoutError(`the kernel ran longer than ${timeout} ms`);
}

/** Runs while this thread waits. */
function runSync(work: Work, job: JobObject, timeout: number): number {
  // A thread that may be ended does not run itself what may never end.
  mayBeEnded ??= !process.getBuiltinModule('node:worker_threads').isMainThread;
  const result = kernelBinding().runSync(work.kernel, work.plain, job, mayBeEnded && work.kernel !== null);
  if (result === null) throw late(timeout);
  return result;
}

/** Runs on other threads. */
async function runAsync(work: Work, job: JobObject, { signal, timeout }: Settings): Promise<number> {
  const binding = kernelBinding();
  const handle = new binding.StopHandle();
  const stop = () => handle.stop();
  const unlisten = signal && onAbort(signal, stop);
  try {
    const result = await binding.runAsync(work.kernel, work.plain, job, handle);
    if (result !== null) return result;
    if (signal?.aborted === true) throw signal.reason;
    throw late(timeout);
  } finally {
    unlisten?.();
  }
}

export function mapSync(mapping: Mapping, settings: Settings): NumericArray {
  const { f, inputs, length } = mapping;
  const { threads, timeout, serial } = settings;
  const kind = settings.into === undefined ? mapping.kind : kindOf(settings.into);
  const work = workOf(f, inputs, kind, length, serial);
  const { output, into } = targets(mapping, settings, work);
  if (work === undefined) {
    serialMap(f, inputs, output, timeout);
  } else {
    const { arrays, numbers } = work;
    runSync(work, { inputs, outputs: [output], arrays, numbers, length, threads, timeout, initial: 0 }, timeout);
  }
  if (output !== into) into.set(output);
  return into;
}

export async function mapAsync(mapping: Mapping, settings: Settings): Promise<NumericArray> {
  const { f, inputs, length } = mapping;
  const { threads, timeout, serial } = settings;
  const kind = settings.into === undefined ? mapping.kind : kindOf(settings.into);
  const work = workOf(f, inputs, kind, length, serial);
  const { output, into } = targets(mapping, settings, work);
  let written = output;
  if (work === undefined) {
    await serialMapAsync(f, inputs, output, settings);
  } else {
    const held = new Held();
    try {
      const { numbers } = work;
      if (!held.output(written)) written = create(kind, length);
      const job: JobObject = {
        inputs: inputs.map((input) => held.input(input)),
        outputs: [written],
        arrays: work.arrays.map((array) => held.input(array)),
        numbers,
        length,
        threads,
        timeout,
        initial: 0,
      };
      await runAsync(work, job, settings);
    } finally {
      held.release();
    }
  }
  if (settings.into !== undefined) checkLength(into, length, 'options.into, when the run ended,');
  if (written !== into) into.set(written);
  return into;
}

/** Work for a reduction. */
function reduction(f: Function, input: NumericArray, serial: boolean): Work | undefined {
  const found = simple(f);
  if (found === undefined) return workOf(f, [input], -1, input.length, serial);
  try {
    kernelBinding();
    checkOriginal(found.plan, found.uses);
  } catch (error) {
    if (serial && isFallback(error)) return undefined;
    throw error;
  }
  return { kernel: null, plain: found.plain, arrays: [], numbers: [] };
}

export function reduceSync(f: Function, input: NumericArray, initial: number, settings: Settings): number {
  const { threads, timeout, serial } = settings;
  const work = reduction(f, input, serial);
  if (work === undefined) return serialReduce(f, input, initial, timeout);
  const { arrays, numbers } = work;
  const { length } = input;
  return runSync(work, { inputs: [input], outputs: [], arrays, numbers, length, threads, timeout, initial }, timeout);
}

export async function reduceAsync(
  f: Function,
  input: NumericArray,
  initial: number,
  settings: Settings,
): Promise<number> {
  const { threads, timeout, serial } = settings;
  const work = reduction(f, input, serial);
  if (work === undefined) return serialReduceAsync(f, input, initial, settings);
  const { length } = input;
  const held = new Held();
  try {
    const inputs = [held.input(input)];
    const arrays = work.arrays.map((array) => held.input(array));
    const { numbers } = work;
    return await runAsync(work, { inputs, outputs: [], arrays, numbers, length, threads, timeout, initial }, settings);
  } finally {
    held.release();
  }
}
