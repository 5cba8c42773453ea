// What can be said of the sources without running them. Each check counts as one test.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';
import { root } from './report.mjs';

const bin = (name) => join(root, 'node_modules/.bin', name);

/** name, command, arguments; `optional`: skipped where the program is not installed. */
const COMMANDS = [
  ['rustfmt', 'cargo', ['fmt', '--all', '--check']],
  ['clippy', 'cargo', ['clippy', '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings']],
  ['prettier', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['oxlint', bin('oxlint'), ['--deny-warnings']],
  ['types of the tests', bin('tsc'), ['-p', 'tsconfig.test.json']],
  ['knip', bin('knip'), ['--no-progress']],
  ['publint', bin('publint'), ['--strict', '--pack', 'npm']],
  ['lockfile installs', 'npm', ['ci', '--ignore-scripts', '--dry-run']],
  ['typos', 'typos', [], { optional: true }],
  ['cargo-deny', 'cargo-deny', ['--offline', 'check', 'bans', 'licenses', 'sources'], { optional: true }],
  ['actionlint', 'actionlint', [], { optional: true }],
];

async function installed(command) {
  return (await run(process.platform === 'win32' ? 'where' : 'which', [command], { quiet: true })).ok;
}

async function check([name, command, args, { optional = false } = {}]) {
  if (optional && !(await installed(command))) {
    return { name, status: 'skipped', detail: `${command} is not installed` };
  }
  const { ok, why, tail, ms } = await run(command, args, { quiet: true });
  return { name, status: ok ? 'passed' : 'failed', ms, detail: ok ? undefined : `${why}\n${tail}` };
}

/** The versions that must be one: the package, its platform packages, the crates. */
async function versions() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const crates = /\[workspace\.package\]\nversion = "([^"]+)"/.exec(
    readFileSync(join(root, 'Cargo.toml'), 'utf8'),
  )?.[1];
  const { stdout } = await run('git', ['ls-files', 'npm/*/package.json']);
  const platforms = stdout
    .split('\n')
    .filter(Boolean)
    .map((path) => JSON.parse(readFileSync(join(root, path), 'utf8')).version);
  const odd = [crates, ...platforms].filter((other) => other !== version);
  return {
    name: 'one version',
    status: odd.length === 0 ? 'passed' : 'failed',
    detail: `package.json has ${version}, others ${odd}`,
  };
}

/** A lockfile that names where its packages were fetched from does not work elsewhere. */
function lockfile() {
  const named = /"resolved": "[^"]*"/.exec(readFileSync(join(root, 'package-lock.json'), 'utf8'))?.[0];
  return { name: 'lockfile names no host', status: named ? 'failed' : 'passed', detail: named };
}

export async function lint() {
  const results = [await versions(), lockfile()];
  for (const command of COMMANDS) {
    const result = await check(command);
    console.log(`  ${result.name}: ${result.status}${result.status === 'skipped' ? ` (${result.detail})` : ''}`);
    results.push(result);
  }
  return results;
}
