// Bundles src into dist: one file with everything, core.js, and a small one for each place where Node enters it. A process
// that boots reads one file instead of eighty, and runs only the modules that it comes to.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist`;

for (const name of readdirSync(dist, { recursive: true })) if (/\.js(\.map)?$/.test(name)) rmSync(`${dist}/${name}`);

/** Each file in dist that is entered, and what it is made of. index.js loads the core, then this package's surface. */
const entries = {
  api: 'index',
  ...Object.fromEntries(['cli', 'classes', 'internals', 'load'].map((name) => [name, name])),
  ...Object.fromEntries(['boot', 'thread-boot', 'child', 'thread'].map((name) => [`worker/${name}`, `worker/${name}`])),
};
/** What it takes to load the core. */
const before = ['load', 'here', 'native/inherited', 'process/command-line'];
const isAmong = (names) => (id) => names.some((name) => id.endsWith(`/src/${name}.ts`));
const isEntry = isAmong(Object.values(entries));
const isBefore = isAmong(before);

/**
 * A file of ASCII alone takes half the memory, and V8 reads it faster; the core is read as Latin-1 (src/load.ts). By the last
 * hook: before it, what was escaped in a string is printed as it was.
 */
const ascii = {
  name: 'ascii',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      file.code = file.code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    }
  },
};

/** Where the sources use timers and clocks, they get these: see there. */
const clock = `${root}src/arena/clock.ts`;
const real = ['setTimeout', 'clearTimeout', 'setImmediate', 'queueMicrotask'];
const inject = {
  ...Object.fromEntries(real.map((name) => [name, [clock, name]])),
  'performance.now': [clock, 'now'],
  'process.hrtime': [clock, 'hrtime'],
  'process.nextTick': [clock, 'nextTick'],
};

/** The bundler's helper reads names that a program may have put on Object.prototype, too. */
const ownNames = {
  name: 'own-names',
  generateBundle(_, files) {
    const runtime = files['rolldown-runtime.js'];
    const loop = 'for (var name in all)';
    if (!runtime.code.includes(loop)) throw new Error(`the bundler's runtime has no ${loop} any more`);
    runtime.code = runtime.code.replace(loop, 'for (var name of Object.keys(all))');
  },
};

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(Object.entries(entries).map(([name, from]) => [name, `src/${from}.ts`])),
  platform: 'node',
  external: [/^node:/, '#binding'],
  plugins: [ascii, ownNames],
  transform: { inject },
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
  codeSplitting: {
    groups: [
      { name: 'before', test: isBefore, priority: 1 },
      { name: 'core', test: (id) => !isEntry(id) && !isBefore(id) },
    ],
  },
  sourcemap: true,
  // The types keep them. A process that boots reads a fifth less.
  comments: false,
});
await bundle.close();
writeFileSync(
  `${dist}/index.js`,
  "'use strict';\nrequire('./load.js').loadCore();\nmodule.exports = require('./api.js');\n",
);
