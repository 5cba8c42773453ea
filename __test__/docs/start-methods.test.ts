// The program of docs/start-methods.md prints what stands below it.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('docs/start-methods.md', async () => {
  const page = readFileSync(new URL('../../docs/start-methods.md', import.meta.url), 'utf8');
  const [, program, output] = /```js\n([^]*?)```\n\n```text\n([^]*?)```/.exec(page)!;
  // Inside of the package, so that its own name resolves.
  const reports = fileURLToPath(new URL('../../reports/', import.meta.url));
  mkdirSync(reports, { recursive: true });
  const folder = mkdtempSync(`${reports}docs-`);
  try {
    writeFileSync(`${folder}/program.mjs`, program);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${folder}/program.mjs`]);
    expect(stderr).toBe('');
    expect(stdout).toBe(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
