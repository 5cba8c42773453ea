/**
 * Starting a child and hearing of it: what Process and Pool stand on.
 *
 * A child is a spare or a fresh Node; both get the same order. What it says and its end are noticed by the core's
 * thread at once, and taken from there by `poll()`: at each bell of this thread's event loop, or by a blocking wait.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { StartedChild } from '#binding';
import { native } from '../native';
import * as bell from '../arena/bell';
import { tree } from '../arena/tree';
import { encode } from '../codec';
import { inheritedExecArgv } from './exec-argv';
import { SIGKILL } from './signals';
import { envChanges, envList, type EnvChanges } from './environment';
import { keepCode } from './kept-code';
import { commandLine, replenish, takeSpare, type BootSettings } from './spares';
import { getStartMethod } from './start-method';
import type { StartMethod } from '../types';

/** What a child is to be. */
export interface Order {
  readonly role: 'process' | 'worker';
  /** What its role gets to run, encoded. */
  readonly payload: Uint8Array;
  /** Blocks that the payload names; the child holds them from its first moment. */
  readonly refs: readonly number[];
  readonly name: string;
  /** Numbers of the path from the first process: [1, 2] is the second child of its first child. */
  readonly identity: readonly number[];
  readonly daemon: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly execArgv?: readonly string[];
}

/** What boot.ts finds in its adoption. */
export interface Adoption extends Omit<Order, 'cwd' | 'env' | 'execArgv'> {
  /** What its environment differs in from the one that it has. */
  readonly env: EnvChanges | undefined;
  /** The core has changed its current directory. */
  readonly moved: boolean;
  readonly argv: readonly string[];
  /** The default of its own children. */
  readonly startMethod: StartMethod;
  readonly parent: { readonly pid: number; readonly slot: number; readonly name: string };
}

const children = new Map<number, Child>();
let listening = false;
let parentName = 'MainProcess';

/** The name of this process, which its children are told. */
export function setOwnName(name: string): void {
  parentName = name;
}

function pollAll(): void {
  if (!native.childrenHaveNews()) return;
  for (const child of children.values()) child.poll();
}

/** Looks for news of children at each bell from now on. */
export function hearOfChildren(): void {
  if (listening) return;
  listening = true;
  bell.listen(pollAll);
  // Children of a worker thread end with it: the core sees to that.
  const { isMainThread } = process.getBuiltinModule('node:worker_threads');
  if (isMainThread) process.on('exit', () => native.childrenEnd());
}

/** A child of this thread: a process; thread.ts has the other kind. */
export class Child {
  readonly id: number;
  readonly pid: number;
  readonly slot: number;
  /** null while it runs; then N, or -signal. */
  exitCode: number | null = null;
  onMessage: (kind: number, bytes: Uint8Array) => void = () => {};
  onExit: (exitCode: number) => void = () => {};
  /** Called before onExit, where {@link watch} was called and the system can tell: nothing of it runs any more. */
  onDying: (exitCode: number) => void = () => {};
  #refs = false;

  constructor(id: number, pid: number, slot: number) {
    this.id = id;
    this.pid = pid;
    this.slot = slot;
    children.set(id, this);
  }

  /** Takes what is new: calls onMessage for each message, then onExit at its end. */
  poll(): void {
    if (this.exitCode !== null) return;
    const news = native.childNews(this.id);
    if (news == null) return;
    for (let i = 0; i < news.messages.length; i++) this.onMessage(news.kinds[i], news.messages[i]);
    if (news.dying !== undefined && news.dying !== null) this.onDying(news.dying);
    if (!news.exited) return;
    const code = news.exitCode ?? LOST;
    children.delete(this.id);
    this.unref();
    this.exitCode = code;
    this.onExit(code);
  }

  /** It is told as soon as its main thread has ended; its exit only when the system has its memory back. */
  watch(): void {
    native.childWatch(this.id);
  }

