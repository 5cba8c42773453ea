/**
 * The end of a started process, without what Node does after the last exit handler: to take V8 apart costs a third of
 * the time that a join of a trivial child takes, and the system frees all of it anyway.
 *
 * process.exit() leaves that out too, so nothing relies on it but what Node itself writes then: coverage and profiles. A
 * process that may have been asked for those ends as Node does.
 */
import { native } from '../native';

function quickly(code: number): void {
  // An exit handler that was added after this one has yet to run.
  if (process.listeners('exit').at(-1) === quickly) native.exitNow(Number(process.exitCode ?? code));
}

function last(): void {
  process.off('exit', quickly);
  process.on('exit', quickly);
}

/** Called once, in a started process. */
export function exitQuickly(): void {
  const { NODE_OPTIONS, NODE_V8_COVERAGE } = process.env;
  if (process.execArgv.length > 0 || NODE_OPTIONS || NODE_V8_COVERAGE) return;
  process.on('exit', quickly);
  // Node has yet to write an error that nobody catches, after the exit handlers.
  process.on('uncaughtExceptionMonitor', () => process.off('exit', quickly));
  // The loop is empty: most of the program's own handlers are there by now.
  process.on('beforeExit', last);
}
