// What V8 has compiled of the core is kept for those that start later.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const internals = fileURLToPath(new URL('../../dist/internals.js', import.meta.url));
const index = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** What a program prints as JSON. `took(options)` is whether a process or thread of its own took what was kept. */
function run(program: string, env: NodeJS.ProcessEnv = {}): unknown {
  const text = `
    const { Process, Queue, getContext, configure } = require(${JSON.stringify(index)});
    const { native, compiledCore } = require(${JSON.stringify(internals)});
    configure({ spares: 0 });
    async function took(options, context = getContext('spawn')) {
      const answers = new Queue();
      const target = (answers, file) => answers.putSync(require(file).tookKeptCode());
      const child = new context.Process({ target, args: [answers, ${JSON.stringify(internals)}], ...options });
      child.start();
      await child.join();
      return child.exitCode === 0 ? answers.getNoWait() : child.exitCode;
    }
    (async () => console.log(JSON.stringify(await (async () => { ${program} })())))();`;
  const output = execFileSync(process.execPath, ['-e', text], { encoding: 'utf8', env: { ...process.env, ...env } });
  return JSON.parse(output);
}

it('a process and a thread take it', () => {
  expect(run(`return [await took(), await took({}, getContext('thread'))]`)).toEqual([true, true]);
});

it('those with other options of V8 compile it anew', () => {
  expect(run(`return [await took(), await took({ execArgv: ['--stack-size=1200'] })]`)).toEqual([true, false]);
});

it('what is no compiled code is not taken', () => {
  const program = `
    const garbage = compiledCore().fill(7, 100);
    return [native.codeKeep(new Uint8Array(5000).fill(1)), native.codeKeep(garbage), await took()];`;
  expect(run(program)).toEqual([true, false, false]);
});

it('only the first process of a tree keeps it', () => {
  const program = `
    const answers = new Queue();
    const target = (answers, file) => answers.putSync(require(file).native.codeKeep(new Uint8Array(8)));
    await new Process({ target, args: [answers, ${JSON.stringify(internals)}] }).start().join();
    return answers.getNoWait();`;
  expect(run(program)).toBe(false);
});

it('where coverage is reported, the core is loaded as any module', () => {
  const folder = mkdtempSync(join(tmpdir(), 'multiproc-coverage-'));
  try {
    const answer = run('return [compiledCore() === undefined, await took()]', { NODE_V8_COVERAGE: folder });
    expect(answer).toEqual([true, false]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('the text of the core is what it is in its sources', () => {
  const { path, message } = run(`
    const error = (() => { try { new Queue().putSync([{ f: process.stdin }]); } catch (error) { return error; } })();
    return { path: error.path, message: error.message };
  `) as { path: string; message: string };
  const reached = run(`
    const stays = new Promise(() => {});
    const error = (() => { try { new Queue().putSync(() => stays); } catch (error) { return error; } })();
    return error.message;
  `);
  expect(path).toMatch(/^item\[0\]\.f/);
  expect(message).toContain(path);
  expect(reached).toContain('→ variable');
  for (const file of readdirSync(dirname(index)).filter((name) => name.endsWith('.js'))) {
    expect(
      readFileSync(join(dirname(index), file)).every((byte) => byte < 128),
      file,
    ).toBe(true);
  }
});
