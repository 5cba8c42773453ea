/**
 * The inspector of this very process, asked synchronously: where a function is, and what its scopes hold.
 *
 * A session that is connected to its own thread answers before `post` returns, and pauses nothing. Only the Runtime
 * domain is used; the Debugger domain, which slows every async function while it is on, is enabled for the few
 * questions that need it and disabled before the function returns.
 */
import type { Session as InspectorSession } from 'node:inspector';
import { ProcessError } from '../errors';
import { reportsCoverage } from './coverage';
import { mainGlobal } from './realm';

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
  /** What a bound function calls. */
  readonly bound: Bound | undefined;
}

export interface Bound {
  readonly target: Function;
  readonly self: unknown;
  readonly values: readonly unknown[];
}

interface Remote {
  readonly type: string;
  readonly description?: string;
  readonly objectId?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
}

/** Where the inspected code finds what is meant. */
const MAILBOX = Symbol.for('multiproc.inspector');
const EXPRESSION = `globalThis[Symbol.for('multiproc.inspector')]`;
const GROUP = 'multiproc';

const mailbox: {
  value?: unknown;
  answer?: unknown;
  args?: readonly unknown[];
  call?: (...args: unknown[]) => unknown;
} = {};
let session: InspectorSession | undefined;

function unavailable(cause: unknown): ProcessError {
  return new ProcessError(
    'functions that capture variables need node:inspector, which is not available here ' +
      '(under --permission it takes --allow-inspector); send a function without captures instead',
    'ERR_INSPECTOR',
    { cause },
  );
}

let missing: ProcessError | undefined;

/** Why there is no inspector; undefined where there is one. */
export function inspectorMissing(): ProcessError | undefined {
  try {
    open();
  } catch (error) {
    if (error === missing) return missing;
    throw error;
  }
  return undefined;
}

function open(): InspectorSession {
  if (session !== undefined) return session;
  if (missing !== undefined) throw missing;
  let opened: InspectorSession;
  try {
    // Loaded at the first need: not every runtime has it.
    const { Session } = require('node:inspector') as { Session: new () => InspectorSession };
    opened = new Session();
    opened.connect();
  } catch (error) {
    missing = unavailable(error);
    throw missing;
  }
  // Expressions are evaluated in the main context, conditions of breakpoints in that of the function.
  for (const global of new Set([mainGlobal, globalThis])) {
    Object.defineProperty(global, MAILBOX, { value: mailbox, configurable: true });
  }
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

/** The value that the inspector describes. */
function valueOf({ type, value, objectId, unserializableValue }: Remote): unknown {
  if (objectId !== undefined) return local(objectId);
  if (unserializableValue === undefined) return value;
  return type === 'bigint' ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue);
}

interface Property {
  readonly name: string;
  readonly value?: Remote;
  readonly get?: Remote;
  readonly set?: Remote;
}

/** So many functions may be looked at before the inspector lets go of what it has shown of them. */
const MOST_HELD = 64;
let held = 0;
const soon = Promise.resolve();

/** Soon has the inspector let go of what it has shown: at once would cost a tenth of a look at a function. */
function releaseSoon(): void {
  if (++held === 1) void soon.then(release);
  else if (held >= MOST_HELD) release();
}

function release(): void {
  if (held === 0) return;
  held = 0;
  post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
}

/** Where a function is, and the scopes that it was made in. */
export function internalsOf(fn: Function): Internals {
  try {
    const { internalProperties } = post('Runtime.getProperties', { objectId: remote(fn), ownProperties: true });
    let location: Location | undefined;
    let scopes: Scope[] = [];
    let bound: Bound | undefined;
    const parts: Record<string, Remote> = {};
    for (const { name, value } of (internalProperties ?? []) as { name: string; value: Remote }[]) parts[name] = value;
    if (parts['[[FunctionLocation]]']) location = parts['[[FunctionLocation]]'].value as Location;
    if (parts['[[Scopes]]']) scopes = Array.from(local(parts['[[Scopes]]'].objectId!) as ArrayLike<Scope>);
    if (parts['[[TargetFunction]]']) {
      bound = {
        target: valueOf(parts['[[TargetFunction]]']) as Function,
        self: valueOf(parts['[[BoundThis]]']),
        values: Array.from(valueOf(parts['[[BoundArgs]]']) as ArrayLike<unknown>),
      };
    }
    return { location, scopes, bound };
  } finally {
    releaseSoon();
  }
}

