// Which files the demo works on.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const SOURCE = /\.[cm]?[jt]sx?$/;

/**
 * Every source file under `folder`, sorted, with the sum of their sizes.
 * They are read once here, so that no later pass is the one that waits for the disk.
 */
export function sourceFiles(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const bytes = paths.reduce((sum, path) => sum + readFileSync(path).length, 0);
  return { paths, bytes };
}
