// Other versions of Node, and other tools: fetched from npm into a folder that is theirs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';

/** A step that the others stand on: its failure ends the suite. */
export class Broken extends Error {}

/** What a command prints. @throws Broken where it fails. */
export async function must(what, command, args, options) {
  const done = await run(command, args, { quiet: true, ...options });
  if (!done.ok) throw new Broken(`${what}: ${done.why}\n${done.tail}`);
  return done.stdout;
}

/** Installs an npm package in a folder of its own and returns its path. */
export async function tool(temporary, name, version) {
  const folder = join(temporary, `${name.replace('/', '+')}@${version}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await must(`npm install ${name}@${version}`, 'npm', ['install', '--no-audit', '--no-fund', `${name}@${version}`], {
    cwd: folder,
  });
  return join(folder, 'node_modules', name);
}

/** Versions and executables: of those that are named, else of the running one. */
export async function nodes(temporary, versions) {
  if (versions.length === 0) return [[process.versions.node, process.execPath]];
  const found = [];
  for (const version of versions) {
    const folder = await tool(temporary, `node-${process.platform}-${process.arch}`, version);
    found.push([version, join(folder, 'bin/node')]);
  }
  return found;
}