  /** Keeps this thread's event loop alive while the child runs. */
  ref(): void {
    if (this.#refs || this.exitCode !== null) return;
    this.#refs = true;
    bell.ref();
  }

  /** Lets the event loop end although the child runs. */
  unref(): void {
    if (!this.#refs) return;
    this.#refs = false;
    bell.unref();
  }

  /** False where it has ended already. */
  kill(signal: number): boolean {
    return native.childSignal(this.id, signal);
  }
}

/** The exit code of a child that somebody else in this process has waited for. */
const LOST = 255;

/** As Node's own child processes: who reports coverage has its children report it. */
export function childEnv(env: NodeJS.ProcessEnv = { ...process.env }): NodeJS.ProcessEnv {
  const { NODE_V8_COVERAGE } = process.env;
  return NODE_V8_COVERAGE === undefined || 'NODE_V8_COVERAGE' in env ? env : { ...env, NODE_V8_COVERAGE };
}

/**
 * Starts a child.
 *
 * @throws Error with the system's code (ENOENT, EAGAIN, E2BIG) where it can't be started.
 */
export function launch(given: Order): Child {
  const order = given.cwd === undefined ? given : { ...given, cwd: directory(given.cwd) };
  const settings: BootSettings = {
    execArgv: order.execArgv ?? inheritedExecArgv(),
    env: childEnv(order.env),
    preload: [],
  };
  hearOfChildren();
  for (let spare = takeSpare(settings); spare !== undefined; spare = takeSpare(settings)) {
    // Its slot may be somebody else's by now, who must not be given holds of what the order names.
    const { child } = spare;
    if (native.childNews(child.id)?.exited === true) continue;
    const cwd = order.cwd ?? process.cwd();
    if (!hand(child, order, envChanges(spare.env, settings.env), cwd === spare.cwd ? undefined : cwd)) continue;
    replenish(settings);
    return new Child(child.id, child.pid, child.slot);
  }
  const fresh = native.childStart({
    execPath: process.execPath,
    args: commandLine(settings, false),
    env: envList(settings.env),
    inheritOutput: true,
    ownGroup: false,
  });
  const child = new Child(fresh.id, fresh.pid, fresh.slot);
  keepCode();
  hand(fresh, order, undefined, order.cwd);
  replenish(settings);
  return child;
}

/** The absolute path of options.cwd: a spare may have been booted in another directory. */
function directory(cwd: string): string {
  const path = resolve(cwd);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return path;
  const why = found === undefined ? 'no such directory' : 'not a directory';
  throw Object.assign(new Error(`options.cwd: ${why}: '${cwd}'`), { code: found === undefined ? 'ENOENT' : 'ENOTDIR' });
}

/** Gives a booted or booting process its order. False: it has ended. Where that fails, it is ended: it would wait for ever. */
function hand(to: StartedChild, order: Order, env: EnvChanges | undefined, cwd: string | undefined): boolean {
  try {
    return adopt(to, order, env, cwd);
  } catch (error) {
    native.childSignal(to.id, SIGKILL);
    throw error;
  }
}

function adopt(to: StartedChild, order: Order, env: EnvChanges | undefined, cwd: string | undefined): boolean {
  const adoption = adoptionOf(order, env, cwd !== undefined);
  for (const ref of order.refs) native.preHold(ref, to.slot);
  return native.childAdopt(to.id, cwd, true, adoption);
}

/** What a child is told of itself, encoded. */
export function adoptionOf(order: Order, env: EnvChanges | undefined, moved: boolean): Uint8Array {
  const adoption: Adoption = {
    role: order.role,
    payload: order.payload,
    refs: order.refs,
    name: order.name,
    identity: order.identity,
    daemon: order.daemon,
    env,
    moved,
    argv: process.argv,
    startMethod: getStartMethod(),
    parent: { pid: process.pid, slot: tree().slot, name: parentName },
  };
  return encode(adoption, 'adoption').bytes;
}
