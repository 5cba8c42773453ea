// Runs a program of this folder on several versions of Node, one after the other, with what is built here:
//   node on.mjs 20,22,24,26 exact.mjs 1000000
//   node on.mjs 20,24 fuzz.mjs 5000
// npm has the executables. The exit code is 1 where a run failed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../../scripts/suites/command.mjs';
import { nodes } from '../../../scripts/suites/nodes.mjs';

const [versions = '20,22,24,26', program = 'exact.mjs', ...args] = process.argv.slice(2);
const temporary = mkdtempSync(join(tmpdir(), 'multiproc-nodes-'));
try {
  for (const [version, node] of await nodes(temporary, versions.split(','))) {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const { ok, why, tail } = await run(node, [file, ...args], { seconds: 24 * 3600, tee: true });
    if (ok) continue;
    console.error(`${program} on Node ${version}: ${why}\n${tail}`);
    process.exitCode = 1;
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
