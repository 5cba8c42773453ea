// joinSync() and the looks at a process need no event loop: exits are seen while JavaScript is busy.
import { describe, expect, test } from 'vitest';
import { activeChildren, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** Runs JavaScript without a turn of the event loop until the condition holds. */
function busyUntil(condition: () => boolean): void {
  const end = performance.now() + 60_000;
  while (!condition()) if (performance.now() > end) throw new Error('not within 60 s');
}

describe('without a turn of the event loop', () => {
  test('joinSync() gives the exit code', () => {
    const child = new Process({ target: () => process.exit(3) }).start();
    expect(child.joinSync()).toBe(3);
  });

  test('joinSync() gives null after at least the timeout', () => {
    const queue = new Queue();
    const child = new Process({ target: (q: Queue) => void q.getSync(), args: [queue] }).start();
    const begun = performance.now();
    expect(child.joinSync({ timeout: 100 })).toBeNull();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
    queue.putSync('end');
    expect(child.joinSync()).toBe(0);
  });

  test('isAlive() becomes false', () => {
    const child = new Process({ target: () => {} }).start();
    busyUntil(() => !child.isAlive());
    expect(child.exitCode).toBe(0);
  });

  test('exitCode becomes a number', () => {
    const child = new Process({ target: () => process.exit(2) }).start();
    busyUntil(() => child.exitCode !== null);
    expect(child.exitCode).toBe(2);
  });

  test('sentinel.ready becomes true', () => {
    const child = new Process({ target: () => {} }).start();
    const { sentinel } = child;
    busyUntil(() => sentinel.ready);
    expect(child.sentinel).toBe(sentinel);
    expect(child.joinSync({ timeout: 0 })).toBe(0);
  });

  test('activeChildren() shrinks', () => {
    const children = [1, 2].map(() => new Process({ target: () => {} }).start());
    busyUntil(() => activeChildren().length === 0);
    expect(children.map((child) => child.exitCode)).toEqual([0, 0]);
  });

  test('many are joined in any order', () => {
    const children = [4, 3, 2, 1].map((n) =>
      new Process({ target: (code: number) => process.exit(code), args: [n] }).start(),
    );
    expect(children.reverse().map((child) => child.joinSync())).toEqual([1, 2, 3, 4]);
  });

  test('a killed child is joined', () => {
    const child = new Process({
      target: () => {
        for (;;);
      },
    }).start();
    child.kill();
    expect(child.joinSync()).toBe(-9);
  });
});

test('a child that ended while JavaScript was busy is joined afterwards', async () => {
  const queue = new Queue();
  const child = new Process({ target: (q: Queue) => q.putSync('about to end'), args: [queue] }).start();
  const joined = child.join();
  queue.getSync();
  busyUntil(() => !child.isAlive());
  expect(await joined).toBe(0);
});
