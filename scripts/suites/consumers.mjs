// The package as its users get it: the tarballs that would be published, installed in an empty project,
// used by import, by require() and from TypeScript, on the running Node or on those named.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closures } from './closures.mjs';
import { run } from './command.mjs';
import { Broken, must, nodes, tool } from './nodes.mjs';
import { root } from './report.mjs';

const PROGRAMS = join(root, '__test__/consumers');
const OUTPUT = `cpus true
exit 0
exit 0
queue a 10, b 10
exit 1 true on purpose
map 10, 20, 30
apply 42
kernel 2, 4, 6; refused at 1:8
one state true
`;
/** The addons, and the scripts that build them. */
const BINARIES = { multiproc: 'build:native', 'multiproc-kernel': 'build:kernel' };
const TYPESCRIPT_OUTPUT = '0 16 <1> <2> 3 1.5 0\n';
const OLDER_TYPESCRIPT = ['5.9', '6'];

/** Packs a folder; returns the tarball's path. */
async function pack(folder, into) {
  const out = await must(
    `npm pack ${folder}`,
    'npm',
    ['pack', '--ignore-scripts', '--json', '--pack-destination', into],
    { cwd: folder },
  );
  return join(into, Object.values(JSON.parse(out))[0].filename);
}

/** The package and the package of this platform's binaries, packed as they are published. */
async function tarballs(temporary) {
  const binaries = readdirSync(join(root, 'src/native')).filter((name) => name.endsWith('.node'));
  for (const [name, script] of Object.entries(BINARIES)) {
    if (!binaries.some((file) => file.startsWith(`${name}.`)))
      throw new Broken(`src/native has no ${name}: npm run ${script}`);
  }
  const platform = binaries[0].split('.')[1];
  const folder = join(temporary, platform);
  cpSync(join(root, 'npm', platform), folder, { recursive: true });
  for (const binary of binaries) cpSync(join(root, 'src/native', binary), join(folder, binary));
  return [await pack(root, temporary), await pack(folder, temporary)];
}

/** An empty project with both tarballs installed, and the types of Node for TypeScript. */
async function project(temporary) {
  const folder = join(temporary, 'project');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  await must(
    'npm install',
    'npm',
    ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', ...(await tarballs(temporary))],
    {
      cwd: folder,
    },
  );
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  }
  cpSync(PROGRAMS, folder, { recursive: true });
  return folder;
}

/** Runs a program and compares what it prints. */
async function program(name, node, file, cwd, expected) {
  const { ok, why, stdout, tail, ms } = await run(node, [file], { cwd, seconds: 180, quiet: true });
  if (ok && stdout === expected) return { name, status: 'passed', ms };
  return { name, status: 'failed', ms, detail: ok ? `expected:\n${expected}printed:\n${stdout}` : `${why}\n${tail}` };
}

/** Type-checks and emits main.mts under one of TypeScript's ways to resolve modules. */
async function typescript(label, tsc, resolution, cwd) {
  const module = resolution === 'bundler' ? 'esnext' : 'nodenext';
  const config = `tsconfig.${resolution}.json`;
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023'],
    module,
    moduleResolution: resolution,
    strict: true,
    types: ['node'],
    outDir: `out-${resolution}`,
  };
  writeFileSync(join(cwd, config), JSON.stringify({ compilerOptions, files: ['main.mts'] }));
  const { ok, why, tail, ms } = await run(process.execPath, [join(tsc, 'bin/tsc'), '-p', config], { cwd, quiet: true });
  return {
    name: `TypeScript ${label} ${resolution}`,
    status: ok ? 'passed' : 'failed',
    ms,
    detail: ok ? undefined : `${why}\n${tail}`,
  };
}

async function everything(temporary, versions, results) {
  const add = (result) => {
    results.push(result);
    console.log(`  ${result.name}: ${result.status}`);
  };
  const cwd = await project(temporary);
  add({ name: 'packed and installed', status: 'passed' });

  const compilers = [
    [
      JSON.parse(readFileSync(join(root, 'node_modules/typescript/package.json'), 'utf8')).version,
      join(root, 'node_modules/typescript'),
    ],
  ];
  if (versions.length > 0) {
    for (const version of OLDER_TYPESCRIPT) compilers.push([version, await tool(temporary, 'typescript', version)]);
  }
  for (const [version, tsc] of compilers) {
    for (const resolution of ['nodenext', 'bundler']) add(await typescript(version, tsc, resolution, cwd));
  }
  for (const [version, node] of await nodes(temporary, versions)) {
    add(await program(`Node ${version} by import`, node, 'main.mjs', cwd, OUTPUT));
    add(await program(`Node ${version} by require()`, node, 'main.cjs', cwd, OUTPUT));
    add(await program(`Node ${version} from TypeScript`, node, 'out-nodenext/main.mjs', cwd, TYPESCRIPT_OUTPUT));
    if (versions.length > 0) for (const result of await closures(version, node)) add(result);
  }
}

/** @param {{ versions: readonly string[] }} options Node versions; none: the running one, and nothing is fetched. */
export async function consumers({ versions }) {
  const temporary = mkdtempSync(join(tmpdir(), 'multiproc-consumers-'));
  const results = [];
  try {
    await everything(temporary, versions, results);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    results.push({ name: 'consumers', status: 'failed', detail: error.message });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return results;
}
