/** Each file of ./cases is a program that sends functions to another process; each of its cases is a test here. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const directory = fileURLToPath(new URL('./cases/', import.meta.url));

interface Result {
  readonly name: string;
  /** '' where it is as it should be. */
  readonly problem: string;
}

async function run(file: string): Promise<{ results: Result[]; stderr: string }> {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '' };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${directory}${file}`], {
    env,
    timeout: 100_000,
  });
  return { results: JSON.parse(stdout) as Result[], stderr };
}

const files = readdirSync(directory).filter((name) => /\.[mc]js$/.test(name));
const runs = await Promise.all(files.map(async (file) => ({ file, ...(await run(file)) })));

describe.each(runs)('$file', ({ results, stderr }) => {
  it('prints nothing to stderr', () => {
    // Importing JSON is an experiment of older Nodes, and the program's own.
    expect(stderr.replace(/^.*(?:Importing JSON modules|Use `node --trace-warnings).*\n/gm, '')).toBe('');
  });

  it.each(results)('$name', ({ problem }) => expect(problem).toBe(''));
});

it('the table is whole', () => {
  expect(runs.reduce((sum, { results }) => sum + results.length, 0)).toBeGreaterThan(180);
});
