import { ProcessError } from '../errors';
import { checkBoolean, checkOptions, show } from '../validate';
import type { StartMethod } from '../types';

const METHODS: readonly StartMethod[] = ['spawn', 'thread'];
let inherited: StartMethod = METHODS[0];
let chosen: StartMethod | undefined;

/** Undefined or a start method that works here; a typed error otherwise. */
export function checkStartMethod(
  method: unknown,
  argument = 'options.startMethod',
): asserts method is StartMethod | undefined {
  if (method === undefined || (METHODS as readonly unknown[]).includes(method)) return;
  throw Object.assign(new TypeError(`${argument} must be 'spawn' or 'thread', got ${show(method)}`), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
}

/** Those that work on this platform, the default first. */
export function getAllStartMethods(): StartMethod[] {
  return [...METHODS];
}

/** The one chosen; else that of the parent. */
export function getStartMethod(): StartMethod {
  return chosen ?? inherited;
}

/** Chooses the default of this process or thread, and of the children that it starts from now on; once, unless forced. */
export function setStartMethod(method: StartMethod, options?: { force?: boolean }): void {
  if (method === undefined) {
    throw Object.assign(new TypeError("method must be 'spawn' or 'thread', got undefined"), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  checkStartMethod(method, 'method');
  const { force } = checkOptions(options);
  if (force !== undefined) checkBoolean(force, 'options.force');
  if (chosen !== undefined && force !== true) {
    throw new ProcessError(
      `the start method was set already, to '${chosen}'; pass { force: true } to change it`,
      'ERR_START_METHOD_SET',
    );
  }
  chosen = method;
}

/** The parent's choice is the default of its children. */
export function inheritStartMethod(method: StartMethod): void {
  inherited = method;
}

/** Of the classes of a context, which inherit it: their start method. */
export const BOUND: unique symbol = Symbol('start method');

/**
 * The start method for an object of `type`: its context's, the one that its options name, or the default.
 *
 * @throws TypeError where the options name another than the context's.
 */
export function startMethodFor(type: Function, named: StartMethod | undefined): StartMethod | undefined {
  const bound = (type as { [BOUND]?: StartMethod })[BOUND];
  if (bound === undefined || named === undefined || named === bound) return bound ?? named;
  throw Object.assign(
    new TypeError(`options.startMethod must be '${bound}' for a class of the context '${bound}', got '${named}'`),
    { code: 'ERR_INVALID_ARG_VALUE' },
  );
}
