// An installation without a binary for its platform says so, and what to do.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multiproc-missing-'));
  mkdirSync(join(folder, 'src/native'), { recursive: true });
  for (const path of ['package.json', 'dist', 'src/native/binding.cjs']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('names the platform and the two ways out', () => {
  const program = `
    try { require(${JSON.stringify(join(folder, 'dist/index.js'))}); console.log('{}'); }
    catch ({ message, code, cause }) { console.log(JSON.stringify({ message, code, caused: cause instanceof Error })); }`;
  const printed = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  const { message, code, caused } = JSON.parse(printed) as { message: string; code: string; caused: boolean };
  expect(code).toBe('ERR_NATIVE_MISSING');
  expect(message).toContain(`${process.platform}-${process.arch}`);
  expect(message).toContain('install it again');
  expect(message).toContain('npm run build:native');
  expect(caused).toBe(true);
});

test('says so where native addons are turned off', () => {
  const program = `try { require(${JSON.stringify(join(root, 'dist/index.js'))}); } catch ({ message, code }) { console.log(code, message); }`;
  const printed = execFileSync(process.execPath, ['--no-addons', '-e', program], { encoding: 'utf8' });
  expect(printed).toMatch(
    /^ERR_NATIVE_MISSING multiproc needs its native core, and this process may not load native addons/,
  );
});