/** The private fields of an object, in the order in which it got them. Private methods and accessors are left out. */
export function privateFieldsOf(object: object, methods: ReadonlySet<string>): { name: string; value: unknown }[] {
  try {
    const { privateProperties } = post('Runtime.getProperties', { objectId: remote(object), ownProperties: true });
    const fields = ((privateProperties ?? []) as Property[]).filter(
      ({ name, value }) => value !== undefined && !methods.has(name),
    );
    return fields.map(({ name, value }) => ({ name, value: valueOf(value!) }));
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

let enabled = false;
let holding = 0;

/**
 * Where coverage is reported: a session that leaves the Debugger domain on. V8 forgets which blocks have run when the last
 * one leaves it.
 */
let keeper: InspectorSession | undefined;

function keepBlocks(): void {
  const { Session } = require('node:inspector') as { Session: new () => InspectorSession };
  keeper = new Session();
  keeper.connect();
  keeper.post('Debugger.enable');
  keeper.post('Debugger.setSkipAllPauses', { skip: true });
}

function enable(): void {
  if (reportsCoverage && keeper === undefined) keepBlocks();
  post('Debugger.enable');
  enabled = true;
}

function disable(): void {
  enabled = false;
  post('Debugger.disable');
}

/** Runs `ask` with the Debugger domain on. */
function withDebugger<T>(ask: () => T): T {
  if (!enabled) enable();
  try {
    return ask();
  } finally {
    if (holding === 0) disable();
  }
}

/** Runs something that may ask several times: the Debugger domain, which takes a while to come on, stays on until its end. */
export function together<T>(run: () => T): T {
  holding++;
  try {
    return run();
  } finally {
    if (--holding === 0 && enabled) disable();
  }
}

/** Every script of this thread: id and URL. */
export function allScripts(found: (id: string, url: string) => void): void {
  const parsed = ({ params }: { params: { scriptId: string; url: string } }) => found(params.scriptId, params.url);
  // They are told when the domain comes on.
  if (enabled) disable();
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
 * What an expression gives inside of `fn`, where nothing of `fn` has run yet: undefined where it can't be entered.
 *
 * A breakpoint on the call of `fn` has a condition that evaluates it; the condition ends the call before the body runs,
 * and says that nothing is to pause.
 */
export function inFrame(
  fn: Function,
  expression: string,
  args: readonly unknown[],
  generator: boolean,
): { value: unknown } | undefined {
  let found: { value: unknown } | undefined;
  mailbox.call = (value) => {
    found = { value };
    open().post('Runtime.terminateExecution');
  };
  try {
    withDebugger(() => {
      const condition = `${EXPRESSION}.call(${expression}), false`;
      const { breakpointId } = post('Debugger.setBreakpointOnFunctionCall', { objectId: remote(fn), condition });
      try {
        mailbox.value = fn;
        mailbox.args = args;
        post('Runtime.evaluate', {
          expression: `${EXPRESSION}.value(...${EXPRESSION}.args)${generator ? '.next()' : ''}`,
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
    mailbox.args = undefined;
    post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  }
  return found;
}

/**
 * Whether a variable that reads as undefined can really be read in `fn`, or is not initialised yet: older V8s show both
 * alike. undefined where the function can't be entered.
 */
export function canRead(fn: Function, name: string, generator: boolean): boolean | undefined {
  const expression = `(() => { try { ${name}; return true } catch { return false } })()`;
  return inFrame(fn, expression, [], generator)?.value as boolean | undefined;
}

let thisWorks: boolean | undefined;

/** Whether {@link inFrame} reads `this`, and runs nothing: no document promises it. */
function canReadThis(): boolean {
  if (thisWorks !== undefined) return thisWorks;
  let ran = false;
  const owner = {
    make() {
      return (a: unknown, { b } = (ran = true) as unknown as { b: unknown }): unknown => {
        ran = true;
        return [this, a, b];
      };
    },
  };
  thisWorks = inFrame(owner.make(), 'this', parameterStandIns(2), false)?.value === owner && !ran;
  return thisWorks;
}

/** Arguments for which no default value runs and that any pattern can take apart. */
export function parameterStandIns(count: number): unknown[] {
  // An arrow has no property that a Proxy must show.
  const anything: unknown = new Proxy(() => {}, {
    get: (_, key) => (key === Symbol.iterator ? () => Array.from({ length: 64 }, () => anything).values() : anything),
    apply: () => anything,
    ownKeys: () => [],
  });
  return Array.from({ length: count }, () => anything);
}

/** The `this` that an arrow function sees: undefined where it can't be told. */
export function lexicalThis(fn: Function): { value: unknown } | undefined {
  if (!canReadThis()) return undefined;
  return inFrame(fn, 'this', parameterStandIns(64), false);
}
