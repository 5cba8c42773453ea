// One lock in several processes: whoever is handed it has the same one.
import { expect, test } from 'vitest';
import { Lock, NotHeldError, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

/** Holds the lock until it is told to go on, then releases it. */
function holdUntilTold(lock: Lock, said: Queue<string>, told: Queue<string>) {
  lock.acquireSync();
  said.putSync('held');
  told.getSync();
  lock.release();
}

test('what a child holds is locked here, and free again when it has released', async () => {
  const lock = new Lock();
  const said = new Queue<string>();
  const told = new Queue<string>();
  const child = new Process({ target: holdUntilTold, args: [lock, said, told] }).start();
  expect(await said.get()).toBe('held');
  expect(lock.locked()).toBe(true);
  expect(lock.tryAcquire()).toBe(false);
  expect(lock.acquireSync({ timeout: 20 })).toBe(false);
  expect(await lock.acquire({ timeout: 20 })).toBe(false);
  const waiting = lock.acquire();
  told.putSync('go on');
  expect(await waiting).toBe(true);
  expect(await child.join()).toBe(0);
  lock.release();
});

test('a blocked acquireSync() is woken by the release of another process', async () => {
  const lock = new Lock();
  const said = new Queue<string>();
  const told = new Queue<string>();
  const child = new Process({ target: holdUntilTold, args: [lock, said, told] }).start();
  said.getSync();
  told.putSync('go on');
  expect(lock.acquireSync()).toBe(true);
  lock.release();
  expect(await child.join()).toBe(0);
});

test('any process may release, whoever took it', async () => {
  const lock = new Lock();
  const said = new Queue<string>();
  lock.acquireSync();
  const target = (l: Lock, q: Queue<string>) => {
    l.release();
    q.putSync(l.locked() ? 'still locked' : 'free');
  };
  const child = new Process({ target, args: [lock, said] }).start();
  expect(await said.get()).toBe('free');
  expect(await child.join()).toBe(0);
  expect(() => lock.release()).toThrow(NotHeldError);
});

test('a child that would wait for its parent is not told of a deadlock', async () => {
  const lock = new Lock();
  const said = new Queue<string>();
  lock.acquireSync();
  const target = (l: Lock, q: Queue<string>) => {
    q.putSync('about to wait');
    l.acquireSync();
    q.putSync('had it');
    l.release();
  };
  const child = new Process({ target, args: [lock, said] }).start();
  expect(await said.get()).toBe('about to wait');
  lock.release();
  expect(await said.get()).toBe('had it');
  expect(await child.join()).toBe(0);
});

test('an awaited acquire() works in a child, too', async () => {
  const lock = new Lock();
  const said = new Queue<string>();
  lock.acquireSync();
  const target = async (l: Lock, q: Queue<string>) => {
    const waiting = l.acquire();
    q.putSync('waiting');
    await waiting;
    await q.put('had it');
    l.release();
  };
  const child = new Process({ target, args: [lock, said] }).start();
  expect(await said.get()).toBe('waiting');
  lock.release();
  expect(await said.get()).toBe('had it');
  expect(await child.join()).toBe(0);
});

test('deep inside an argument it is the same lock', async () => {
  const lock = new Lock();
  const said = new Queue<boolean>();
  const target = (data: { list: { lock: Lock }[] }, q: Queue<boolean>) => q.putSync(data.list[0].lock.locked());
  lock.acquireSync();
  const child = new Process({ target, args: [{ list: [{ lock }] }, said] }).start();
  expect(await said.get()).toBe(true);
  lock.release();
  expect(await child.join()).toBe(0);
});

test('a lock that comes back through a queue is the object that went', async () => {
  const lock = new Lock();
  const queue = new Queue<Lock>();
  queue.putSync(lock);
  expect(queue.getSync()).toBe(lock);
});

test('a lock made by a child after its start can be used by the parent', async () => {
  const made = await result('made-by-child');
  expect(made).toEqual({ lockedWhileHeld: true, acquiredAfterwards: true, code: 0 });
});

test('a lock of the module, captured by the function, is the same lock in the children', async () => {
  expect(await result('captured-lock')).toEqual({ whole: true, lines: 300 });
});
