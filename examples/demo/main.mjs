// `npm run demo`: the five programs of the article, then a map over real files on one process and on all.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Pool, availableCpuCount } from 'multiproc';
import { sourceFiles } from './files.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const article = fileURLToPath(new URL('../article/', import.meta.url));

/** Runs one program of the article as its reader would. */
function runProgram(path) {
  console.log(`\n$ node ${relative(root, path)}`);
  const { status, signal } = spawnSync(process.execPath, [path], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${relative(root, path)} ended with ${signal ?? status}`);
}

/** What each worker does with each file. */
function digest(path) {
  const content = readFileSync(path);
  return {
    gzip: gzipSync(content, { level: 9 }).length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

/** Maps digest over the paths on a pool of so many processes, started before the clock is. */
async function timed(processes, paths) {
  const pool = new Pool(processes);
  await pool.map(digest, paths.slice(0, processes));
  const begun = performance.now();
  const results = await pool.map(digest, paths, { progress: true });
  const seconds = (performance.now() - begun) / 1000;
  pool.close();
  await pool.join();
  const label = processes === 1 ? '1 process' : `${processes} processes`;
  console.log(`${label.padEnd(12)} ${seconds.toFixed(2)} s`);
  return { seconds, results };
}

for (const name of readdirSync(article).sort()) runProgram(article + name);

const { paths, bytes } = sourceFiles(`${root}node_modules`);
console.log(
  `\ngzip and SHA-256 of ${paths.length} source files under node_modules, ${(bytes / 1e6).toFixed(1)} MB in all`,
);

const one = await timed(1, paths);
const all = await timed(availableCpuCount(), paths);

const same = one.results.every((result, i) => {
  const other = all.results[i];
  return result.gzip === other.gzip && result.sha256 === other.sha256;
});
const compressed = all.results.reduce((sum, result) => sum + result.gzip, 0);
console.log(`${(one.seconds / all.seconds).toFixed(2)} times as fast; compressed ${(compressed / 1e6).toFixed(1)} MB`);
console.log(same ? 'Both passes gave the same results.' : 'THE RESULTS DIFFER.');
if (!same || all.results.length !== paths.length) process.exitCode = 1;
