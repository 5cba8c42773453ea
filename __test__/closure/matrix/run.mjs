// The table of closures, under every environment: `npm ci` here, then `node __test__/closure/matrix/run.mjs`.
//   --only NAME        environments whose name holds it, and no page
//   --node 22,24,26    further Node versions, fetched from the npm registry; default: all three
// Writes docs/closures.md from the results and the prose in page.md.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { environments } from './environments.mjs';
import { page } from './page.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    node: { type: 'string', default: '22,24,26' },
    file: { type: 'string', default: '' },
  },
});
const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const closure = join(here, '..');
const temporary = mkdtempSync(join(tmpdir(), 'multiproc-matrix-'));

/** [major version, executable], the running one first. */
async function nodes() {
  const found = [[process.versions.node.split('.')[0], process.execPath]];
  for (const version of values.node.split(',').filter(Boolean)) {
    const folder = join(here, 'node_modules', `.node-${version}`);
    const executable = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    await run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--prefer-offline', `node-${process.platform}-${process.arch}@${version}`],
      { cwd: folder },
    );
    found.push([version, executable]);
  }
  return found;
}

/** The results of one file, or one result that says why there are none. */
async function runFile(environment, file, node, label) {
  const output = join(temporary, `${label}-${basename(file)}.json`.replaceAll(/[^\w.-]/g, '_'));
  const [command, args] = environment.command(file, node);
  const env = { ...process.env, MULTIPROC_CASES: output, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', ...environment.env };
  let failure = '';
  try {
    await run(command, args, { env, timeout: 180_000, maxBuffer: 1e8 });
  } catch (error) {
    failure = `${error.message}\n${error.stderr}`.trim();
  }
  try {
    const results = JSON.parse(readFileSync(output, 'utf8'));
    if (failure !== '') results.push({ name: 'the program itself', problem: failure, way: '' });
    return results;
  } catch {
    return [{ name: 'the program itself', problem: failure || 'it wrote nothing', way: '' }];
  }
}

const title = (file) => basename(file).replace(/\.(?:test\.)?[mc]?[jt]s$/, '');
const table = { columns: [], cases: new Map() };
let failed = 0;
try {
  const versions = await nodes();
  for (const [name, environment] of Object.entries(environments)) {
    if (!name.includes(values.only)) continue;
    const on = { all: versions, first: versions.slice(0, 1), last: versions.slice(-1) }[environment.node];
    let files;
    try {
      files = await environment.files();
    } catch (error) {
      console.log(`${name}: ${error.message}`);
      failed++;
      continue;
    }
    for (const [version, node] of on) {
      const label = environment.node === 'first' ? name : `${name}, Node ${version}`;
      let count = 0;
      const problems = [];
      table.columns.push(label);
      for (const file of files.filter((each) => each.includes(values.file))) {
        for (const { name: of, problem, way } of await runFile(environment, file, node, label)) {
          const key = `${title(file)} · ${of}`;
          const entry = table.cases.get(key) ?? { way, results: {} };
          entry.results[label] = problem;
          table.cases.set(key, entry);
          count++;
          if (problem !== '') problems.push(`  ${key}: ${problem.split('\n')[0].slice(0, 240)}`);
        }
      }
      failed += problems.length;
      console.log(`${label}: ${count - problems.length} of ${count}`);
      for (const problem of problems) console.log(problem);
      if (values.only !== '')
        for (const [key, { results }] of table.cases)
          if (/program itself/.test(key) && results[label]) console.log(results[label]);
    }
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
  for (const folder of readdirSync(closure)) {
    if (folder.startsWith('.matrix-')) rmSync(join(closure, folder), { recursive: true, force: true });
  }
}
if (values.only === '') {
  writeFileSync(join(here, '../../../docs/closures.md'), page(table, readFileSync(join(here, 'page.md'), 'utf8')));
}
process.exitCode = failed > 0 ? 1 : 0;
