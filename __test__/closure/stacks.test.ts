/** The cases of stacks (./cases/stacks.mjs), where a tool has made the code: errors name the lines that the user wrote. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const here = fileURLToPath(new URL('.', import.meta.url));

/** What is not as it should be, by the name of the case. */
async function problems(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Record<string, string>> {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', ...more };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 100_000 });
  const results = JSON.parse(stdout) as { name: string; problem: string }[];
  expect(results.length).toBe(13);
  return Object.fromEntries(results.flatMap(({ name, problem }) => (problem === '' ? [] : [[name, problem]])));
}

it('as it was written', async () => {
  expect(await problems([join(here, 'cases/stacks.mjs')])).toEqual({});
});

it('a file that a loader makes one line of, as tsx does', async () => {
  const loader = pathToFileURL(join(here, 'stacks/loader.mjs')).href;
  expect(await problems(['--import', loader, join(here, 'cases/stacks.mjs')])).toEqual({});
});

it.each([false, true])('a bundle with a source map, minified: %s', async (minify) => {
  const directory = mkdtempSync(join(here, '.stacks-'));
  try {
    const bundle = await rolldown({
      input: join(here, 'cases/stacks.mjs'),
      external: (id) => id.startsWith('node:') || id.includes('/support/'),
      platform: 'node',
      transform: { target: 'node20' },
    });
    const file = join(directory, 'stacks.mjs');
    await bundle.write({ file, format: 'esm', minify, sourcemap: true });
    await bundle.close();
    expect(await problems(['--enable-source-maps', file], { MULTIPROC_BUNDLED: '1' })).toEqual({});
  } finally {
    rmSync(directory, { recursive: true });
  }
});
