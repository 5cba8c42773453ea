// npm run bench -- [benchmark ...] [--write] [--rounds N] [--only part,part] [--cases part,part]
// Runs benchmarks with their peers, interleaved, in one run; --write puts the tables into RESULTS.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load, machine, venv } from './harness/machine.mjs';
import { plot } from './harness/plot.mjs';
import { goalRows, print, section } from './harness/report.mjs';
import { runBenchmark } from './harness/rounds.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const all = readdirSync(here('.'))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.slice(0, -'.bench.mjs'.length));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    cases: { type: 'string' },
  },
});
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  process.exit(2);
}
if (values.write && (values.only || values.cases || values.rounds)) {
  console.error('--write records whole runs: leave out --only, --cases and --rounds');
  process.exit(2);
}

function prepare() {
  if (!existsSync(here('../dist/index.js'))) console.error('multiproc is not built: npm run build');
  if (!existsSync(here('node_modules'))) {
    console.log('installing the peers (once)');
    spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here('.'), stdio: 'inherit' });
  }
  if (process.env.PYTHON === undefined && !existsSync(venv)) preparePython();
}

/** What Python's standard library does not have goes into an environment of its own; without it those peers are left out. */
function preparePython() {
  console.log('installing the Python peers (once)');
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
  const made = spawnSync('python3', ['-m', 'venv', venv], quiet);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', here('python/requirements.txt')];
  if (made.status !== 0 || spawnSync(`${venv}/bin/python3`, pip, quiet).status !== 0) {
    console.error('they could not be installed');
  }
}

const HEADER = `# Results

Made by \`npm run bench -- --write\`. Every contestant has a process of its own; in each round all of them run once, in
turn. "median", "± MAD" (median absolute deviation) and "best" are wall time of the rounds, per operation; "CPU" is the CPU
time of the contestant's whole process tree, per operation, median of the rounds. "× best peer": below 1 is faster than
the best contestant that does the same job; a floor does less and is left out of that.`;

/** Sections of a results file by their title, in order. */
function sectionsOf(text) {
  return new Map(
    text
      .split(/^(?=## )/m)
      .slice(1)
      .map((part) => [part.slice(3, part.indexOf('\n')), part.trim()]),
  );
}

/** Replaces the section of the benchmark that was run now, and keeps the others. */
function write(run) {
  const path = here('RESULTS.md');
  const sections = existsSync(path) ? sectionsOf(readFileSync(path, 'utf8')) : new Map();
  let rows = (sections.get('Goals') ?? '').split('\n').slice(4);
  sections.delete('Goals');
  sections.set(run.title, section(run, run));
  rows = rows.filter((row) => !row.startsWith(`| ${run.title}: `)).concat(goalRows(run));
  const order = all.map((name) => titles.get(name)).filter((title) => sections.has(title));
  const place = (row) => order.findIndex((title) => row.startsWith(`| ${title}: `));
  rows.sort((a, b) => place(a) - place(b));
  const { machine: box, versions } = machine();
  const text = [
    HEADER,
    `Machine: ${box}.\n\nVersions: ${versions}.`,
    ['## Goals', '', '| | goal | measured | |', '| --- | --- | ---: | --- |', ...rows].join('\n'),
    ...order.map((title) => sections.get(title)),
  ].join('\n\n');
  writeFileSync(path, `${text}\n`);
  mkdirSync(here('plots'), { recursive: true });
  writeFileSync(here(`plots/${run.name}.svg`), plot(run));
  spawnSync(here('../node_modules/.bin/prettier'), ['--write', '--log-level', 'warn', path], { stdio: 'inherit' });
  console.log(`\nwritten: ${path}`);
}

prepare();
const titles = new Map();
for (const name of all) titles.set(name, (await import(`./${name}.bench.mjs`)).title);
const { machine: box, versions } = machine();
console.log(`${box}\n${versions}\nload ${load()}`);
const list = (text) => text?.split(',');
for (const name of positionals.length > 0 ? positionals : all) {
  const file = here(`${name}.bench.mjs`);
  const benchmark = await import(file);
  console.log(`\n== ${benchmark.title}`);
  const before = load();
  const run = await runBenchmark(file, benchmark, {
    rounds: values.rounds && Number(values.rounds),
    only: list(values.only),
    cases: list(values.cases),
    report: print,
  });
  for (const [peer, why] of Object.entries(run.skipped)) console.log(`  without ${peer}: ${why}`);
  if (!values.write) continue;
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  write({ ...run, name, about: benchmark.about, date, load: `${before} → ${load()}` });
}
