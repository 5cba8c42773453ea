// What every suite hands back, where it is kept, and how the sum over all suites is made.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const reports = join(root, 'reports');

/**
 * @typedef {{ name: string, status: 'passed' | 'failed' | 'skipped', ms?: number, detail?: string }} Result
 * One test; `detail` says why it failed or was skipped.
 */

/** Counts the results of one status. */
function count(results, status) {
  return results.filter((result) => result.status === status).length;
}

/** `3 passed, 0 failed`, with `, 1 skipped` where some were. */
export function summary(results) {
  const skipped = count(results, 'skipped');
  const line = `${count(results, 'passed')} passed, ${count(results, 'failed')} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

/** Keeps the results of a suite for the sum. */
export function save(suite, results) {
  mkdirSync(reports, { recursive: true });
  writeFileSync(join(reports, `${suite}.results.json`), JSON.stringify(results, null, 1));
}

/** The results of every suite kept in `folder`. */
export function readAll(folder = reports) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.results.json'))
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
}

/** A failure for every suite named that has left no report. */
export function missing(suites, folder = reports) {
  return suites
    .filter((suite) => !existsSync(join(folder, `${suite}.results.json`)))
    .map((suite) => ({ name: suite, status: 'failed', detail: 'this suite has left no report' }));
}

/** Prints what failed, then the one line that counts; the exit code is 1 where something failed or nothing passed. */
export function conclude(results) {
  for (const { name, status, detail } of results) {
    if (status === 'failed') console.log(`FAILED ${name}${detail ? `\n${detail.replace(/^/gm, '    ')}` : ''}`);
  }
  console.log(summary(results));
  process.exitCode = count(results, 'failed') > 0 || count(results, 'passed') === 0 ? 1 : 0;
}
