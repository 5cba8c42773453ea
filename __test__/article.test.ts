// The five programs of the article run as they stand, and print what the article prints.
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const article = fileURLToPath(new URL('../examples/article/', import.meta.url));

/** The lines that a program prints; one that fails, or warns on stderr, fails the test. */
async function lines(program: string): Promise<string[]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [article + program], { timeout: 100_000 });
  expect(stderr).toBe('');
  expect(stdout.endsWith('\n')).toBe(true);
  return stdout.slice(0, -1).split('\n');
}

const byNumber = (a: number, b: number): number => a - b;

test('1: the CPU count', async () => {
  expect(await lines('1-cpu-count.mjs')).toEqual([`Number of cpu : ${cpus().length}`]);
});

test('2: squares and cubes, each in order, then Done', async () => {
  const printed = await lines('2-process.mjs');
  expect(printed.filter((line) => line.startsWith('square'))).toEqual([
    'square 4',
    'square 9',
    'square 64',
    'square 81',
  ]);
  expect(printed.filter((line) => line.startsWith('cube'))).toEqual(['cube 8', 'cube 27', 'cube 512', 'cube 729']);
  expect(printed.at(-1)).toBe('Done');
  expect(printed).toHaveLength(9);
});

test('3: three whole lines', async () => {
  expect((await lines('3-lock.mjs')).sort()).toEqual(['computer', 'mobile', 'tablet']);
});

test('4: eight squares from a queue read after its writers have ended', async () => {
  const printed = (await lines('4-queue.mjs')).join('\n');
  const numbers = (JSON.parse(printed) as number[]).sort(byNumber);
  expect(numbers).toEqual([4, 9, 16, 25, 36, 49, 64, 81]);
});

test('5: printed by the workers, returned by the map', async () => {
  const printed = await lines('5-pool.mjs');
  expect(printed.slice(0, 3).map(Number).sort(byNumber)).toEqual([3125, 16777216, 387420489]);
  expect(printed.slice(3).join('\n')).toBe('[ 3125, 387420489, 16777216 ]');
});
