/**
 * The inspector of this very process, asked synchronously: where a function is, and what its scopes hold.
 *
 * A session that is connected to its own thread answers before `post` returns, and pauses nothing. Only the Runtime
 * domain is used; the Debugger domain, which slows every async function while it is on, is enabled for the few
 * questions that need it and disabled before the function returns.
 */
import type { Session as InspectorSession } from 'node:inspector';
import { ProcessError } from '../errors';

/** One scope around a function, the innermost first. A snapshot: written to, it changes nothing. */
export interface Scope {
  /** 'Closure (name)', 'Block', 'Module', 'Script', 'Global', 'Catch', 'With block' … */
  readonly description: string;
  readonly object: Record<string, unknown>;
}

/** Counted from 0. */
export interface Location {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface Internals {
  readonly location: Location | undefined;
  readonly scopes: readonly Scope[];
}

interface Remote {
  readonly type: string;
  readonly description?: string;
  readonly objectId?: string;
  readonly value?: unknown;
}

/** Where the inspected code finds what is meant. */
const MAILBOX = Symbol.for('multiproc.inspector');
const EXPRESSION = `globalThis[Symbol.for('multiproc.inspector')]`;
const GROUP = 'multiproc';

const mailbox: { value?: unknown; answer?: unknown; call?: (...args: unknown[]) => unknown } = {};
let session: InspectorSession | undefined;

function unavailable(cause: unknown): ProcessError {
  return new ProcessError(
    'functions that capture variables need node:inspector, which is not available here ' +
      '(under --permission it takes --allow-inspector); send a function without captures instead',
    'ERR_INSPECTOR',
    { cause },
  );
}

function open(): InspectorSession {
  if (session !== undefined) return session;
  let opened: InspectorSession;
  try {
    // Loaded at the first need: not every runtime has it.
    const { Session } = require('node:inspector') as { Session: new () => InspectorSession };
    opened = new Session();
    opened.connect();
  } catch (error) {
    throw unavailable(error);
  }
  Object.defineProperty(globalThis, MAILBOX, { value: mailbox, configurable: true });
  return (session = opened);
}

function post(method: string, parameters?: object): Record<string, unknown> {
  let answer: Record<string, unknown> | undefined;
  let failure: Error | null = null;
  open().post(method, parameters, (error, result) => {
    failure = error;
    answer = result as Record<string, unknown>;
  });
  if (failure !== null) throw failure;
  if (answer === undefined) throw unavailable(new Error('the inspector does not answer at once'));
  return answer;
}

/** The inspector's name for a value. */
function remote(value: unknown): string {
  open();
  mailbox.value = value;
  try {
    const { result } = post('Runtime.evaluate', { expression: `${EXPRESSION}.value`, objectGroup: GROUP });
    const { objectId } = result as Remote;
    if (objectId === undefined) throw unavailable(new Error('the inspector looks at another context'));
    return objectId;
  } finally {
    mailbox.value = undefined;
  }
}

/** The value that the inspector has a name for. */
function local(objectId: string): unknown {
  const functionDeclaration = `function () { ${EXPRESSION}.answer = this }`;
  post('Runtime.callFunctionOn', { objectId, functionDeclaration, silent: true });
  const { answer } = mailbox;
  mailbox.answer = undefined;
  return answer;
}

/** Where a function is, and the scopes that it was made in. */
export function internalsOf(fn: Function): Internals {
  try {
    const { internalProperties } = post('Runtime.getProperties', { objectId: remote(fn), ownProperties: true });
    let location: Location | undefined;
    let scopes: Scope[] = [];
    for (const { name, value } of (internalProperties ?? []) as { name: string; value: Remote }[]) {
      if (name === '[[FunctionLocation]]') location = value.value as Location;
      if (name === '[[Scopes]]') scopes = Array.from(local(value.objectId!) as ArrayLike<Scope>);
    }
    return { location, scopes };
  } finally {
    post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  }
}

/** Scripts that have a function on the stack right now: id and URL. Costs no Debugger domain. */
export function scriptsOnStack(found: (id: string, url: string) => void): void {
  post('Runtime.enable');
  let answer: Record<string, unknown>;
  try {
    answer = post('Runtime.evaluate', { expression: `throw new Error('multiproc')`, silent: true });
  } finally {
    post('Runtime.disable');
  }
  const details = answer.exceptionDetails as
    { stackTrace?: { callFrames: { scriptId: string; url: string }[] } } | undefined;
  for (const { scriptId, url } of details?.stackTrace?.callFrames ?? []) if (url !== '') found(scriptId, url);
}

/** Runs `ask` with the Debugger domain on. */
function withDebugger<T>(ask: () => T): T {
  post('Debugger.enable');
  try {
    return ask();
  } finally {
    post('Debugger.disable');
  }
}

/** Every script of this thread: id and URL. */
export function allScripts(found: (id: string, url: string) => void): void {
  const parsed = ({ params }: { params: { scriptId: string; url: string } }) => found(params.scriptId, params.url);
  open().on('Debugger.scriptParsed', parsed as never);
  try {
    withDebugger(() => undefined);
  } finally {
    open().off('Debugger.scriptParsed', parsed as never);
  }
}

/** The text of a script, as V8 compiled it. */
export function scriptSource(scriptId: string): string {
  return withDebugger(() => post('Debugger.getScriptSource', { scriptId }).scriptSource as string);
}

/**
 * Whether a variable that reads as undefined can really be read in `fn`, or is not initialised yet: older V8s show both
 * alike. A breakpoint on the call of `fn` has a condition that tries it; the condition ends the call before its body
 * runs, and says that nothing is to pause. undefined where the function can't be entered.
 */
export function canRead(fn: Function, name: string, generator: boolean): boolean | undefined {
  let readable: boolean | undefined;
  mailbox.call = (result) => {
    readable = result as boolean;
    open().post('Runtime.terminateExecution');
  };
  try {
    withDebugger(() => {
      const condition = `${EXPRESSION}.call((() => { try { ${name}; return true } catch { return false } })()), false`;
      const { breakpointId } = post('Debugger.setBreakpointOnFunctionCall', { objectId: remote(fn), condition });
      try {
        mailbox.value = fn;
        post('Runtime.evaluate', {
          expression: `${EXPRESSION}.value()${generator ? '.next()' : ''}`,
          silent: true,
          timeout: 1e6,
        });
      } catch {
        // Terminated, as asked for.
      } finally {
        post('Debugger.removeBreakpoint', { breakpointId });
      }
    });
  } finally {
    mailbox.call = undefined;
    mailbox.value = undefined;
    post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  }
  return readable;
}
