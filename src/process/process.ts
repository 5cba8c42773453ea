import { decodeError } from '../codec';
import { ProcessError } from '../errors';
import { TIMED_OUT, wait as bellWait, waitSync as bellWaitSync } from '../arena/bell';
import type { StartMethod, Target, WaitOptions, WaitSyncOptions } from '../types';
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkOptions,
  checkSignal,
  checkString,
  checkStringRecord,
  checkSyncTimeout,
  checkTimeout,
} from '../validate';
import { stays } from '../closure/hooks';
import { checkStartMethod, getStartMethod, startMethodFor } from './start-method';
import { identity, nextPath, running } from './current';
import { setOwnName, type Child } from './launch';
import { FAILED, OUT_OF_HEAP } from './messages';
import { encodeRun } from './payload';
import { sentinelOf, type Sentinel } from './sentinel';
import { SIGINT, SIGKILL, SIGTERM } from './signals';
import { replenishNow } from './spares';
import { startChild } from './start';
import { checkThreadSettings } from './thread';
import { showsAs } from '../inspect/shown';

export interface ProcessSettings {
  /** Default: that of the context, or the one chosen by setStartMethod() when it is started. */
  startMethod?: StartMethod;
  /** 'Process-1', 'Process-1:2' for a child's child; the first process is 'MainProcess'. */
  name?: string;
  /** Whether it is ended with its parent, which then does not wait for it. Default: the parent's own. */
  daemon?: boolean;
  /** Its whole environment. Default: the parent's at start(). */
  env?: NodeJS.ProcessEnv;
  /** Node's options. Default: the parent's, without --inspect and the like. Of V8's a thread can have --max-old-space-size alone. */
  execArgv?: readonly string[];
  /** Default: the parent's at start(). A thread has that of its process, and none of its own. */
  cwd?: string;
}

export type ProcessOptions<A extends readonly unknown[]> = ProcessSettings & { target?: Target<A> } & ([] extends A
    ? { args?: readonly [...A] }
    : { args: readonly [...A] });

export type { Sentinel } from './sentinel';

/** A process that runs already and is no child of this one: this process itself, or its parent. */
interface Known {
  readonly pid: number;
  readonly name: string;
  readonly daemon: boolean;
  /** Whether this code runs in it. */
  readonly self: boolean;
  /** What the run() of this class, called by one that overrides it, runs. */
  readonly target?: (...args: any[]) => unknown;
  readonly args?: readonly unknown[];
}
/** First argument of the constructor for one of those. */
const KNOWN: unique symbol = Symbol('known');

/** How long disposal waits after SIGTERM. */
const GRACE_MS = 1000;

/**
 * A function that runs in a process of its own, or in a thread of its own where the start method is 'thread'.
 *
 * @example
 * const child = new Process({ target: (name) => console.log('hello', name), args: ['world'] });
 * child.start();
 * await child.join();   // 0
 */
export class Process<A extends readonly unknown[] = any[]> {
  readonly #target: Target<A> | undefined;
  readonly #args: readonly unknown[];
  readonly #settings: ProcessSettings;
  readonly #path: readonly number[];
  #name: string;
  #daemon: boolean;
  #child: Child | undefined;
  #failure: Uint8Array | undefined;
  #error: { readonly value: unknown } | undefined;
  #closed = false;
  #sentinel: Sentinel | undefined;
  #known: Known | undefined;

