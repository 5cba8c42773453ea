// Bundles src into dist: one file with everything, core.js, and a small one for each place where Node enters it. A process
// that boots reads one file instead of eighty, and runs only the modules that it comes to.
import { readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist`;

for (const name of readdirSync(dist, { recursive: true })) if (/\.js(\.map)?$/.test(name)) rmSync(`${dist}/${name}`);

const entries = ['index', 'cli', 'classes', 'internals', 'worker/boot', 'worker/thread-boot'];
const isEntry = (id) => entries.some((name) => id.endsWith(`/src/${name}.ts`));
const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  platform: 'node',
  external: [/^node:/, '#binding'],
  onLog(level, log, report) {
    if (level !== 'debug') throw new Error(log.message);
    report(level, log);
  },
});
await bundle.write({
  dir: dist,
  format: 'cjs',
  exports: 'named',
  entryFileNames: '[name].js',
  // Its own place is that of index.js: src/here.ts.
  chunkFileNames: '[name].js',
  codeSplitting: { groups: [{ name: 'core', test: (id) => !isEntry(id) }] },
  sourcemap: true,
});
await bundle.close();
