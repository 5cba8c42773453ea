// close(): not while it runs; afterwards every use but close() is an error.
import { describe, expect, test } from 'vitest';
import { Process, ProcessError, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

test('throws while the process runs, which is not disturbed', async () => {
  const queue = new Queue();
  const child = new Process({ target: (q: Queue) => void q.getSync(), args: [queue] }).start();
  expect(() => child.close()).toThrow(ProcessError);
  expect(() => child.close()).toThrow(/runs/);
  expect(child.isAlive()).toBe(true);
  queue.putSync('end');
  expect(await child.join()).toBe(0);
  child.close();
});

describe('a closed process', () => {
  const uses: Record<string, (process: Process) => unknown> = {
    start: (child) => child.start(),
    joinSync: (child) => child.joinSync(),
    isAlive: (child) => child.isAlive(),
    terminate: (child) => child.terminate(),
    kill: (child) => child.kill(),
    interrupt: (child) => child.interrupt(),
    pid: (child) => child.pid,
    exitCode: (child) => child.exitCode,
    error: (child) => child.error,
    sentinel: (child) => child.sentinel,
    name: (child) => child.name,
    daemon: (child) => child.daemon,
    'name =': (child) => void (child.name = 'other'),
    'daemon =': (child) => void (child.daemon = true),
  };

  test.each(Object.keys(uses))('%s throws', async (use) => {
    const child = new Process({ target: () => {} }).start();
    await child.join();
    child.close();
    expect(() => uses[use](child)).toThrow(ProcessError);
    expect(() => uses[use](child)).toThrow(/closed/);
  });

  test('join() rejects', async () => {
    const child = new Process({ target: () => {} }).start();
    await child.join();
    child.close();
    await expect(child.join()).rejects.toThrow(/closed/);
  });

  test('close() and disposal do nothing', async () => {
    const child = new Process({ target: () => {} }).start();
    await child.join();
    child.close();
    child.close();
    await child[Symbol.asyncDispose]();
  });
});

test('a process that was never started can be closed, and not started then', () => {
  const child = new Process({ target: () => {} });
  child.close();
  expect(() => child.start()).toThrow(/closed/);
});
