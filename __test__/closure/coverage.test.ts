/** What NODE_V8_COVERAGE, and with it c8, reports of functions that run in other processes and threads. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const program = fileURLToPath(new URL('./programs/coverage.mjs', import.meta.url));
const source = readFileSync(program, 'utf8');

interface Script {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { startOffset: number; endOffset: number; count: number }[];
  }[];
}

/** Runs the program and gives the reports of its file, one list for each process and thread. */
async function reports(startMethod: string): Promise<Script[][]> {
  const directory = mkdtempSync(join(tmpdir(), 'multiproc-coverage-'));
  try {
    const env = { ...process.env, NODE_OPTIONS: '', NODE_V8_COVERAGE: directory };
    const { stderr } = await promisify(execFile)(process.execPath, [program, startMethod], { env, timeout: 100_000 });
    expect(stderr).toBe('');
    return readdirSync(directory).map((file) => {
      const { result } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as { result: Script[] };
      return result.filter(({ url }) => url.endsWith('/programs/coverage.mjs'));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** How often each character of the file ran: in each script the innermost range counts. */
function countsOf(scripts: readonly Script[]): Uint32Array {
  const sum = new Uint32Array(source.length);
  for (const { functions } of scripts) {
    const own = new Uint32Array(source.length);
    const ranges = functions.flatMap((fn) => fn.ranges);
    ranges.sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
    for (const { startOffset, endOffset, count } of ranges) own.fill(count, startOffset, endOffset);
    for (let i = 0; i < sum.length; i++) sum[i]! += own[i]!;
  }
  return sum;
}

/** Lines of which nothing ran, but those that only close a block. */
function linesNotRun(scripts: readonly Script[]): string[] {
  const counts = countsOf(scripts);
  let at = 0;
  return source.split('\n').filter((line) => {
    const begin = at + line.search(/\S|$/);
    const end = at + line.length;
    at = end + 1;
    return /[^\s}]/.test(line) && counts.subarray(begin, end).every((count) => count === 0);
  });
}

describe.each(['spawn', 'thread'])('%s', (startMethod) => {
  let found: Script[][] = [];
  beforeAll(async () => {
    found = await reports(startMethod);
  });

  it('names the lines that have not run, wherever the others ran, and no more', () => {
    expect(found.filter((scripts) => scripts.length > 0).length).toBeGreaterThan(2);
    expect(linesNotRun(found.flat()).map((line) => line.trim())).toEqual([
      "return 'not there';",
      'function never(n) {',
      'return n * 2;',
      'unused() {',
      'return 0;',
      'never(1);',
      'never(2);',
      'notBack() {',
      'return 2;',
    ]);
  });

  it('counts a function by its own range, so that reports of several processes are added', () => {
    const text = /function onlyThere[^]*?\n}/.exec(source)!;
    const own = found
      .flat()
      .flatMap(({ functions }) => functions.filter(({ functionName }) => functionName === 'onlyThere'));
    expect(own.length).toBeGreaterThan(1);
    for (const { ranges } of own) {
      expect(ranges[0]).toMatchObject({ startOffset: text.index, endOffset: text.index + text[0].length });
    }
    expect(own.reduce((sum, { ranges }) => sum + ranges[0]!.count, 0)).toBe(3);
  });

  it('names nothing that is not in the file', () => {
    for (const { functions } of found.flat()) {
      for (const { functionName, ranges } of functions) {
        expect(functionName).not.toContain('mp$');
        for (const { startOffset, endOffset } of ranges) {
          expect(startOffset).toBeLessThan(endOffset);
          expect(endOffset).toBeLessThanOrEqual(source.length);
        }
      }
    }
  });
});