  constructor(options?: ProcessOptions<A>);
  constructor(...params: readonly unknown[]) {
    const options = params[0];
    if (options === KNOWN) {
      this.#known = params[1] as Known;
      this.#target = this.#known.target as Target<A> | undefined;
      this.#args = this.#known.args ?? [];
      this.#settings = {};
      this.#path = [];
      this.#name = this.#known.name;
      this.#daemon = this.#known.daemon;
      return;
    }
    const { target, args, name, daemon, env, execArgv, cwd, startMethod } = checkOptions<
      ProcessSettings & { target?: Target<A>; args?: readonly unknown[] }
    >(options as ProcessSettings);
    if (target !== undefined) checkFunction(target, 'options.target');
    if (args !== undefined) checkArray(args, 'options.args');
    if (name !== undefined) checkString(name, 'options.name');
    if (daemon !== undefined) checkBoolean(daemon, 'options.daemon');
    if (env !== undefined) checkStringRecord(env, 'options.env');
    if (execArgv !== undefined) {
      checkArray(execArgv, 'options.execArgv');
      execArgv.forEach((option, i) => checkString(option, `options.execArgv[${i}]`));
    }
    if (cwd !== undefined) checkString(cwd, 'options.cwd');
    checkStartMethod(startMethod);
    const method = startMethodFor(new.target, startMethod);
    if ((method ?? getStartMethod()) === 'thread') checkThreadSettings({ cwd });
    this.#target = target;
    this.#args = args ?? [];
    this.#settings = { env, execArgv, cwd, startMethod: method };
    this.#path = nextPath();
    this.#name = name ?? `Process-${this.#path.join(':')}`;
    this.#daemon = daemon ?? identity.daemon;
  }

