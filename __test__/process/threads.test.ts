// What is particular to children that are threads: how they begin, and the ways to end that processes don't have.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { currentProcess, getContext, Lock, OwnerDiedError, parentProcess, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result, run } from '../support/program';

noLeaks();

const { Process, Pool } = getContext('thread');

const endless = () => {
  for (;;);
};

describe('while the event loop of the parent is blocked', () => {
  test('a thread starts, prints and ends; its output is there before that of the parent goes on', async () => {
    const { stdout, code } = await run('thread-output', ['blocked']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, -1)).toEqual(Array.from({ length: 2000 }, (_, i) => `line ${i}`));
    expect(lines.at(-1)).toBe('joined 0');
    expect(code).toBe(0);
  });

  test('threads of threads do, too', async () => {
    expect(await result('thread-output', ['nested'])).toBe('deepest, middle, 0');
  });
});

describe('a thread that can not begin', () => {
  const fixture = fileURLToPath(new URL('../fixtures/ends-threads.cjs', import.meta.url));
  const ways: [string, string[]][] = [
    ['a module loaded beforehand ends it', ['--require', fixture]],
    ['its heap is too small', ['--max-old-space-size=1']],
  ];

  test.each(ways)('is joined: %s', async (_, execArgv) => {
    const child = new Process({ target: () => {}, execArgv }).start();
    expect(await child.join()).toBeGreaterThan(0);
    expect(child.isAlive()).toBe(false);
  });

  test.each(ways)('is joined by a blocking call: %s', (_, execArgv) => {
    const child = new Process({ target: () => {}, execArgv }).start();
    expect(child.joinSync()).toBeGreaterThan(0);
  });

  test('gives back what was reserved for it, however often', () => {
    const refused = new Process({ target: () => {}, execArgv: ['--no-such-option'] });
    // More often than there are places in a tree.
    for (let i = 0; i < 400; i++) expect(() => refused.start()).toThrow(/no-such-option/);
    expect(new Process({ target: () => {} }).start().joinSync()).toBe(0);
  });
});

test('killed at any moment of its start: -9, and its place is given back', async () => {
  for (let i = 0; i < 60; i++) {
    const lock = new Lock();
    const child = new Process({ target: endless, args: [lock] as never }).start();
    if (i % 2 === 0) await sleep(i * 2);
    else for (const end = performance.now() + i * 2; performance.now() < end;);
    child.kill();
    expect(child.joinSync()).toBe(-9);
  }
});

test('terminate() and then kill(): the first one counts', async () => {
  const child = new Process({ target: endless }).start();
  child.terminate();
  child.kill();
  expect(await child.join()).toBe(-15);
});

test('a heap that runs out: the lock of the thread is told of, its task fails alone', async () => {
  const lock = new Lock();
  const target = (l: Lock) => {
    l.acquireSync();
    for (const all: unknown[] = []; ;) all.push(new Array(10_000).fill(all.length));
  };
  const child = new Process({ target, args: [lock], execArgv: ['--max-old-space-size=24'] }).start();
  expect(child.joinSync()).toBe(1);
  expect(child.error).toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY', message: expect.stringContaining(child.name) });
  await expect(lock.acquire()).rejects.toBeInstanceOf(OwnerDiedError);
  expect(lock.recover()).toBe(true);
  lock.release();
});

test('a thread that waits in native code without end is ended, and what it held is free', async () => {
  const held = new Lock();
  const said = new Queue<string>();
  const target = (l: Lock, q: Queue<string>, never: Queue) => {
    l.acquireSync();
    q.putSync('waiting');
    never.getSync();
  };
  const child = new Process({ target, args: [held, said, new Queue()] }).start();
  await said.get();
  const waiting = held.acquire();
  child.terminate();
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_OWNER_DIED', pid: process.pid });
  expect(await child.join()).toBe(-15);
  expect(held.recover()).toBe(true);
  held.release();
});

test('process.exit() in a task ends that worker alone', async () => {
  await using pool = new Pool(2);
  const others = pool.map((x) => x + 1, [1, 2, 3]);
  await expect(pool.apply(() => process.exit(3))).rejects.toMatchObject({
    code: 'ERR_WORKER_DIED',
    exitCode: 3,
    signal: null,
    pid: process.pid,
    message: expect.stringContaining('worker thread ThreadPoolWorker-'),
  });
  expect(await others).toEqual([2, 3, 4]);
});

test('a name that a thread gives to its parent is not its own', async () => {
  const answers = new Queue<string[]>();
  const target = (q: Queue<string[]>) => {
    parentProcess()!.name = 'renamed';
    q.putSync([parentProcess()!.name, currentProcess().name]);
  };
  await new Process({ target, args: [answers], name: 'child' }).start().join();
  expect(answers.getSync()).toEqual(['renamed', 'child']);
});

test('closures are copied, as into a process', async () => {
  const counter = { n: 0 };
  const answers = new Queue<number>();
  const child = new Process({ target: (q: Queue<number>) => q.putSync(++counter.n), args: [answers] }).start();
  expect(await child.join()).toBe(0);
  expect(answers.getSync()).toBe(1);
  expect(counter.n).toBe(0);
});
