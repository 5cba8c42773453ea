// `npm test`: every suite, or those named: node scripts/test.mjs [rust loom vitest consumers lint]
//   --node 20,22,24,26   Node versions for the consumers' programs, fetched from the npm registry; default: the running one
//   --keep               adds to the reports of an earlier run, for a sum over both
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { consumers } from './suites/consumers.mjs';
import { lint } from './suites/lint.mjs';
import { conclude, readAll, reports, save, summary } from './suites/report.mjs';
import { loom, rust } from './suites/rust.mjs';
import { vitest } from './suites/vitest.mjs';

const SUITES = { rust, loom, vitest, consumers, lint };
const DEFAULT = ['rust', 'loom', 'vitest', 'consumers'];

const { values, positionals } = parseArgs({
  options: { node: { type: 'string', default: '' }, keep: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(SUITES, name));
if (unknown.length > 0) {
  console.error(`No suite is called ${unknown.join(', ')}. There are ${Object.keys(SUITES).join(', ')}.`);
  process.exit(2);
}

if (!values.keep) rmSync(reports, { recursive: true, force: true });
const versions = values.node.split(',').filter(Boolean);
for (const name of positionals.length > 0 ? positionals : DEFAULT) {
  console.log(`\n== ${name}`);
  const begun = performance.now();
  const results = await SUITES[name]({ versions });
  if (results.length === 0) results.push({ name, status: 'failed', detail: 'no test ran' });
  save(name === 'consumers' && versions.length > 0 ? 'consumers-matrix' : name, results);
  console.log(`== ${name}: ${summary(results)} in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}
console.log();
conclude(readAll());
