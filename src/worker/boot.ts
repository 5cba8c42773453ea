/**
 * What every started process runs: boots, joins its parent's tree, waits to be given its work, becomes that.
 *
 * While it waits it blocks in native code, without an event loop: a spare costs memory but no CPU.
 */
import { pathToFileURL } from 'node:url';
import { deserialize } from 'node:v8';
import { native } from '../native';
import type { Adoption } from '../process/launch';
import '../index';
import { keepOutput } from './output';
import { main as poolMain } from './pool-main';
import { main as processMain } from './process-main';
import { WARM_UP } from '../process/spares';
import { warmUp } from './warm';

/** All is loaded here, and not when the role is known, so that a spare starts its work in a millisecond. */
const ROLES = { process: processMain, worker: poolMain };
const FLAG = '--multiproc-child';

async function boot(): Promise<void> {
  const at = process.argv.lastIndexOf(FLAG);
  native.attach(Number(process.argv[at + 1]), Number(process.argv[at + 2]));
  const preload = process.argv.slice(2, at);
  if (preload[0] === WARM_UP) {
    preload.shift();
    native.setName('spare');
    warmUp();
  }
  for (const module of preload) await importByName(module);

  const adoption = deserialize(native.parentReceive()) as Adoption;
  for (const ref of adoption.refs) native.adopt(ref);
  native.setName(adoption.name);
  becomeIt(adoption);
  await ROLES[adoption.role](adoption);
}

// TypeScript would turn a plain import() into require() in CommonJS output.
const dynamicImport = new Function('specifier', 'return import(specifier)') as (specifier: string) => Promise<unknown>;

function importByName(module: string): Promise<unknown> {
  return dynamicImport(module.startsWith('/') ? pathToFileURL(module).href : module);
}

/** Takes over what the parent handed: environment and arguments (cwd and stdio are in place already). */
function becomeIt(adoption: Adoption): void {
  const { argv, env } = adoption;
  process.argv = [...argv];
  forgetCwd();
  keepOutput();
  if (env === undefined) return;
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (process.env[name] !== value) process.env[name] = value;
}

/** The core has changed the working directory, and Node remembers the one that it asked for before. */
function forgetCwd(): void {
  try {
    process.chdir('.');
  } catch {
    // It may not be entered any more: process.cwd() will say so.
  }
}

boot().catch((error: unknown) => {
  process.stderr.write(`multiproc: a child could not begin: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
