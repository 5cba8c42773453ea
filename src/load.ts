/**
 * Loads core.js, in which all of the package lies, so that what V8 compiles of it can be kept (native.codeKeep) for the
 * processes and threads that are started later: to compile it anew takes a third of the time of a boot.
 *
 * It lands in require.cache, and whoever requires it afterwards gets it. Where anybody would notice the difference to a
 * plain require() that is left to do it: reports of coverage, source maps, and a realm of a test runner's own.
 */
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { constants, Script } from 'node:vm';
import { HERE } from './here';

const FILE = join(HERE, 'core.js');
const HEAD = '(function (exports, require, module, __filename, __dirname) { ';

let loaded: Script | undefined;

/** Requires a file of the package's by its name, at the time of the call. */
export const requirePart: (name: string) => unknown = createRequire(FILE);

/** @param code what another thread of this tree has kept of it; V8 looks whether it is of its own version and of this file. */
export function loadCore(code?: Uint8Array): void {
  if (FILE in require.cache || !mayCompile()) return;
  const module = new Module(FILE);
  module.filename = FILE;
  const script = new Script(`${HEAD}${readFileSync(FILE, 'latin1')}\n})`, {
    filename: FILE,
    columnOffset: -HEAD.length,
    cachedData: code,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  } as ConstructorParameters<typeof Script>[1]);
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  require.cache[FILE] = module;
  try {
    run.call(module.exports, module.exports, requirePart, module, FILE, dirname(FILE));
  } catch (error) {
    delete require.cache[FILE];
    throw error;
  }
  module.loaded = true;
  loaded = script;
}

function mayCompile(): boolean {
  if (process.env.NODE_V8_COVERAGE !== undefined || process.sourceMapsEnabled) return false;
  return new Script('Object').runInThisContext() === Object;
}

/** What V8 has compiled of the core so far; undefined where it was loaded in another way. */
export function compiledCore(): Uint8Array | undefined {
  return loaded?.createCachedData();
}

/** Whether V8 took what was kept, and compiled nothing anew. */
export function tookKeptCode(): boolean {
  return loaded?.cachedDataRejected === false;
}
