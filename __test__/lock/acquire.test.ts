// Taking and releasing a lock within one thread.
import { describe, expect, test } from 'vitest';
import { DeadlockError, Lock, NotHeldError, ProcessError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

test('a new lock is free', () => {
  expect(new Lock().locked()).toBe(false);
});

test('a held lock is locked, a released one is not', () => {
  const lock = new Lock();
  expect(lock.acquireSync()).toBe(true);
  expect(lock.locked()).toBe(true);
  expect(lock.release()).toBeUndefined();
  expect(lock.locked()).toBe(false);
});

test('acquire() gives true, and may be used in turns with acquireSync() and tryAcquire()', async () => {
  const lock = new Lock();
  expect(await lock.acquire()).toBe(true);
  lock.release();
  expect(lock.acquireSync()).toBe(true);
  lock.release();
  expect(lock.tryAcquire()).toBe(true);
  lock.release();
  expect(await lock.acquire({ timeout: 0 })).toBe(true);
  lock.release();
});

test('two locks have nothing to do with each other', () => {
  const one = new Lock();
  const other = new Lock();
  one.acquireSync();
  expect(other.tryAcquire()).toBe(true);
  one.release();
  expect(other.locked()).toBe(true);
  other.release();
});

test('thousands of locks are apart from each other', () => {
  const locks = Array.from({ length: 5000 }, () => new Lock());
  locks.filter((_, i) => i % 3 === 0).forEach((lock) => lock.acquireSync());
  expect(locks.every((lock, i) => lock.locked() === (i % 3 === 0))).toBe(true);
  locks.filter((_, i) => i % 3 === 0).forEach((lock) => lock.release());
  expect(locks.some((lock) => lock.locked())).toBe(false);
});

test('tryAcquire() of a held lock gives false, without waiting', () => {
  const lock = new Lock();
  lock.acquireSync();
  expect(lock.tryAcquire()).toBe(false);
  expect(lock.locked()).toBe(true);
  lock.release();
});

describe('release() of a lock that nobody holds', () => {
  test('throws NotHeldError where it was never taken', () => {
    const lock = new Lock();
    expect(() => lock.release()).toThrow(NotHeldError);
    expect(() => lock.release()).toThrow(expect.objectContaining({ code: 'ERR_NOT_HELD' }));
    expect(() => lock.release()).toThrow(ProcessError);
  });

  test('throws where it was released already, and leaves it usable', () => {
    const lock = new Lock();
    lock.acquireSync();
    lock.release();
    expect(() => lock.release()).toThrow(NotHeldError);
    expect(lock.locked()).toBe(false);
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });
});

describe('a timeout', () => {
  test('of 0 looks once', async () => {
    const lock = new Lock();
    expect(lock.acquireSync({ timeout: 0 })).toBe(true);
    expect(lock.acquireSync({ timeout: 0 })).toBe(false);
    expect(await lock.acquire({ timeout: 0 })).toBe(false);
    lock.release();
  });

  test('gives false after at least that time', async () => {
    const lock = new Lock();
    lock.acquireSync();
    let begun = performance.now();
    expect(lock.acquireSync({ timeout: 120 })).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(119);
    begun = performance.now();
    expect(await lock.acquire({ timeout: 120 })).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(119);
    expect(lock.locked()).toBe(true);
    lock.release();
  });

  test('that passed leaves no trace: the next release frees the lock', async () => {
    const lock = new Lock();
    lock.acquireSync();
    await Promise.all([lock.acquire({ timeout: 5 }), lock.acquire({ timeout: 10 })]);
    lock.release();
    expect(lock.locked()).toBe(false);
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });

  test('of Infinity is none', async () => {
    const lock = new Lock();
    lock.acquireSync();
    const waiting = lock.acquire({ timeout: Infinity });
    lock.release();
    expect(await waiting).toBe(true);
    lock.release();
  });
});

describe('a thread that would wait for itself', () => {
  test('gets DeadlockError from acquireSync() without a timeout', () => {
    const lock = new Lock();
    lock.acquireSync();
    expect(() => lock.acquireSync()).toThrow(DeadlockError);
    expect(() => lock.acquireSync({ timeout: Infinity })).toThrow(expect.objectContaining({ code: 'ERR_DEADLOCK' }));
    expect(() => lock.holdSync()).toThrow(DeadlockError);
    expect(() => lock.runSync(() => 1)).toThrow(DeadlockError);
    lock.release();
    expect(lock.acquireSync()).toBe(true);
    lock.release();
  });

  test('gets it also where the lock was taken by an awaited acquire()', async () => {
    const lock = new Lock();
    await lock.acquire();
    expect(() => lock.acquireSync()).toThrow(DeadlockError);
    lock.release();
  });

  test('gets false where it gave a timeout', () => {
    const lock = new Lock();
    lock.acquireSync();
    expect(lock.acquireSync({ timeout: 20 })).toBe(false);
    lock.release();
  });
});
