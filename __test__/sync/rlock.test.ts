// The recursive lock: who owns it, how often it was taken, who may release it.
import { describe, expect, test } from 'vitest';
import { DeadlockError, Lock, NotHeldError, NotOwnerError, OwnerDiedError, Process, Queue, RLock } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { DIED, die } from '../support/start-method';

noLeaks();

/** Whether another process could take the lock now. */
async function isFreeElsewhere(lock: RLock): Promise<boolean> {
  const said = new Queue<boolean>();
  const target = (l: RLock, q: Queue<boolean>) => {
    const had = l.tryAcquire();
    if (had) l.release();
    q.putSync(had);
  };
  const child = new Process({ target, args: [lock, said] }).start();
  const free = await said.get();
  await child.join();
  return free;
}

test('is a Lock', () => {
  expect(new RLock()).toBeInstanceOf(Lock);
  expect(new Lock()).not.toBeInstanceOf(RLock);
});

describe('the sync forms', () => {
  test('take it again, and it is free after as many releases', async () => {
    const lock = new RLock();
    expect(lock.acquireSync()).toBe(true);
    expect(lock.acquireSync({ timeout: 0 })).toBe(true);
    expect(lock.tryAcquire()).toBe(true);
    using _ = lock.holdSync();
    expect(lock.runSync(() => 'inside')).toBe('inside');
    lock.release();
    lock.release();
    expect(await isFreeElsewhere(lock)).toBe(false);
    lock.release();
    expect(lock.locked()).toBe(true);
    _[Symbol.dispose]();
    expect(lock.locked()).toBe(false);
    expect(await isFreeElsewhere(lock)).toBe(true);
    expect(() => lock.release()).toThrow(NotHeldError);
  });

  test('belong to the thread: any code of it may take it again, and release it', async () => {
    const lock = new RLock();
    lock.acquireSync();
    await new Promise((resolve) => setImmediate(resolve));
    expect(lock.acquireSync()).toBe(true);
    lock.release();
    lock.release();
    expect(lock.locked()).toBe(false);
  });

  test('refuse bad arguments also where the lock is taken again', () => {
    const lock = new RLock();
    lock.acquireSync();
    expect(() => lock.acquireSync({ timeout: -1 })).toThrow(RangeError);
    expect(() => lock.acquireSync({ timeout: NaN })).toThrow(RangeError);
    lock.release();
    expect(lock.locked()).toBe(false);
  });
});

describe('release() by another', () => {
  test('thread or process throws NotOwnerError, and changes nothing', async () => {
    const lock = new RLock();
    const said = new Queue<string>();
    lock.acquireSync();
    const target = (l: RLock, q: Queue<string>) => {
      try {
        l.release();
        q.putSync('released');
      } catch (error) {
        q.putSync((error as { code: string }).code);
      }
    };
    const child = new Process({ target, args: [lock, said] }).start();
    expect(await said.get()).toBe('ERR_NOT_OWNER');
    await child.join();
    expect(lock.locked()).toBe(true);
    lock.release();
  });

  test('async context throws NotOwnerError while a run() has it', async () => {
    const lock = new RLock();
    let leave!: () => void;
    const running = lock.run(() => new Promise<void>((resolve) => (leave = resolve)));
    await new Promise(setImmediate);
    expect(() => lock.release()).toThrow(NotOwnerError);
    expect(lock.locked()).toBe(true);
    leave();
    await running;
    expect(lock.locked()).toBe(false);
  });
});

describe('an awaited acquire() or hold()', () => {
  test('waits while this thread has it, and then belongs to the thread', async () => {
    const lock = new RLock();
    lock.acquireSync();
    expect(await lock.acquire({ timeout: 20 })).toBe(false);
    await expect(lock.hold({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const waiting = lock.acquire();
    lock.release();
    expect(await waiting).toBe(true);
    expect(lock.acquireSync()).toBe(true);
    lock.release();
    lock.release();
    expect(lock.locked()).toBe(false);
  });

  test('excludes others of the same thread', async () => {
    const lock = new RLock();
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        using _ = await lock.hold();
        most = Math.max(most, ++inside);
        await new Promise(setImmediate);
        inside--;
      }),
    );
    expect(most).toBe(1);
  });
});

