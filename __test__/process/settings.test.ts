// env, cwd, execArgv, argv and stdin of a child; with a fresh process and with a spare.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { prewarm, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';
import { until } from '../support/until';
import { childrenOf } from '../support/proc';
import { threads } from '../support/start-method';

noLeaks();

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'settings-')));
afterAll(() => rmSync(folder, { recursive: true }));

type Settings = Omit<NonNullable<ConstructorParameters<typeof Process>[0]>, 'target' | 'args'>;

/** What `look` gives in a child with those settings. */
async function inChild<T>(look: () => T, settings: Settings = {}): Promise<T> {
  const answers = new Queue<T>();
  // The function travels as an argument does.
  const target = (q: Queue<T>, f: () => T) => q.putSync(f());
  const child = new Process({ ...settings, target, args: [answers, look] }).start();
  expect(await child.join()).toBe(0);
  return answers.getSync();
}

describe.each(threads ? ['a thread'] : ['a fresh process', 'a spare'])('%s', (kind) => {
  /** Boots a spare where the case wants one, and says afterwards that it was used. */
  async function prepared<T>(work: () => Promise<T>): Promise<T> {
    if (kind !== 'a spare') return work();
    const before = childrenOf(process.pid);
    await prewarm(1);
    const spares = childrenOf(process.pid).filter((pid) => !before.includes(pid));
    const value = await work();
    await until('the spare was used up', () => spares.every((pid) => !childrenOf(process.pid).includes(pid)));
    return value;
  }

  test('has the environment of its parent at start()', async () => {
    process.env.SETTINGS_TEST = 'at start';
    const env = await prepared(() => inChild(() => ({ ...process.env })));
    delete process.env.SETTINGS_TEST;
    expect(env.SETTINGS_TEST).toBe('at start');
    expect(env.PATH).toBe(process.env.PATH);
  });

  test('does not see what the parent has removed or set since', async () => {
    process.env.SETTINGS_GONE = 'gone';
    const env = await prepared(async () => {
      delete process.env.SETTINGS_GONE;
      const answer = inChild(() => ({ ...process.env }));
      process.env.SETTINGS_LATE = 'late';
      return answer;
    });
    delete process.env.SETTINGS_LATE;
    expect(env).not.toHaveProperty('SETTINGS_GONE');
    expect(env).not.toHaveProperty('SETTINGS_LATE');
  });

  test('has the environment it was given instead, whole', async () => {
    const env = await prepared(() =>
      inChild(() => ({ ...process.env }), { env: { ONLY: 'this', EMPTY: '', NOT: undefined } }),
    );
    // A loader may add variables of its own; of the parent's there are none.
    expect(env).toMatchObject({ ONLY: 'this', EMPTY: '' });
    expect(env).not.toHaveProperty('NOT');
    expect(env).not.toHaveProperty('PATH');
  });

  test('has the parent’s working directory at start(), or the one it was given', async () => {
    expect(await prepared(() => inChild(() => process.cwd()))).toBe(process.cwd());
    if (threads) return;
    expect(await prepared(() => inChild(() => process.cwd(), { cwd: folder }))).toBe(folder);
  });

  test('has the parent’s arguments', async () => {
    expect(await prepared(() => inChild(() => process.argv))).toEqual(process.argv);
  });

  test('finds stdin at its end', async () => {
    const answers = new Queue<number>();
    const target = async (q: Queue<number>) => {
      let bytes = 0;
      for await (const chunk of process.stdin) bytes += (chunk as Buffer).length;
      q.putSync(bytes);
    };
    const child = await prepared(async () => new Process({ target, args: [answers] }).start());
    expect(await child.join()).toBe(0);
    expect(answers.getSync()).toBe(0);
  });

  // Threads share the descriptors of their process.
  test.skipIf(threads)('has descriptor 0 at its end', async () => {
    expect(await prepared(() => inChild(() => process.getBuiltinModule('node:fs').readFileSync(0).length))).toBe(0);
  });
});

test.skipIf(threads)(
  'a relative cwd is looked up from the directory that its parent is in at start(), also for a spare',
  async () => {
    mkdirSync(join(folder, 'inner'));
    const before = process.cwd();
    await prewarm(1); // it has booted elsewhere
    process.chdir(folder);
    try {
      expect(await inChild(() => process.cwd(), { cwd: 'inner' })).toBe(join(folder, 'inner'));
    } finally {
      process.chdir(before);
    }
  },
);

test.runIf(threads)('another cwd than that of the process is refused at once: its threads share it', () => {
  expect(() => new Process({ target: () => {}, cwd: folder })).toThrow(
    expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', message: expect.stringContaining(folder) }),
  );
});

test.skipIf(threads)(
  'a cwd that is no directory is refused by start(): nothing was started, and it may be tried again',
  async () => {
    const path = join(folder, 'later');
    const child = new Process({ target: () => {}, cwd: path });
    expect(() => child.start()).toThrow(
      expect.objectContaining({ code: 'ENOENT', message: expect.stringContaining('options.cwd: no such directory') }),
    );
    writeFileSync(path, '');
    expect(() => child.start()).toThrow(
      expect.objectContaining({ code: 'ENOTDIR', message: expect.stringContaining(path) }),
    );
    expect(child.pid).toBeUndefined();
    rmSync(path);
    mkdirSync(path);
    expect(await child.start().join()).toBe(0);
  },
);

describe('execArgv', () => {
  test('is what it was given', async () => {
    const look = () => [process.execArgv.join(' '), typeof (globalThis as any).gc];
    expect(await inChild(look, { execArgv: ['--no-warnings', '--throw-deprecation'] })).toEqual([
      '--no-warnings --throw-deprecation',
      'undefined',
    ]);
    expect(await inChild(look, { execArgv: [] })).toEqual(['', 'undefined']);
    // An option of V8 for the whole process.
    if (threads) return;
    expect(await inChild(look, { execArgv: ['--expose-gc'] })).toEqual(['--expose-gc', 'function']);
  });

  // A thread has the options of its process.
  test.skipIf(threads)('is inherited, without what is for the parent alone', async () => {
    const { execArgv, hasGc } = await result('exec-argv', [], {
      execArgv: ['--expose-gc', '--inspect=0', '--no-warnings', '--inspect-port', '0'],
    });
    expect(execArgv).toEqual(['--expose-gc', '--no-warnings']);
    expect(hasGc).toBe(true);
  });

  test('may forbid to make code from text: functions travel all the same', async () => {
    const execArgv = ['--disallow-code-generation-from-strings'];
    expect(await result('no-code-from-text', [], { execArgv })).toEqual([{ product: 3 }, { product: 6 }]);
  });

  test('with an option that Node does not know ends the child, with its error; a thread is not started', async () => {
    const child = new Process({ target: () => {}, execArgv: ['--no-such-option'] });
    if (threads) {
      expect(() => child.start()).toThrow(expect.objectContaining({ code: 'ERR_WORKER_INVALID_EXEC_ARGV' }));
      expect(child.isAlive()).toBe(false);
    } else {
      expect(await child.start().join()).toBe(9);
    }
  });
});
