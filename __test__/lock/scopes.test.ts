// hold(), run() and their blocking twins: the lock is released however the scope ends.
import { describe, expect, test } from 'vitest';
import { Lock, NotHeldError, TimeoutError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

describe('hold', () => {
  test('releases when it is disposed', async () => {
    const lock = new Lock();
    const held = await lock.hold();
    expect(lock.locked()).toBe(true);
    held[Symbol.dispose]();
    expect(lock.locked()).toBe(false);
    const heldSync = lock.holdSync();
    expect(lock.locked()).toBe(true);
    heldSync[Symbol.dispose]();
    expect(lock.locked()).toBe(false);
  });

  test('releases at the end of a using block, thrown out of or not', async () => {
    const lock = new Lock();
    {
      using _ = lock.holdSync();
      expect(lock.locked()).toBe(true);
    }
    expect(lock.locked()).toBe(false);
    const failing = async () => {
      using _ = await lock.hold();
      throw new Error('inside');
    };
    await expect(failing()).rejects.toThrow('inside');
    expect(lock.locked()).toBe(false);
  });

  test('disposed twice releases once: a later holder keeps the lock', () => {
    const lock = new Lock();
    const held = lock.holdSync();
    held[Symbol.dispose]();
    lock.acquireSync();
    held[Symbol.dispose]();
    expect(lock.locked()).toBe(true);
    lock.release();
  });

  test('released by hand inside: the disposal says so', () => {
    const lock = new Lock();
    const held = lock.holdSync();
    lock.release();
    expect(() => held[Symbol.dispose]()).toThrow(NotHeldError);
  });

  test('throws TimeoutError where the lock was not had in time', async () => {
    const lock = new Lock();
    lock.acquireSync();
    expect(() => lock.holdSync({ timeout: 0 })).toThrow(TimeoutError);
    expect(() => lock.holdSync({ timeout: 10 })).toThrow(expect.objectContaining({ code: 'ERR_TIMEOUT' }));
    await expect(lock.hold({ timeout: 10 })).rejects.toThrow(TimeoutError);
    lock.release();
  });

  test('a lock itself is not disposable: using it would hold nothing', () => {
    expect(Symbol.dispose in new Lock()).toBe(false);
    expect(Symbol.asyncDispose in new Lock()).toBe(false);
  });
});

describe('run', () => {
  test('gives what the function gives, and holds the lock meanwhile', async () => {
    const lock = new Lock();
    expect(lock.runSync(() => lock.locked())).toBe(true);
    expect(await lock.run(() => lock.locked())).toBe(true);
    expect(await lock.run(async () => (await null, lock.locked()))).toBe(true);
    expect(lock.locked()).toBe(false);
  });

  test('releases when the function throws or rejects', async () => {
    const lock = new Lock();
    const error = new Error('inside');
    const fail = (): number => {
      throw error;
    };
    expect(() => lock.runSync(fail)).toThrow(error);
    expect(lock.locked()).toBe(false);
    await expect(lock.run(fail)).rejects.toBe(error);
    expect(lock.locked()).toBe(false);
    await expect(lock.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(lock.locked()).toBe(false);
  });

  test('throws TimeoutError where the lock was not had in time, and the function does not run', async () => {
    const lock = new Lock();
    lock.acquireSync();
    let ran = false;
    expect(() => lock.runSync(() => (ran = true), { timeout: 0 })).toThrow(TimeoutError);
    await expect(lock.run(() => (ran = true), { timeout: 10 })).rejects.toThrow(TimeoutError);
    expect(ran).toBe(false);
    lock.release();
  });

  test('runSync() refuses a function that gives a Promise, and releases', () => {
    const lock = new Lock();
    expect(() => lock.runSync((async () => 1) as never)).toThrow(TypeError);
    expect(() => lock.runSync((() => Promise.reject(new Error('unseen'))) as never)).toThrow(/run\(\)/);
    expect(lock.locked()).toBe(false);
  });

  test('serves runs of one thread in order', async () => {
    const lock = new Lock();
    const order: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        lock.run(async () => {
          order.push(`${name} in`);
          await new Promise(setImmediate);
          order.push(`${name} out`);
        }),
      ),
    );
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });
});