describe('run()', () => {
  test('is re-entered by every form inside of it, through awaits', async () => {
    const lock = new RLock();
    const inner = async () => {
      await new Promise(setImmediate);
      expect(await lock.acquire()).toBe(true);
      expect(lock.acquireSync()).toBe(true);
      expect(lock.tryAcquire()).toBe(true);
      using _ = await lock.hold();
      using __ = lock.holdSync();
      expect(lock.runSync(() => 1)).toBe(1);
      lock.release();
      lock.release();
      lock.release();
      return lock.run(async () => 'deep');
    };
    expect(await lock.run(() => lock.run(inner))).toBe('deep');
    expect(lock.locked()).toBe(false);
  });

  test('keeps out what is not inside of it, in the same thread too', async () => {
    const lock = new RLock();
    let leave!: () => void;
    const running = lock.run(() => new Promise<void>((resolve) => (leave = resolve)));
    await new Promise(setImmediate);
    expect(lock.tryAcquire()).toBe(false);
    expect(lock.acquireSync({ timeout: 10 })).toBe(false);
    expect(() => lock.acquireSync()).toThrow(DeadlockError);
    expect(await lock.acquire({ timeout: 10 })).toBe(false);
    await expect(lock.run(() => 1, { timeout: 10 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    leave();
    await running;
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });

  test('of two tasks never mix', async () => {
    const lock = new RLock();
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, () =>
        lock.run(async () => {
          most = Math.max(most, ++inside);
          await new Promise(setImmediate);
          await lock.run(() => new Promise(setImmediate));
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(lock.locked()).toBe(false);
  });

  test('that has ended is no owner any more, also in what it has started', async () => {
    const lock = new RLock();
    let later!: Promise<unknown>;
    await lock.run(() => {
      later = new Promise(setImmediate).then(() => {
        lock.release();
      });
    });
    await expect(later).rejects.toBeInstanceOf(NotHeldError);
  });

  test('does not mix up two locks', async () => {
    const one = new RLock();
    const other = new RLock();
    await one.run(() =>
      other.run(async () => {
        expect(one.tryAcquire()).toBe(true);
        one.release();
        other.acquireSync();
        other.release();
      }),
    );
    expect([one.locked(), other.locked()]).toEqual([false, false]);
  });

  test('releases when what it runs throws, and rejects with that', async () => {
    const lock = new RLock();
    const error = new Error('inside');
    await expect(lock.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(lock.locked()).toBe(false);
  });
});

test('an owner that is killed is told of, and recover() takes the lock over for this thread', async () => {
  const lock = new RLock();
  const target = (l: RLock) => {
    l.acquireSync();
    l.acquireSync();
    die();
  };
  const child = new Process({ target, args: [lock] }).start();
  expect(await child.join()).toBe(DIED);
  const error = await lock.acquire().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(OwnerDiedError);
  expect(error).toMatchObject({ pid: child.pid });
  expect(() => lock.release()).toThrow(NotHeldError);
  expect(lock.recover()).toBe(true);
  expect(lock.acquireSync()).toBe(true);
  lock.release();
  lock.release();
  expect(lock.locked()).toBe(false);
  expect(lock.recover()).toBe(false);
});

test('an aborted or timed-out waiter leaves no trace', async () => {
  const lock = new RLock();
  lock.acquireSync();
  const controller = new AbortController();
  const reason = new Error('enough');
  const aborted = lock.acquire({ signal: controller.signal });
  controller.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  await expect(lock.run(() => 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(await lock.acquire({ timeout: 1 })).toBe(false);
  lock.release();
  expect(lock.locked()).toBe(false);
  expect(await isFreeElsewhere(lock)).toBe(true);
});
