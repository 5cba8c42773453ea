// The table of closures on a Node version: each file of __test__/closure/cases is a program that prints its results.
// Under other tools, and in worker threads: __test__/closure/matrix/run.mjs.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';
import { root } from './report.mjs';

const CASES = join(root, '__test__/closure/cases');

/** @returns a result for each file. */
export async function closures(version, node) {
  const results = [];
  for (const file of readdirSync(CASES).filter((name) => /\.[mc]js$/.test(name))) {
    const done = await run(node, [join(CASES, file)], { seconds: 180, quiet: true });
    let detail;
    try {
      const wrong = JSON.parse(done.stdout).filter(({ problem }) => problem !== '');
      if (wrong.length > 0) detail = wrong.map(({ name, problem }) => `${name}: ${problem}`).join('\n');
    } catch {
      detail = `${done.why}\n${done.tail}`;
    }
    const status = detail === undefined ? 'passed' : 'failed';
    results.push({ name: `closures on Node ${version}: ${file}`, status, ms: done.ms, detail });
  }
  return results;
}
