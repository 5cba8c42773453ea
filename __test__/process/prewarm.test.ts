// Spare processes: booted beforehand, used by the next starts, gone when nobody wants them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configure, prewarm, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { childrenOf, runs } from '../support/proc';
import { Program, result } from '../support/program';
import { until } from '../support/until';

noLeaks();

let before: number[];
beforeEach(() => (before = childrenOf(process.pid)));
const spares = () => childrenOf(process.pid).filter((pid) => !before.includes(pid) && runs(pid));
/** Nobody takes the spares of a test over into the next one. */
afterEach(async () => {
  for (const pid of spares()) process.kill(pid, 'SIGKILL');
  await until('no spare is left', () => spares().length === 0);
});

test('boots as many as asked for, and a start uses one', async () => {
  await prewarm(2);
  const booted = spares();
  expect(booted).toHaveLength(2);
  const children = [1, 2].map(() => new Process({ target: () => {} }).start());
  expect(children.map((child) => child.pid).sort()).toEqual(booted.sort());
  for (const child of children) expect(await child.join()).toBe(0);
});

test('settles although a start takes what it waits for', async () => {
  const warm = prewarm(1);
  const child = new Process({ target: () => {} }).start();
  await warm;
  expect(await child.join()).toBe(0);
});

test('asked again boots only what is missing', async () => {
  await prewarm(1);
  await prewarm(2);
  await prewarm(2);
  await prewarm(0);
  expect(spares()).toHaveLength(2);
});

test('a start that no spare fits is a fresh process', async () => {
  await prewarm(1);
  const booted = spares();
  const child = new Process({ target: () => {}, execArgv: ['--expose-gc'] }).start();
  expect(booted).not.toContain(child.pid);
  expect(await child.join()).toBe(0);
  expect(spares()).toEqual(booted);
  const other = new Process({ target: () => {}, env: { NODE_OPTIONS: '--no-warnings' } }).start();
  expect(booted).not.toContain(other.pid);
  expect(await other.join()).toBe(0);
});

test('a spare that was killed is not used: the start works', async () => {
  await prewarm(2);
  const booted = spares();
  for (const pid of booted) process.kill(pid, 'SIGKILL');
  await until('they are reaped', () => !childrenOf(process.pid).some((pid) => booted.includes(pid)));
  const children = [1, 2].map(() => new Process({ target: () => process.exit(3) }).start());
  for (const child of children) expect(await child.join()).toBe(3);
});

test('a spare that is being killed while it is taken does not hang anybody', async () => {
  for (let round = 0; round < 5; round++) {
    await prewarm(1);
    const [pid] = spares();
    process.kill(pid, 'SIGKILL');
    const child = new Process({ target: () => {} }).start();
    expect([0, -9]).toContain(await child.join());
  }
});

test('modules to preload are imported beforehand', async () => {
  const module = pathToFileURL(new URL('../fixtures/preloaded.mjs', import.meta.url).pathname).href;
  await prewarm(1, { preload: [module] });
  const loaded = new Queue<number>();
  const target = (q: Queue<number>) => q.putSync((globalThis as any).preloadedAt ?? 0);
  const begun = Date.now();
  const child = new Process({ target, args: [loaded] }).start();
  const at = await loaded.get();
  expect(at).toBeGreaterThan(0);
  expect(at).toBeLessThanOrEqual(begun);
  expect(await child.join()).toBe(0);
});

describe('wrong arguments', () => {
  test.each([-1, 1.5, NaN, '2', undefined])('prewarm(%s) rejects and boots nothing', async (count) => {
    await expect(prewarm(count as never)).rejects.toThrow(/count/);
    expect(spares()).toHaveLength(0);
  });

  test.each([
    ['preload', 'module'],
    ['preload', [5]],
  ])('%s: %s', async (name, value) => {
    await expect(prewarm(1, { [name]: value } as never)).rejects.toThrow(TypeError);
    expect(spares()).toHaveLength(0);
  });
});

describe('configure()', () => {
  test('spares: after a start that many are kept', async () => {
    configure({ spares: 1 });
    try {
      expect(await new Process({ target: () => {} }).start().join()).toBe(0);
      await until('one spare is kept', () => spares().length === 1);
    } finally {
      configure({ spares: 0 });
    }
  });

  test('spareIdle: a spare that nobody wants ends after that time', async () => {
    configure({ spareIdle: 300 });
    try {
      await prewarm(1);
      await until('the idle spare has ended', () => spares().length === 0);
      expect(await new Process({ target: () => {} }).start().join()).toBe(0);
    } finally {
      configure({ spareIdle: 10_000 });
    }
  });
});

describe('in a program', () => {
  test('spares do not keep it alive, and end with it', async () => {
    const program = new Program('spares', ['idle']);
    expect(await program.json()).toBe(3);
    expect((await program.ended).code).toBe(0);
    await program.gone();
  });

  test('a spare has the stdout that its parent has at start()', async () => {
    const program = new Program('spares', ['printing']);
    const { stdout, code } = await program.ended;
    expect(stdout).toBe('printed by a spare\n');
    expect(code).toBe(0);
  });

  test('starts in a row use the spare that is kept', async () => {
    const { spareUsed, codes } = await result('spares', ['row']);
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(spareUsed).toBeGreaterThan(0);
  });
});

test('a package is looked for from the main script, also where this one is a link to elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'preload-'));
  try {
    mkdirSync(join(folder, 'node_modules/of-the-program'), { recursive: true });
    symlinkSync(fileURLToPath(new URL('../..', import.meta.url)), join(folder, 'node_modules/multiproc'));
    writeFileSync(join(folder, 'node_modules/of-the-program/index.js'), 'globalThis.loadedBeforehand = true;');
    writeFileSync(
      join(folder, 'main.mjs'),
      `import { prewarm, Process } from 'multiproc';
      await prewarm(1, { preload: ['of-the-program'] });
      await new Process({ target: () => console.log(globalThis.loadedBeforehand) }).start().join();`,
    );
    const printed = execFileSync(process.execPath, [join(folder, 'main.mjs')], { cwd: tmpdir(), encoding: 'utf8' });
    expect(printed).toBe('true\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a module that cannot be imported beforehand is named', async () => {
  const refused = prewarm(1, { preload: ['node:path', 'no-such-package-anywhere'] });
  await expect(refused).rejects.toThrow(/options\.preload\[1\] \('no-such-package-anywhere'\) can't be imported: /);
});
