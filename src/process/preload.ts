/** Modules that spare processes import beforehand, and from where their packages are looked for. */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HERE } from '../here';

export interface Preload {
  /** A path, or the name of a package. */
  readonly module: string;
  /** The file that is taken to import it. */
  readonly from: string;
}

const HERE_FILE = join(HERE, 'index.js');

/** Files are relative to the current directory. */
export function preloadOf(module: string): Preload {
  if (module.startsWith('file:')) return { module: fileURLToPath(module), from: HERE_FILE };
  if (module.startsWith('.') || isAbsolute(module)) return { module: resolve(module), from: HERE_FILE };
  return { module, from: programFiles().find((file) => sees(file, module)) ?? HERE_FILE };
}

/**
 * Where the packages of the program are looked for: from its main script, then from the current directory. Not from here,
 * since the place of this package may be a link (pnpm, workspaces), and what it links to is elsewhere.
 */
function programFiles(): string[] {
  const files: string[] = [];
  const [, main] = process.argv;
  if (main !== undefined && isAbsolute(main) && existsSync(main)) files.push(realpathSync(main));
  try {
    files.push(join(process.cwd(), 'index.js'));
  } catch {
    // The current directory is gone.
  }
  return files;
}

/** Whether there is a package of that name for a file. */
function sees(file: string, module: string): boolean {
  const [scope, name] = module.split('/');
  const folder = module.startsWith('@') ? join(scope, name ?? '') : scope;
  return (
    createRequire(file)
      .resolve.paths(module)
      ?.some((path) => existsSync(join(path, folder))) ?? false
  );
}
