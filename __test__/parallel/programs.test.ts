// Programs that compare kernels with V8, in their short forms; their heads say how the long ones are run.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const run = promisify(execFile);

/** What a program of ./programs prints, and whether it ended well. */
async function program(name: string, ...args: unknown[]): Promise<{ ok: boolean; output: string }> {
  const path = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '' };
  try {
    const { stdout } = await run(process.execPath, [path, ...args.map(String)], { env, timeout: 110_000 });
    return { ok: true, output: stdout };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, output: `${stdout}${stderr}` };
  }
}

test('every operation has the bits of this V8', async () => {
  const { ok, output } = await program('exact', 20_000);
  expect(output).toMatch(/ 0 failed/);
  expect(ok).toBe(true);
});

describe('random programs', () => {
  test('have the bits of this V8', async () => {
    const { ok, output } = await program('fuzz', 120, Date.now() % 1_000_000_007);
    expect(output).toMatch(/ 0 different/);
    expect(ok).toBe(true);
  });

  test('show a planted bug', async () => {
    const { ok, output } = await program('fuzz', 200, 7, 'bug');
    expect(ok).toBe(false);
    expect(output).toMatch(/ [1-9]\d* different/);
  });
});

describe('the functions of Math', () => {
  const choices = async (exports: number, ports: number) =>
    JSON.parse((await program('origins', exports, ports)).output) as Record<string, string> & {
      origins: Record<string, string>;
      blocks: string[];
    };

  test("are V8's own where they are exported", async () => {
    const found = await choices(1, 1);
    expect(found).toMatchObject({ sin: 'same', pow: 'same', log: 'same', sqrt: 'same' });
    expect(found.origins['Math.sin']).toBe('export');
    expect(Object.keys(found.origins)).toHaveLength(21);
    // Math.pow too where V8's is fdlibm's, up to Node 22.
    expect(found.blocks).toEqual(expect.arrayContaining(['Math.cos', 'Math.exp', 'Math.log', 'Math.sin']));
  });

  test('are ports where those give the same, or refused', async () => {
    const found = await choices(0, 1);
    expect(Object.values(found.origins)).not.toContain('export');
    for (const name of found.blocks) expect(found.origins[name]).toBe('port');
    for (const [name, outcome] of [
      ['Math.sin', found.sin],
      ['Math.log', found.log],
      ['Math.pow', found.pow],
    ]) {
      // prettier-ignore
      expect(outcome).toMatch(name in found.origins ? /^same$/ : /^ERR_KERNEL .*nothing here gives the bits/);
    }
    expect(found.sqrt).toBe('same');
  });

  test('are refused where nothing gives the same', async () => {
    const found = await choices(0, 0);
    expect(found).toMatchObject({ origins: {}, blocks: [] });
    for (const name of ['sin', 'log', 'pow']) expect(found[name]).toMatch(/^ERR_KERNEL .*nothing here gives the bits/);
    expect(found.sqrt).toBe('same');
  });
});
