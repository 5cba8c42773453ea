/**
 * What every started process runs: boots, joins its parent's tree, waits to be given its work, becomes that.
 *
 * While it waits it blocks in native code, without an event loop: a spare costs memory but no CPU.
 */
import { constants, Script } from 'node:vm';
import { native } from '../native';
import { decode } from '../codec';
import { applyEnv } from '../process/environment';
import type { read } from '../process/command-line';
import type { Adoption } from '../process/launch';
import './kinds';
import { keepOutput } from './output';
import { exitQuickly } from './quick-exit';
import { ROLES } from './roles';
import { tellFailure } from './tell-failure';
import type * as Warm from './warm';

async function live({ spare, preload, slot, generation }: ReturnType<typeof read>): Promise<void> {
  if (!native.isChild()) native.attach(slot, generation);
  if (spare) {
    native.setName('spare');
    require('../index');
    for (const load of Object.values(ROLES)) load();
    (require('./warm') as typeof Warm).warmUp();
  }
  for (const [i, { module, from }] of preload.entries()) {
    try {
      await importByName(module, from);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tellFailure(new Error(`options.preload[${i}] ('${module}') can't be imported: ${why}`, { cause: error }));
      throw error;
    }
  }
  keepOutput();
  exitQuickly();
  // The rest of Node's own start, which comes after its main module, is done before somebody waits.
  await new Promise(setImmediate);

  const adoption = decode(native.parentReceive()) as Adoption;
  for (const ref of adoption.refs) native.adopt(ref);
  native.setName(adoption.name);
  becomeIt(adoption);
  await ROLES[adoption.role]().main(adoption);
}

/** As the file `from` would import it. */
function importByName(module: string, from: string): Promise<unknown> {
  // A plain import() would be turned into require() in CommonJS output; eval() and Function may be forbidden
  // (--disallow-code-generation-from-strings).
  const script = new Script('(specifier) => import(specifier)', {
    filename: from,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  } as ConstructorParameters<typeof Script>[1]);
  const dynamicImport = script.runInThisContext() as (specifier: string) => Promise<unknown>;
  return dynamicImport(
    module.startsWith('/') ? process.getBuiltinModule('node:url').pathToFileURL(module).href : module,
  );
}

/** Takes over what the parent handed: environment and arguments (cwd and stdio are in place already). */
function becomeIt(adoption: Adoption): void {
  process.argv = [...adoption.argv];
  if (adoption.moved) forgetCwd();
  if (adoption.env !== undefined) applyEnv(adoption.env);
}

/** The core has changed the working directory, and Node remembers the one that it asked for before. */
function forgetCwd(): void {
  try {
    process.chdir('.');
  } catch {
    // It may not be entered any more: process.cwd() will say so.
  }
}

export function begin(line: ReturnType<typeof read>): void {
  live(line).catch((error: unknown) => {
    const why = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`multiproc: a child could not begin: ${why}\n`);
    process.exit(1);
  });
}
