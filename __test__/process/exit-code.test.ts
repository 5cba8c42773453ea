// Every way to end, and the exit code that the parent sees.
import { describe, expect, test } from 'vitest';
import { Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { threads } from '../support/start-method';

noLeaks();

const codeOf = (target: () => unknown) => new Process({ target }).start().join();

/** What a thread can't do without its whole process. */
const ofProcesses: [name: string, code: number, target: () => unknown][] = [
  ['aborts', -6, () => process.abort()],
  [
    'segfaults',
    -11,
    () => {
      process.kill(process.pid, 'SIGSEGV');
      for (;;);
    },
  ],
  [
    'kills itself',
    -9,
    () => {
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    },
  ],
];

const endings: [name: string, code: number, target: () => unknown][] = [
  ['returns', 0, () => {}],
  ['returns a value', 0, () => 42],
  ['gives a promise', 0, async () => 'value'],
  ['calls process.exit()', 0, () => process.exit()],
  ['calls process.exit(0)', 0, () => process.exit(0)],
  ['calls process.exit(8)', 8, () => process.exit(8)],
  ['calls process.exit(255)', 255, () => process.exit(255)],
  ['calls process.exit(-1)', 255, () => process.exit(-1)],
  ["calls process.exit('4')", 4, () => process.exit('4')],
  ['sets process.exitCode', 5, () => void (process.exitCode = 5)],
  [
    'throws',
    1,
    () => {
      throw new Error('x');
    },
  ],
  [
    'throws what is no error',
    1,
    () => {
      throw null;
    },
  ],
  [
    'rejects',
    1,
    async () => {
      throw new Error('x');
    },
  ],
  [
    'throws from a timer',
    1,
    () =>
      void setTimeout(() => {
        throw new Error('x');
      }, 1),
  ],
  ['leaves a rejection unhandled', 1, () => void Promise.reject(new Error('x'))],
  [
    'overflows its stack',
    1,
    function deep(): unknown {
      return [deep()];
    },
  ],
  ['calls process.exit() in a timer', 6, () => void setTimeout(() => process.exit(6), 1)],
  ['calls process.exit() in an exit handler', 9, () => void process.on('exit', () => process.exit(9))],
  ['sets process.exitCode in an exit handler', 7, () => void process.on('exit', () => (process.exitCode = 7))],
  [
    'throws in an exit handler',
    1,
    () =>
      void process.on('exit', () => {
        throw new Error('x');
      }),
  ],
];

test.each(threads ? endings : [...endings, ...ofProcesses])('a child that %s: %i', async (_, code, target) => {
  expect(await codeOf(target)).toBe(code);
});

test('a promise that never settles keeps nothing alive: the loop is empty, as in a program of its own', async () => {
  // Node ends such a program with 13 (unsettled top-level await) only for a module's own await; ours is not one.
  expect(await codeOf(() => new Promise(() => {}))).toBe(0);
});

test('a heap that runs out ends that child alone: a process by SIGABRT, a thread with 1 and an error', async () => {
  const target = () => {
    const all: unknown[] = [];
    for (;;) all.push(new Array(10_000).fill(all.length));
  };
  const child = new Process({ target, execArgv: ['--max-old-space-size=24'] }).start();
  expect(await child.join()).toBe(threads ? 1 : -6);
  if (threads) expect(child.error).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
  expect(await codeOf(() => {})).toBe(0);
});

describe('signals from the parent', () => {
  /** A child that says when its target runs, busy in a loop or waiting. */
  async function running(way: 'busy' | 'blocked' | 'idle'): Promise<Process> {
    const said = new Queue<string>();
    const target = (q: Queue<string>, never: Queue, how: string) => {
      q.putSync('running');
      if (how === 'busy') for (;;);
      if (how === 'blocked') never.getSync();
      setInterval(() => {}, 1000);
    };
    const child = new Process({ target, args: [said, new Queue(), way] }).start();
    await said.get();
    return child;
  }

  describe.each(['busy', 'blocked', 'idle'] as const)('to a child that is %s', (way) => {
    test('terminate(): -15', async () => {
      const child = await running(way);
      child.terminate();
      expect(await child.join()).toBe(-15);
      expect(child.exitCode).toBe(-15);
    });

    test('kill(): -9', async () => {
      const child = await running(way);
      child.kill();
      expect(await child.join()).toBe(-9);
      expect(child.isAlive()).toBe(false);
    });

    test('interrupt(): -2', async () => {
      const child = await running(way);
      child.interrupt();
      expect(await child.join()).toBe(-2);
    });
  });

  // terminate() is no signal to a thread: it is ended, whatever it listens for.
  test.skipIf(threads)('a child that handles a signal decides itself', async () => {
    const said = new Queue<string>();
    const target = (q: Queue<string>) => {
      const timer = setInterval(() => {}, 1000);
      process.on('SIGINT', () => q.putSync('SIGINT'));
      process.on('SIGTERM', () => {
        q.putSync('SIGTERM');
        clearInterval(timer);
        process.exitCode = 3;
      });
      q.putSync('ready');
    };
    const child = new Process({ target, args: [said] }).start();
    expect(await said.get()).toBe('ready');
    child.interrupt();
    expect(await said.get()).toBe('SIGINT');
    expect(child.isAlive()).toBe(true);
    child.terminate();
    expect(await said.get()).toBe('SIGTERM');
    expect(await child.join()).toBe(3);
  });

  test('a child that has only just been started is killed, too', async () => {
    const children = Array.from({ length: 5 }, () =>
      new Process({
        target: () => {
          for (;;);
        },
      }).start(),
    );
    for (const child of children) child.terminate();
    for (const child of children) expect(await child.join()).toBe(-15);
    const child = new Process({ target: () => {} }).start();
    child.kill();
    expect(await child.join()).toBe(-9);
  });

  test('a child that handles SIGINT decides itself', async () => {
    const said = new Queue<string>();
    const target = (q: Queue<string>) => {
      const timer = setInterval(() => {}, 1000);
      process.once('SIGINT', (signal) => {
        process.once('SIGINT', () => process.exit(4));
        q.putSync(signal);
      });
      q.putSync('ready');
      return timer;
    };
    const child = new Process({ target, args: [said] }).start();
    expect(await said.get()).toBe('ready');
    child.interrupt();
    expect(await said.get()).toBe('SIGINT');
    expect(child.isAlive()).toBe(true);
    child.interrupt();
    expect(await child.join()).toBe(4);
  });

  // Nobody else can end a thread.
  test.skipIf(threads)('a signal from elsewhere is seen as well', async () => {
    const child = await running('blocked');
    process.kill(child.pid!, 'SIGKILL');
    expect(await child.join()).toBe(-9);
  });
});
