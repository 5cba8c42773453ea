import { ProcessError } from '../errors';
import { show } from '../validate';
import type { StartMethod } from '../types';

const METHODS: readonly StartMethod[] = ['spawn'];
let chosen: StartMethod | undefined;

/** Undefined or a start method that works here; a typed error otherwise. */
export function checkStartMethod(
  method: unknown,
  argument = 'options.startMethod',
): asserts method is StartMethod | undefined {
  if (method === undefined || method === 'spawn') return;
  if (method === 'thread') {
    throw new ProcessError(
      `${argument}: the start method 'thread' is not available yet; 'spawn' is`,
      'ERR_NOT_SUPPORTED',
    );
  }
  throw Object.assign(new TypeError(`${argument} must be 'spawn' or 'thread', got ${show(method)}`), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
}

/** Those that work on this platform, the default first. */
export function getAllStartMethods(): StartMethod[] {
  return [...METHODS];
}

export function getStartMethod(): StartMethod {
  return chosen ?? METHODS[0];
}

/** Chooses the default; once, unless forced. */
export function setStartMethod(method: StartMethod, options?: { force?: boolean }): void {
  if (method === undefined) throw new TypeError("method must be 'spawn' or 'thread', got undefined");
  checkStartMethod(method, 'method');
  if (chosen !== undefined && options?.force !== true) {
    throw new ProcessError(
      `the start method was set already, to '${chosen}'; pass { force: true } to change it`,
      'ERR_START_METHOD_SET',
    );
  }
  chosen = method;
}
