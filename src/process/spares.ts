/**
 * Spare processes: Node booted beforehand, with this library loaded, waiting to be given work.
 *
 * A spare serves only a start whose Node options and boot-time environment are those that it was booted with; the rest
 * (cwd, env, stdio, the work) is handed over. It ends by itself when nobody wants it for `idle` milliseconds, and with
 * its parent at the latest.
 */
import { native } from '../native';
import type { StartedChild } from '#binding';
import * as bell from '../arena/bell';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';

/** What Node or its libraries read once, while they boot. */
const READ_AT_BOOT = /^(NODE_|UV_|V8_|LD_|DYLD_|MALLOC_|GLIBC_|OPENSSL_|SSL_|ICU_|LANG$|LC_|TZ$|MULTIPROC_)/;

export const BOOT_SCRIPT = join(__dirname, '..', 'worker', 'boot.js');

/** What a process is booted with. */
export interface BootSettings {
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Modules that it imports before it is given work. */
  readonly preload: readonly string[];
}

export interface Spare extends StartedChild {
  readonly key: string;
  /** The environment that it was started with. */
  readonly env: NodeJS.ProcessEnv;
  ready: boolean;
  onReady: (() => void) | undefined;
}

const SIGKILL = 9;

let wanted = 1;
let idle = 10_000;
const spares = new Set<Spare>();
let stopListening: (() => void) | undefined;

export function configureSpares(count: number | undefined, idleLimit: number | undefined): void {
  if (count !== undefined) wanted = count;
  for (const spare of spares) {
    if (spares.size <= wanted) break;
    native.childSignal(spare.id, SIGKILL);
    forget(spare);
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

export function envList(env: NodeJS.ProcessEnv): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) list.push(`${name}=${value}`);
  return list;
}

/** A spare for these settings, the longest booted first; undefined where there is none. */
export function takeSpare(settings: BootSettings): Spare | undefined {
  const key = bootKey({ ...settings, preload: [] });
  let best: Spare | undefined;
  for (const spare of spares) {
    const [execArgv, read] = JSON.parse(spare.key) as unknown[];
    if (JSON.stringify([execArgv, read, []]) !== key) continue;
    if (best === undefined || (spare.ready && !best.ready)) best = spare;
  }
  if (best !== undefined) forget(best);
  return best;
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
    const news = native.childNews(spare.id);
    if (news == null) continue;
    if (news.exited) forget(spare);
    if (news.ready) spare.ready = true;
    if (news.ready || news.exited) spare.onReady?.();
  }
}

/** Boots one more. */
export function addSpare(settings: BootSettings): Spare {
  const started = native.childStart({
    execPath: process.execPath,
    args: [...settings.execArgv, BOOT_SCRIPT, ...settings.preload],
    env: envList(settings.env),
    inheritOutput: false,
    ownGroup: false,
    idleLimit: idle,
  });
  const spare: Spare = { ...started, key: bootKey(settings), env: settings.env, ready: false, onReady: undefined };
  stopListening ??= bell.listen(look);
  spares.add(spare);
  return spare;
}

/** After a start: keeps as many spares as are wanted. */
export function replenish(settings: BootSettings): void {
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
    await Promise.all(booting.map((spare) => new Promise<void>((resolve) => (spare.onReady = resolve))));
  } finally {
    bell.unref();
  }
}

/** Absolute names for preload modules: files relative to the current directory, packages as they are. */
export function resolvePreload(module: string): string {
  if (module.startsWith('file:')) return fileURLToPath(module);
  return module.startsWith('.') ? resolve(module) : module;
}
