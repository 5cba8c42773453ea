// A process that takes the lock again and again does not keep it from the others.
import { expect, test } from 'vitest';
import { Lock, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** Takes and releases the lock without a pause until it is told to stop; then says how often. */
function hammer(lock: Lock, begun: Queue<string>, stop: Queue<string>, rounds: Queue<number>) {
  begun.putSync('hammering');
  let round = 0;
  for (;;) {
    lock.acquireSync();
    round++;
    lock.release();
    if (round % 1000 === 0 && !stop.empty) break;
  }
  rounds.putSync(round);
}

test.each(['acquire', 'acquireSync'] as const)(
  '%s() gets its turn, 100 times, against two that hammer',
  async (way) => {
    const lock = new Lock();
    const begun = new Queue<string>();
    const stop = new Queue<string>();
    const rounds = new Queue<number>();
    const children = [1, 2].map(() => new Process({ target: hammer, args: [lock, begun, stop, rounds] }).start());
    await begun.get();
    await begun.get();
    for (let turn = 0; turn < 100; turn++) {
      expect(await lock[way]()).toBe(true);
      lock.release();
    }
    stop.putSync('stop');
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0]);
    expect(rounds.getSync() + rounds.getSync()).toBeGreaterThan(0);
  },
);

test('all of many waiting processes get their turn', async () => {
  const lock = new Lock();
  const had = new Queue<number>();
  const waitOnce = (l: Lock, q: Queue<number>, number: number) => {
    l.acquireSync();
    q.putSync(number);
    l.release();
  };
  lock.acquireSync();
  const children = Array.from({ length: 8 }, (_, i) => new Process({ target: waitOnce, args: [lock, had, i] }).start());
  lock.release();
  expect(await Promise.all(children.map((child) => child.join()))).toEqual(Array(8).fill(0));
  expect(had.getManySync(8).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
