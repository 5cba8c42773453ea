// What children print goes where the parent's output goes, and none of it is lost at their end.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { getStartMethod } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { run } from '../support/program';
import { threads } from '../support/start-method';

noLeaks();

const LINES = 5000;
const env = { ...process.env, TEST_START_METHOD: getStartMethod() };
const expected = Array.from({ length: LINES }, (_, i) => `line ${i} ${'.'.repeat(60)}`);

describe.each(['return', 'exit', 'throw', 'exit handler'])('a child that ends by %s', (way) => {
  test.each(threads ? ['fresh'] : ['fresh', 'spare'])('loses nothing of 5,000 lines: %s process', async (kind) => {
    const { stdout, stderr } = await run('printing', [way, kind, LINES]);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('line'))).toEqual(expected);
    expect(lines.at(-1)).toMatch(/^joined \d+$/);
    expect(stderr).toContain('on stderr');
  });
});

// A thread's error is printed from its stack alone.
test.skipIf(threads)('above the stack of what nobody catches stands the line as the user wrote it', async () => {
  const { stderr } = await run('uncaught');
  const [place, line, caret, , message] = stderr.split('\n');
  expect(place).toMatch(/uncaught\.mjs:6$/);
  expect(line.trim()).toBe("() => { setImmediate(() => { throw new Error('late'); }); }");
  expect(line.slice(caret.indexOf('^'))).toMatch(/^throw new Error/);
  expect(message).toBe('Error: late');
});

test('into a file it goes as well, and nothing is overwritten by anyone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stdio-'));
  try {
    const fd = openSync(join(folder, 'out'), 'a');
    const path = fileURLToPath(new URL('../fixtures/printing.mjs', import.meta.url));
    const program = spawn(process.execPath, [path, 'return', 'fresh', String(LINES)], {
      stdio: ['ignore', fd, fd],
      env,
    });
    closeSync(fd);
    await once(program, 'close');
    const lines = readFileSync(join(folder, 'out'), 'utf8').trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('line'))).toEqual(expected);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a reader that is slow loses nothing either', async () => {
  const path = fileURLToPath(new URL('../fixtures/printing.mjs', import.meta.url));
  const program = spawn(process.execPath, [path, 'exit', 'fresh', String(LINES)], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env,
  });
  let text = '';
  for await (const chunk of program.stdout.setEncoding('utf8')) {
    text += chunk;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(text.split('\n').filter((line) => line.startsWith('line'))).toEqual(expected);
});

test('output that nobody reads any more ends neither the parent nor joins that wait', async () => {
  const path = fileURLToPath(new URL('../fixtures/printing.mjs', import.meta.url));
  const program = spawn(process.execPath, [path, 'return', 'fresh', String(LINES)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  program.stdout.destroy();
  program.stderr.resume();
  const [, signal] = await once(program, 'exit');
  expect(signal).toBeNull();
});

test('tasks of a pool print on although nobody reads any more, as in `| head`', async () => {
  const path = fileURLToPath(new URL('../fixtures/printing-pool.mjs', import.meta.url));
  const { stderr } = await promisify(execFile)('sh', ['-c', '"$0" "$1" | head -c 1', process.execPath, path], { env });
  expect(JSON.parse(stderr)).toEqual({ same: true, died: 0 });
});