  /** What the child runs. Override it in a subclass; by default it calls the target with the args. */
  run(): unknown | Promise<unknown> {
    // Not as a method of ours: a plain function has no `this`.
    const target = this.#target as Target | undefined;
    return target?.(...this.#args);
  }

  /**
   * Starts the child. What it is to run is captured now; the call returns once its pid is known.
   *
   * @throws SerializationError where the target or an argument can't be sent; Error with the system's code (ENOENT,
   * EAGAIN) where no process can be started. Nothing was started then, and start() may be called again.
   */
  start(): this {
    this.#notStarted();
    const { bytes, refs } = encodeRun(this, this.#target, this.#args, this.run === Process.prototype.run);
    const { startMethod, ...settings } = this.#settings;
    const child = startChild(startMethod ?? getStartMethod(), {
      role: 'process',
      payload: bytes,
      refs,
      name: this.#name,
      identity: this.#path,
      daemon: this.#daemon,
      ...settings,
    });
    child.onMessage = (kind, message) => {
      if (kind === FAILED) this.#failure = message;
      else if (kind === OUT_OF_HEAP) this.#error = { value: outOfHeap(this.#name) };
    };
    child.onExit = () => void running.delete(this);
    this.#child = child;
    running.add(this);
    if (!this.#daemon) child.ref();
    return this;
  }

  /**
   * Waits for its end. @returns the exit code; null where the timeout passed first.
   * A child can wait for its parent, but whose parent has ended is ended too.
   */
  async join(options?: WaitOptions): Promise<number | null> {
    const end = this.#end();
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const code = await bellWait(`exit ${this.#child?.id ?? this.#name}`, end, timeout, signal);
    return code === TIMED_OUT ? null : code;
  }

  /** {@link join}, blocking this thread; needs no event loop. */
  joinSync(options?: WaitSyncOptions): number | null {
    const end = this.#end();
    const timeout = checkSyncTimeout(options);
    replenishNow();
    const code = bellWaitSync(end, timeout);
    return code === TIMED_OUT ? null : code;
  }

  isAlive(): boolean {
    this.#open();
    if (this.#known !== undefined) return isRunning(this.#known.pid);
    return this.#child !== undefined && this.#poll(this.#child) === undefined;
  }

  /** SIGTERM. A thread is ended, wherever it is: exit code -15. */
  terminate(): void {
    this.#signal(SIGTERM);
  }

  /** SIGKILL. A thread is ended, wherever it is: exit code -9. */
  kill(): void {
    this.#signal(SIGKILL);
  }

  /** SIGINT. In a thread, the event 'SIGINT' of its `process`; where nothing listens for it, the thread is ended: exit code -2. */
  interrupt(): void {
    this.#signal(SIGINT);
  }

  /** Lets go of what is kept of it. @throws ProcessError while it runs. */
  close(): void {
    if (this.#closed) return;
    if (this.#known !== undefined || (this.#child !== undefined && this.#poll(this.#child) === undefined)) {
      throw new ProcessError(
        `process ${this.#name} still runs: join() or terminate() it before close()`,
        'ERR_PROCESS_RUNNING',
      );
    }
    this.#closed = true;
    this.#failure = undefined;
  }

  /** Undefined before start(). A thread's is that of its process. */
  get pid(): number | undefined {
    this.#open();
    return this.#known?.pid ?? this.#child?.pid;
  }

  /** null while it runs; 0 done; 1 the target threw; N process.exit(N); -N killed by signal N. */
  get exitCode(): number | null {
    this.#open();
    return this.#child === undefined ? null : (this.#poll(this.#child) ?? null);
  }

  /** What the target threw: an Error with its own stack, cause and class where it can be had; anything else as it was. */
  get error(): unknown {
    this.#open();
    this.#child?.poll();
    if (this.#error === undefined && this.#failure !== undefined) {
      this.#error = { value: decodeError(this.#failure) };
      this.#failure = undefined;
    }
    return this.#error?.value;
  }

  /** For wait(). @throws ProcessError before start(). */
  get sentinel(): Sentinel {
    const end = this.#end();
    return (this.#sentinel ??= sentinelOf(() => end() !== undefined));
  }

  get name(): string {
    this.#open();
    return this.#name;
  }
  set name(name: string) {
    this.#open();
    checkString(name, 'name');
    this.#name = name;
    if (this.#known?.self === true) setOwnName(name);
  }

  get daemon(): boolean {
    this.#open();
    return this.#daemon;
  }
  set daemon(daemon: boolean) {
    checkBoolean(daemon, 'daemon');
    this.#notStarted();
    this.#daemon = daemon;
  }

  /** If it still runs: SIGTERM, after 1 s SIGKILL; then joins. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed || this.#child === undefined || this.#poll(this.#child) !== undefined) return;
    this.terminate();
    if ((await this.join({ timeout: GRACE_MS })) === null) this.kill();
    await this.join();
  }

  /** Its exit code, once it has ended: undefined until then, null where it can't be known. */
  #end(): () => number | null | undefined {
    this.#open();
    const known = this.#known;
    if (known !== undefined && !known.self) return () => (isRunning(known.pid) ? undefined : null);
    const child = this.#started();
    return () => this.#poll(child);
  }

  #poll(child: Child): number | undefined {
    child.poll();
    return child.exitCode ?? undefined;
  }

  #open(): void {
    if (this.#closed) throw new ProcessError(`process ${this.#name} is closed`, 'ERR_PROCESS_CLOSED');
  }

  #notStarted(): void {
    this.#open();
    if (this.#child === undefined && this.#known === undefined) return;
    throw new ProcessError(`process ${this.#name} was started already`, 'ERR_PROCESS_STARTED');
  }

  #started(): Child {
    this.#open();
    if (this.#child === undefined) {
      const why = this.#known === undefined ? 'was not started' : 'is not a child of this one';
      throw new ProcessError(`process ${this.#name} ${why}`, 'ERR_PROCESS_NOT_STARTED');
    }
    return this.#child;
  }

  #signal(signal: number): void {
    this.#started().kill(signal);
  }
}

function outOfHeap(name: string): ProcessError {
  return new ProcessError(`thread ${name} was ended at the limit of its heap`, 'ERR_WORKER_OUT_OF_MEMORY');
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

Object.defineProperty(Process.prototype, stays, {
  value: 'a Process stays in the process that made it; send its pid or its name',
});

/**
 * The object for a process that runs already: of class `type`, whose constructor is not run.
 * @internal
 */
export function knownProcess(known: Known, type: Function = Process): Process {
  return Reflect.construct(Process, [KNOWN, known], type) as Process;
}

/** The children of this thread that still run. */
export function activeChildren(): Process[] {
  return [...running].filter((child) => child.isAlive());
}

showsAs(Process, ({ name, pid, exitCode, daemon }) => ({ name, pid, exitCode, daemon }));
