// The sum that CI goes by: it fails where something failed, where nothing ran, and where a suite left no report.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
// @ts-expect-error a script, without types
import { conclude, missing, readAll, summary } from '../scripts/suites/report.mjs';

const passed = { name: 'a', status: 'passed' };
const failed = { name: 'b', status: 'failed', detail: 'why' };
const skipped = { name: 'c', status: 'skipped' };

/** The exit code and the last line that a sum ends with. */
function ending(results: object[]): { code: unknown; last: string } {
  const before = process.exitCode;
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    conclude(results);
    return { code: process.exitCode, last: String(log.mock.lastCall?.[0]) };
  } finally {
    log.mockRestore();
    process.exitCode = before;
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'multiproc-reports-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('counts each status, and names skipped ones only where there are any', () => {
  expect(summary([passed, passed, failed])).toBe('2 passed, 1 failed');
  expect(summary([passed, skipped])).toBe('1 passed, 0 failed, 1 skipped');
});

test('succeeds where all passed', () => {
  expect(ending([passed, skipped])).toEqual({ code: 0, last: '1 passed, 0 failed, 1 skipped' });
});

test('fails where one failed', () => {
  expect(ending([passed, failed])).toEqual({ code: 1, last: '1 passed, 1 failed' });
});

test('fails where nothing ran', () => {
  expect(ending([])).toEqual({ code: 1, last: '0 passed, 0 failed' });
  expect(ending([skipped]).code).toBe(1);
});

test('a suite without a report has failed', () => {
  writeFileSync(join(folder, 'rust.results.json'), JSON.stringify([passed]));
  mkdirSync(join(folder, 'other'));
  expect(readAll(folder)).toEqual([passed]);
  expect(missing(['rust', 'vitest'], folder)).toMatchObject([{ name: 'vitest', status: 'failed' }]);
});
