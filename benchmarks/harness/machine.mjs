// Where and with what a run was made: a figure without that says nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

function firstLine(command, ...args) {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return error === undefined ? `${stdout}${stderr}`.trim().split('\n')[0] : undefined;
}

/** Where the Python peers are installed: run.mjs does that, once. */
export const venv = fileURLToPath(new URL('../.venv', import.meta.url));
const installed = `${venv}/bin/python3`;
export const python = () => process.env.PYTHON ?? (existsSync(installed) ? installed : 'python3');

/** Lines about the machine and the versions of everything that took part. */
export function machine() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const commit = firstLine('git', '-C', new URL('../..', import.meta.url).pathname, 'rev-parse', '--short', 'HEAD');
  return {
    machine: `${cpus()[0].model.trim()}, ${availableParallelism()} CPUs, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
    versions: [
      `${own.name} ${own.version} (${commit ?? 'no commit'})`,
      `Node.js ${process.versions.node}`,
      firstLine(python(), '--version') ?? 'no Python',
      ...Object.entries(dependencies).map(([name, version]) => `${name} ${version}`),
    ].join(', '),
  };
}

/** Of the last minute; 2 on 2 CPUs means that they are busy. */
export function load() {
  return loadavg()[0].toFixed(1);
}
