// Every primitive is the same one wherever it arrives: as an argument, deep in it, through a queue, captured, in a task.
import { expect, test } from 'vitest';
import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  getContext,
  Lock,
  Pool,
  Process,
  Queue,
  RLock,
  RWLock,
  Semaphore,
} from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

const make = () => ({
  rlock: new RLock(),
  rw: new RWLock(),
  semaphore: new Semaphore(2),
  bounded: new BoundedSemaphore(2),
  condition: new Condition(),
  event: new Event(),
  barrier: new Barrier(2, { timeout: 60_000 }),
  seen: new Event(),
});
type All = ReturnType<typeof make>;

/** Uses all of them, so that the other side sees it, and stays until it has. */
async function use({ rlock, rw, semaphore, bounded, condition, event, barrier, seen }: All) {
  rlock.acquireSync();
  rw.readSync();
  semaphore.acquireSync();
  bounded.acquireSync();
  await condition.run(() => condition.notifyAll());
  event.set();
  await barrier.wait();
  await seen.wait();
}

async function expectUsed(all: All, use: () => Promise<unknown>) {
  const { rlock, rw, semaphore, bounded, condition, event, barrier, seen } = all;
  const notified = condition.run(() => condition.wait());
  const used = use();
  expect(await barrier.wait()).toBeLessThan(2);
  expect(rlock.locked()).toBe(true);
  expect(() => rw.writeSync({ timeout: 0 })).toThrow(expect.objectContaining({ code: 'ERR_TIMEOUT' }));
  expect([semaphore.value, bounded.value]).toEqual([1, 1]);
  expect(await notified).toBe(true);
  expect(event.isSet()).toBe(true);
  seen.set();
  await used;
}

test('as an argument, and deep inside of one', async () => {
  const all = make();
  await expectUsed(all, () => new Process({ target: use, args: [all] }).start().join());
});

test('captured by a function', async () => {
  const all = make();
  const run = use;
  await expectUsed(all, () => new Process({ target: () => run(all) }).start().join());
});

test('in a task of a pool', async () => {
  const all = make();
  await using pool = new Pool(1);
  await expectUsed(all, () => pool.apply(use, [all]));
});

test('through a queue it is the object that went, and keeps its class', () => {
  const queue = new Queue();
  const lock = new Lock();
  for (const one of [...Object.values(make()), new Condition(lock)]) {
    queue.putSync([one, { again: one }]);
    const [back, { again }] = queue.getSync();
    expect(back).toBe(one);
    expect(again).toBe(one);
  }
});

test('a process that only ever saw it in a queue has the class, and may pass it on', async () => {
  const there = new Queue();
  const back = new Queue();
  const target = async (from: Queue, to: Queue) => {
    const made = from.getSync();
    to.putSync([Object.keys(made).map((key) => made[key].constructor.name), made]);
  };
  const child = new Process({ target, args: [there, back] }).start();
  const all = make();
  there.putSync(all);
  const [names, returned] = await back.get();
  expect(names).toEqual(['RLock', 'RWLock', 'Semaphore', 'BoundedSemaphore', 'Condition', 'Event', 'Barrier', 'Event']);
  expect(returned).toEqual(all);
  expect(Object.keys(all).every((key) => returned[key] === all[key as keyof All])).toBe(true);
  await child.join();
});

test('a condition brings its lock with it', async () => {
  const lock = new Lock();
  const condition = new Condition(lock);
  const other = new Condition(lock);
  const said = new Queue();
  const target = (c: Condition, o: Condition, l: Lock, q: Queue) => {
    q.putSync([c.lock === l, o.lock === l, l.locked(), c.lock.constructor.name]);
  };
  lock.acquireSync();
  const child = new Process({ target, args: [condition, other, lock, said] }).start();
  expect(await said.get()).toEqual([true, true, true, 'Lock']);
  await child.join();
  lock.release();
});

test('made by a child, they live on after it in the parent', async () => {
  const made = await result('primitives-by-child');
  expect(made).toEqual({ code: 0, value: 5, index: 0, acted: 'acted', taken: 0, given: 1 });
});

test('a context has them', () => {
  const context = getContext();
  for (const name of ['RLock', 'RWLock', 'Semaphore', 'BoundedSemaphore', 'Condition', 'Event', 'Barrier'] as const) {
    expect(context[name].name).toBe(name);
  }
  expect(new context.Barrier(2).parties).toBe(2);
});
