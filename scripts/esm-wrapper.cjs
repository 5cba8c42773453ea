// Writes dist/index.mjs and dist/index.d.mts: every name of the CommonJS core, once, for `import`.
// Both loaders so see the same classes and the same state. `__test__/exports.test.ts` compares the two.
'use strict';
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const dist = join(__dirname, '..', 'dist');
const names = Object.keys(require(join(dist, 'index.js')))
  .filter((name) => name !== 'default' && name !== '__esModule')
  .sort();

writeFileSync(
  join(dist, 'index.mjs'),
  `// Written by scripts/esm-wrapper.cjs.\nimport core from './index.js';\nexport const {\n${names.map((name) => `  ${name},\n`).join('')}} = core;\n`,
);
writeFileSync(join(dist, 'index.d.mts'), `export * from './index.js';\n`);
