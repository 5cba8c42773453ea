/**
 * Spare processes: Node booted beforehand, with this library loaded, waiting to be given work.
 *
 * A spare serves only a start whose Node options and boot-time environment are those that it was booted with; the rest
 * (cwd, env, stdio, the work) is handed over. It ends by itself when nobody wants it for `idle` milliseconds, and with
 * its parent at the latest.
 */
import { coreFile, native } from '../native';
import type { StartedChild } from '#binding';
import * as bell from '../arena/bell';
import { ProcessError } from '../errors';
import { decodeError } from '../codec';
import { show } from '../validate';
import { FAILED } from './messages';
import { SIGKILL } from './signals';
import { write } from './command-line';
import { envList } from './environment';
import { keepCode } from './kept-code';
import type { Preload } from './preload';

/** What Node or its libraries read once, while they boot. */
const READ_AT_BOOT = /^(NODE_|UV_|V8_|LD_|DYLD_|MALLOC_|GLIBC_|OPENSSL_|SSL_|ICU_|LANG$|LC_|TZ$|MULTIPROC_)/;

/** What a process is booted with. */
export interface BootSettings {
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Modules that it imports before it is given work. */
  readonly preload: readonly Preload[];
}

/** Node's options, then ours. */
export function commandLine({ execArgv, preload }: BootSettings, spare: boolean): string[] {
  return [...execArgv, ...write({ coreFile: coreFile ?? '', spare, preload })];
}

/** A process that has been asked for, and may have been started or have booted since. */
interface Spare {
  readonly key: string;
  /** What it was booted with. */
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** What its start is known by until it is known to be done. */
  readonly ticket: number;
  child: StartedChild | undefined;
  ready: boolean;
  /** What it fails of, in its own words. */
  told: Uint8Array | undefined;
  /** Called when it is ready, and where it never will be: it failed, was taken before, or is not wanted any more. */
  onReady: ((error?: unknown) => void) | undefined;
}

let wanted = 1;
let idle = 10_000;
const spares = new Set<Spare>();
let stopListening: (() => void) | undefined;

export function configureSpares(count: number | undefined, idleLimit: number | undefined): void {
  if (count !== undefined) wanted = count;
  for (const spare of spares) {
    if (spares.size <= wanted) break;
    forget(spare);
    spare.onReady?.();
    const child = spare.child ?? native.childStarted(spare.ticket, true);
    if (child != null) native.childSignal(child.id, SIGKILL);
  }
  if (idleLimit !== undefined) idle = idleLimit;
}

function bootKey({ execArgv, env, preload }: BootSettings): string {
  const read = Object.keys(env)
    .filter((name) => READ_AT_BOOT.test(name))
    .sort()
    .map((name) => `${name}=${env[name]}`);
  return JSON.stringify([execArgv, read, preload]);
}

/** A spare that was taken, and what it was booted with. */
export interface Taken {
  readonly child: StartedChild;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** A spare for these settings, one that has booted first; undefined where there is none. */
export function takeSpare(settings: BootSettings): Taken | undefined {
  const key = bootKey({ ...settings, preload: [] });
  for (;;) {
    let best: Spare | undefined;
    for (const spare of spares) {
      if (spare.key !== key && withoutPreload(spare.key) !== key) continue;
      if (best === undefined || (spare.ready && !best.ready)) best = spare;
    }
    if (best === undefined) return undefined;
    forget(best);
    try {
      const child = best.child ?? native.childStarted(best.ticket, true);
      best.onReady?.();
      if (child == null) return undefined;
      return { child, env: best.env, cwd: best.cwd };
    } catch (error) {
      // It could not be started; a fresh start will say why.
      best.onReady?.(error);
    }
  }
}

function withoutPreload(key: string): string {
  const [execArgv, read] = JSON.parse(key) as unknown[];
  return JSON.stringify([execArgv, read, []]);
}

function forget(spare: Spare): void {
  spares.delete(spare);
  if (spares.size === 0) {
    stopListening?.();
    stopListening = undefined;
  }
}

/** Looks for spares that have booted or ended. */
function look(): void {
  for (const spare of spares) {
    try {
      spare.child ??= native.childStarted(spare.ticket, false) ?? undefined;
    } catch (error) {
      forget(spare);
      spare.onReady?.(error);
    }
    if (spare.child === undefined) continue;
    const news = native.childNews(spare.child.id);
    if (news == null) continue;
    const failed = news.kinds.indexOf(FAILED);
    if (failed >= 0) spare.told = news.messages[failed];
    if (news.exited) forget(spare);
    if (news.ready) spare.ready = true;
    if (news.ready) spare.onReady?.();
    else if (news.exited) spare.onReady?.(bootFailure(spare.told));
  }
}

/** @param told what the spare says of why itself. */
function bootFailure(told: Uint8Array | undefined): ProcessError {
  const what = 'a spare process ended before it had booted';
  if (told === undefined) return new ProcessError(what);
  const cause = decodeError(told);
  return new ProcessError(`${what}: ${cause instanceof Error ? cause.message : show(cause)}`, undefined, { cause });
}

/** Boots one more. */
function addSpare(settings: BootSettings): Spare {
  const ticket = native.childStartLater({
    execPath: process.execPath,
    args: commandLine(settings, true),
    env: envList(settings.env),
    inheritOutput: false,
    ownGroup: false,
    idleLimit: idle,
  });
  const spare: Spare = {
    key: bootKey(settings),
    env: settings.env,
    cwd: process.cwd(),
    ticket,
    child: undefined,
    ready: false,
    told: undefined,
    onReady: undefined,
  };
  keepCode();
  stopListening ??= bell.listen(look);
  spares.add(spare);
  return spare;
}

/** A start after which no spare was booted yet. */
let owed: { readonly settings: BootSettings; readonly since: number } | undefined;
/** One that is owed for longer (ms), through another start, is that of a program which never lets its event loop turn. */
const LONG_OWED_MS = 5;

/**
 * After a start: as many spares as are wanted are booted, but not at once. What was started has the processors for
 * itself until this thread's event loop turns, or it blocks for a process; and of many starts in a row none waits for
 * a spare of which the next start would only take the rest of its boot.
 */
export function replenish(settings: BootSettings): void {
  if (owed !== undefined && performance.now() - owed.since > LONG_OWED_MS) replenishNow();
  if (owed === undefined) setImmediate(replenishNow).unref();
  owed = { settings, since: owed?.since ?? performance.now() };
}

/** Boots the spares that are owed. */
export function replenishNow(): void {
  if (owed === undefined) return;
  const { settings } = owed;
  owed = undefined;
  if (spares.size >= wanted) return;
  try {
    addSpare(settings);
  } catch {
    // A spare is a convenience: the next start will say what is wrong.
  }
}

/** Boots spares until there are `count`, and waits until all of them have booted. */
export async function prewarmSpares(count: number, settings: BootSettings): Promise<void> {
  const key = bootKey(settings);
  const matching = () => [...spares].filter((spare) => spare.key === key);
  while (matching().length < count) addSpare(settings);
  const booting = matching().filter((spare) => !spare.ready);
  if (booting.length === 0) return;
  bell.ref();
  try {
    await Promise.all(
      booting.map(
        (spare) =>
          new Promise<void>((resolve, reject) => {
            spare.onReady = (error) => (error === undefined ? resolve() : reject(error));
          }),
      ),
    );
  } finally {
    bell.unref();
  }
}
