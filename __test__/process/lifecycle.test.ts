// A process before, during and after its run, as its parent sees it.
import { describe, expect, test } from 'vitest';
import { activeChildren, currentProcess, Process, Queue, configure } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { runs } from '../support/proc';
import { result } from '../support/program';
import { threads } from '../support/start-method';

noLeaks();

const wait = (q: Queue) => void q.getSync();

describe('before start()', () => {
  test('there is no pid, no exit code, no life, no error', () => {
    const child = new Process({ target: wait, args: [new Queue()] });
    expect(child.pid).toBeUndefined();
    expect(child.exitCode).toBeNull();
    expect(child.isAlive()).toBe(false);
    expect(child.error).toBeUndefined();
    expect(activeChildren()).not.toContain(child);
  });
});

describe('while it runs', () => {
  test('it has a pid, of its own or for a thread that of this process, no exit code, and is among the active children', async () => {
    const queue = new Queue();
    const child = new Process({ target: wait, args: [queue] });
    expect(child.start()).toBe(child);
    expect(child.pid).toBeGreaterThan(0);
    expect(child.pid === process.pid).toBe(threads);
    expect(runs(child.pid!)).toBe(true);
    expect(child.exitCode).toBeNull();
    expect(child.isAlive()).toBe(true);
    expect(activeChildren()).toContain(child);
    queue.putSync('end');
    expect(await child.join()).toBe(0);
  });

  test('join() with a timeout gives null, and the process runs on', async () => {
    const queue = new Queue();
    const child = new Process({ target: wait, args: [queue] }).start();
    expect(await child.join({ timeout: 0 })).toBeNull();
    expect(await child.join({ timeout: 20 })).toBeNull();
    expect(child.joinSync({ timeout: 0 })).toBeNull();
    expect(child.joinSync({ timeout: 20 })).toBeNull();
    expect(child.isAlive()).toBe(true);
    queue.putSync('end');
    expect(await child.join()).toBe(0);
  });

  test('an aborted join() rejects with the reason, and the process runs on', async () => {
    const queue = new Queue();
    const child = new Process({ target: wait, args: [queue] }).start();
    const controller = new AbortController();
    const joining = child.join({ signal: controller.signal });
    controller.abort('enough');
    await expect(joining).rejects.toBe('enough');
    expect(child.isAlive()).toBe(true);
    queue.putSync('end');
    expect(await child.join()).toBe(0);
    await expect(child.join({ signal: AbortSignal.abort('late') })).rejects.toBe('late');
  });
});

describe('after its end', () => {
  test('it has its exit code, is not alive, and no longer among the active children', async () => {
    const child = new Process({ target: () => {} }).start();
    const { pid } = child;
    expect(await child.join()).toBe(0);
    expect(child.exitCode).toBe(0);
    expect(child.isAlive()).toBe(false);
    expect(child.pid).toBe(pid);
    if (!threads) expect(runs(pid!)).toBe(false);
    expect(activeChildren()).not.toContain(child);
  });

  test('join() may be called again, with any timeout, by many', async () => {
    const child = new Process({ target: () => process.exit(7) }).start();
    expect(await Promise.all([child.join(), child.join(), child.join({ timeout: 100_000 })])).toEqual([7, 7, 7]);
    expect(await child.join({ timeout: 0 })).toBe(7);
    expect(child.joinSync()).toBe(7);
    expect(child.joinSync({ timeout: 0 })).toBe(7);
  });

  test('signals do nothing', async () => {
    const child = new Process({ target: () => {} }).start();
    await child.join();
    child.terminate();
    child.kill();
    child.interrupt();
    expect(child.exitCode).toBe(0);
  });
});

test('a process without a target runs nothing and ends with 0', async () => {
  const child = new Process().start();
  expect(await child.join()).toBe(0);
  expect(child.error).toBeUndefined();
});

test('args reach the target as they were at start()', async () => {
  const queue = new Queue<unknown[]>();
  const list = [1];
  const target = (q: Queue<unknown[]>, ...rest: unknown[]) => q.putSync(rest);
  const child = new Process({ target, args: [queue, 1, 'two', list, { a: undefined }, null, undefined] });
  list.push(2);
  child.start();
  list.push(3);
  expect(await queue.get()).toStrictEqual([1, 'two', [1, 2], { a: undefined }, null, undefined]);
  expect(await child.join()).toBe(0);
});

test('the child lives until its event loop is empty', async () => {
  const queue = new Queue<string>();
  const target = (q: Queue<string>) => {
    setTimeout(() => q.putSync('timer'), 50);
    q.putSync('returned');
  };
  const child = new Process({ target, args: [queue] }).start();
  expect(await child.join()).toBe(0);
  expect(queue.getManySync(5)).toEqual(['returned', 'timer']);
});

test('an async target is awaited', async () => {
  const queue = new Queue<string>();
  const target = async (q: Queue<string>) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await q.put('done');
  };
  const child = new Process({ target, args: [queue] }).start();
  expect(await child.join()).toBe(0);
  expect(queue.getSync()).toBe('done');
});

test('ten at once, which end in any order', async () => {
  const target = (n: number) => setTimeout(() => process.exit(n), (n * 7) % 40);
  const children = Array.from({ length: 10 }, (_, n) => new Process({ target, args: [n] }).start());
  expect(new Set(children.map((child) => child.pid)).size).toBe(threads ? 1 : 10);
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(activeChildren()).toEqual([]);
});

// Threads share the descriptors of their process.
test.skipIf(threads)('descriptors of a child do not grow with the number of its siblings', async () => {
  // A spare has run more beforehand, and may have more of its own.
  configure({ spares: 0 });
  try {
    const counts = new Queue<number>();
    const end = new Queue();
    const target = (q: Queue<number>, wait: Queue) => {
      q.putSync(process.getBuiltinModule('node:fs').readdirSync('/proc/self/fd').length);
      wait.getSync();
    };
    const children = Array.from({ length: 5 }, () => new Process({ target, args: [counts, end] }).start());
    const all = [];
    for (const _ of children) all.push(await counts.get());
    end.putManySync(children.map((_, i) => i));
    for (const child of children) expect(await child.join()).toBe(0);
    expect(new Set(all).size).toBe(1);
  } finally {
    configure({ spares: 1 });
  }
});

describe('this process', () => {
  test('is alive, has its pid, and no exit code', () => {
    const current = currentProcess();
    expect(current.pid).toBe(process.pid);
    expect(current.isAlive()).toBe(true);
    expect(current.exitCode).toBeNull();
    expect(current.daemon).toBe(false);
    expect(currentProcess()).toBe(current);
    expect(current).toBeInstanceOf(Process);
  });
});

test('activeChildren() is an array of its own each time', () => {
  expect(activeChildren()).toEqual([]);
  expect(activeChildren()).not.toBe(activeChildren());
});

test('a pending join keeps the program alive, also for a daemon', async () => {
  expect(await result('keep-alive', ['pending-join'])).toBe(0);
});

test('a process that was never started does not keep the program alive', async () => {
  expect(await result('keep-alive', ['unstarted-process'])).toBe('over');
});
