// The kernels' addon: loaded at the first use, left out where it is not built; code that no kernel needs any more is freed.
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const root = fileURLToPath(new URL('../../', import.meta.url));
const env = { ...process.env, NODE_OPTIONS: '' };

/** What a program prints that has this package as `multiproc`, and `loaded()`: whether the kernels' addon is. */
function printed(folder: string, body: string): string {
  const program = `
    const { parallel, cpuCount } = require(${JSON.stringify(join(folder, 'dist/index.js'))});
    const loaded = () => process.report.getReport().sharedObjects.some((file) => /multiproc-kernel\\./.test(file));
    ${body}`;
  return execFileSync(process.execPath, ['-e', program], { encoding: 'utf8', env }).trim();
}

test('it is loaded at the first use of parallel', () => {
  const body = `
    const before = [typeof parallel.map, cpuCount() > 0, loaded()];
    parallel.mapSync((x) => x * 2, Float64Array.of(1));
    console.log(...before, loaded());`;
  expect(printed(root, body)).toBe('function true false true');
});

test('without it everything else works, and parallel says what is missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'multiproc-no-kernel-'));
  try {
    mkdirSync(join(folder, 'src/native'), { recursive: true });
    const binaries = readdirSync(join(root, 'src/native')).filter((file) =>
      /^(multiproc\..*\.node|binding\.cjs)$/.test(file),
    );
    for (const path of ['package.json', 'dist', ...binaries.map((file) => `src/native/${file}`)]) {
      cpSync(join(root, path), join(folder, path), { recursive: true });
    }
    const body = `
      const code = (run) => { try { return run(); } catch (error) { return error.code; } };
      const f = (x) => x * 2;
      const input = Float64Array.of(1);
      console.log(cpuCount() > 0, code(() => parallel.mapSync(f, input)), code(() => parallel.mapSync(f, input, { fallback: 'serial' })[0]));`;
    expect(printed(folder, body)).toBe('true ERR_NATIVE_MISSING 2');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.runIf(process.platform === 'linux')('the code of kernels that are no longer kept is freed', async () => {
  const path = fileURLToPath(new URL('./programs/freed.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, '600'], { env });
  const [before, kept, after] = JSON.parse(stdout) as number[];
  expect(kept).toBeGreaterThan(before);
  expect(after).toBeLessThan(before + 1.5 * (kept - before));
});
