/** Without an inspector nothing arrives that would give another value: what can't be told is refused, by name. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const path = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

async function node(args: readonly string[]): Promise<unknown> {
  const env = { ...process.env, NODE_OPTIONS: '', MULTIPROC_NO_INSPECTOR: '1' };
  const all = ['--require', path('support/no-inspector.cjs'), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, all, { env, timeout: 100_000 });
  return JSON.parse(stdout) as unknown;
}

it.each(['variables.mjs', 'kinds.mjs', 'commonjs.cjs', 'stacks.mjs'])(
  'the cases of %s',
  async (file) => {
    const results = (await node([path(`cases/${file}`)])) as { name: string; problem: string }[];
    expect(results.length).toBeGreaterThan(5);
    expect(results.filter(({ problem }) => problem !== '')).toEqual([]);
  },
  120_000,
);

it('names what it can not see, and says what it takes', async () => {
  const program = `(() => {
    const { encode, decode } = require(${JSON.stringify(path('../../dist/internals.js'))});
    const Math = { sqrt: () => 'mine' };
    let self = function again(n) { return n; };
    const outcome = (fn, ...args) => {
      try { return decode(encode(fn, 'fn').bytes)(...args); }
      catch (error) { return /variable '\\w+'|own name '\\w+'|strict code/.exec(error.message)?.[0] + ' ' + error.message.includes('--allow-inspector'); }
    };
    console.log(JSON.stringify([
      outcome((x) => Math.sqrt(x), 4),
      outcome(function f(n) { return n === 0 ? 0 : f(n - 1); }, 3),
      outcome((o) => { try { o.a = 2; return 'sloppy'; } catch { return 'strict'; } }, Object.freeze({ a: 1 })),
      outcome((a, { b }, ...c) => [a, b, c.length], 1, { b: 2 }, 3),
      outcome(function (a) { return a * 2; }, 4),
      outcome(self, 5),
    ]));
  })()`;
  expect(await node(['-e', program])).toEqual([
    "variable 'Math' true",
    "own name 'f' true",
    'strict code true',
    [1, 2, 1],
    8,
    5,
  ]);
});
