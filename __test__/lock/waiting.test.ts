// Awaited acquisition: order, aborting, and what keeps a process alive.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Lock } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

test('waiters of one thread are served in the order in which they came', async () => {
  const lock = new Lock();
  lock.acquireSync();
  const order: number[] = [];
  const waiters = Array.from({ length: 50 }, (_, i) => lock.acquire().then(() => (order.push(i), lock.release())));
  lock.release();
  await Promise.all(waiters);
  expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(lock.locked()).toBe(false);
});

test('no two async holders are inside at once', async () => {
  const lock = new Lock();
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      await lock.acquire();
      most = Math.max(most, ++inside);
      await new Promise(setImmediate);
      inside--;
      lock.release();
    }),
  );
  expect(most).toBe(1);
});

test('a release in the same thread wakes a waiter without any other event', async () => {
  const lock = new Lock();
  lock.acquireSync();
  const waiting = lock.acquire();
  setTimeout(() => lock.release(), 5);
  expect(await waiting).toBe(true);
  lock.release();
});

describe('an aborted signal', () => {
  test('ends many waits with a single listener', async () => {
    const lock = new Lock();
    lock.acquireSync();
    const controller = new AbortController();
    const { signal } = controller;
    const waits = Array.from({ length: 20 }, () => lock.acquire({ signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort('all');
    const outcomes = await Promise.allSettled(waits);
    expect(outcomes).toEqual(Array(20).fill({ status: 'rejected', reason: 'all' }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    lock.release();
    expect(lock.tryAcquire()).toBe(true);
  });

  test('rejects with its reason, also where the lock is free', async () => {
    const lock = new Lock();
    const reason = new Error('no longer wanted');
    await expect(lock.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(lock.hold({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(lock.run(() => 1, { signal: AbortSignal.abort('text') })).rejects.toBe('text');
    expect(lock.locked()).toBe(false);
  });

  test('ends a pending wait with its reason, and the waiter leaves no trace', async () => {
    const lock = new Lock();
    lock.acquireSync();
    const controller = new AbortController();
    const aborted = lock.acquire({ signal: controller.signal });
    const behind = lock.acquire();
    const reason = { why: 'changed my mind' };
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    lock.release();
    expect(await behind).toBe(true);
    lock.release();
    expect(lock.locked()).toBe(false);
  });

  test('after the lock was had changes nothing', async () => {
    const lock = new Lock();
    const controller = new AbortController();
    await lock.acquire({ signal: controller.signal });
    controller.abort();
    expect(lock.locked()).toBe(true);
    lock.release();
  });

  test('of AbortSignal.timeout() rejects with a TimeoutError of the platform', async () => {
    const lock = new Lock();
    lock.acquireSync();
    await expect(lock.acquire({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' });
    lock.release();
  });

  test('does not stay registered once the wait has ended', async () => {
    const lock = new Lock();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: any[]) => (listeners++, (add as any)(...args));
    signal.removeEventListener = (...args: any[]) => (listeners--, (remove as any)(...args));
    lock.acquireSync();
    const waiting = lock.acquire({ signal });
    expect(await lock.acquire({ signal, timeout: 5 })).toBe(false);
    lock.release();
    await waiting;
    lock.release();
    expect(listeners).toBe(0);
  });
});

describe('the event loop', () => {
  test('of a process with idle locks ends', async () => {
    expect(await result('keep-alive', ['idle-lock'])).toBe('over');
  });

  test('of a process that holds a lock ends', async () => {
    expect(await result('keep-alive', ['held-lock'])).toBe('over');
  });

  test('is kept alive by a pending acquire()', async () => {
    expect(await result('keep-alive', ['pending-acquire'])).toBe('acquired');
  });

  test('is let go when the wait was aborted or ran out of time', async () => {
    expect(await result('keep-alive', ['ended-acquires'])).toBe('over');
  });
});
