import { inspect } from 'node:util';
import type { WaitOptions, WaitSyncOptions } from './types';

/** How a value is shown in an error: one line, at most 80 characters. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 60 });
  } catch {
    text = typeof value;
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function typeError(argument: string, allowed: string, value: unknown): TypeError {
  return Object.assign(new TypeError(`${argument} must be ${allowed}, got ${show(value)}`), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
}

function rangeError(argument: string, allowed: string, value: unknown): RangeError {
  return Object.assign(new RangeError(`${argument} must be ${allowed}, got ${show(value)}`), {
    code: 'ERR_OUT_OF_RANGE',
  });
}

/** A function, or a TypeError that names `argument`. */
export function checkFunction(value: unknown, argument: string): asserts value is (...args: any[]) => unknown {
  if (typeof value !== 'function') throw typeError(argument, 'a function', value);
}

/** An integer in [min, max]: TypeError for another type, RangeError outside. */
export function checkInteger(
  value: unknown,
  argument: string,
  min = 0,
  max = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== 'number') throw typeError(argument, 'an integer', value);
  if (!Number.isInteger(value) || value < min || value > max) {
    const allowed = max === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${min}` : `an integer from ${min} to ${max}`;
    throw rangeError(argument, allowed, value);
  }
}

/** A number in [min, max], never NaN: TypeError for another type, RangeError outside. */
export function checkNumber(
  value: unknown,
  argument: string,
  min = -Infinity,
  max = Infinity,
): asserts value is number {
  if (typeof value !== 'number') throw typeError(argument, 'a number', value);
  if (value >= min && value <= max) return;
  const allowed =
    max < Infinity ? `a number from ${min} to ${max}` : min > -Infinity ? `a number ≥ ${min}` : 'a number';
  throw rangeError(argument, allowed, value);
}

export function checkString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string') throw typeError(argument, 'a string', value);
}

export function checkBoolean(value: unknown, argument: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw typeError(argument, 'a boolean', value);
}

export function checkArray(value: unknown, argument: string): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw typeError(argument, 'an array', value);
}

/** An object, or undefined, which is taken for an empty one. */
export function checkOptions<T extends object>(value: T | undefined, argument = 'options'): T {
  if (value === undefined) return {} as T;
  if (typeof value !== 'object' || value === null) throw typeError(argument, 'an object', value);
  return value;
}

/** An object whose values are strings, as process.env. */
export function checkStringRecord(
  value: unknown,
  argument: string,
): asserts value is Record<string, string | undefined> {
  if (typeof value !== 'object' || value === null) throw typeError(argument, 'an object of strings', value);
  for (const [key, text] of Object.entries(value)) {
    if (text !== undefined && typeof text !== 'string') throw typeError(`${argument}.${key}`, 'a string', text);
  }
}

export function checkIterable(value: unknown, argument: string): asserts value is Iterable<unknown> {
  const iterable =
    value !== null && value !== undefined && typeof (value as Iterable<unknown>)[Symbol.iterator] === 'function';
  if (!iterable) throw typeError(argument, 'iterable', value);
}

/** A TypeError for an argument that is something else altogether. */
export function refuseArgument(argument: string, allowed: string, value: unknown): never {
  throw typeError(argument, allowed, value);
}

/** Milliseconds from options.timeout; -1 for none (undefined or Infinity). RangeError for NaN and below 0. */
export function checkTimeout(options: WaitSyncOptions | undefined): number {
  if (options === undefined) return -1;
  const { timeout } = checkOptions(options);
  if (timeout === undefined || timeout === Infinity) return -1;
  if (typeof timeout !== 'number') throw typeError('options.timeout', 'a number of milliseconds', timeout);
  if (!(timeout >= 0)) throw rangeError('options.timeout', 'a number of milliseconds ≥ 0', timeout);
  return timeout;
}

/** The same for a blocking call, which hears of no signal: TypeError for one. */
export function checkSyncTimeout(options: WaitSyncOptions | undefined): number {
  const timeout = checkTimeout(options);
  const signal = (options as WaitOptions | undefined)?.signal;
  if (signal !== undefined) throw typeError('options.signal', 'left out: nothing can abort a blocking call', signal);
  return timeout;
}

/** options.signal; throws its reason where it is aborted already. */
export function checkSignal(options: WaitOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal;
  if (signal === undefined) return undefined;
  if (typeof signal !== 'object' || signal === null || typeof signal.addEventListener !== 'function') {
    throw typeError('options.signal', 'an AbortSignal', signal);
  }
  if (signal.aborted) throw signal.reason;
  return signal;
}
