// Wrong arguments: a typed error at the call that names the argument, what it was, what is allowed.
import { describe, expect, test } from 'vitest';
import { Lock } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const lock = new Lock();
const outOfRange = [-1, -0.001, -Infinity, NaN];
const noNumbers = ['5', null, {}, 5n, true];
const calls: Record<string, (options: never) => unknown> = {
  acquire: (options) => lock.acquire(options),
  acquireSync: (options) => lock.acquireSync(options),
  hold: (options) => lock.hold(options),
  holdSync: (options) => lock.holdSync(options),
  run: (options) => lock.run(() => 1, options),
  runSync: (options) => lock.runSync(() => 1, options),
};

describe.each(Object.keys(calls))('%s()', (name) => {
  const awaited = !name.endsWith('Sync');

  /** The error of a call; that of an awaitable form must come as a rejection, not be thrown. */
  async function errorOf(options: unknown): Promise<Error> {
    if (!awaited) {
      try {
        calls[name](options as never);
      } catch (error) {
        return error as Error;
      }
      throw new Error('it threw nothing');
    }
    return Promise.resolve(calls[name](options as never)).then(
      () => Promise.reject(new Error('it did not reject')),
      (error: Error) => error,
    );
  }

  test.each(outOfRange)('refuses a timeout of %s with a RangeError', async (timeout) => {
    const error = await errorOf({ timeout });
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain('timeout');
    expect(error.message).toContain(String(timeout));
    expect(lock.locked()).toBe(false);
  });

  test.each(noNumbers)('refuses a timeout that is no number: %s', async (timeout) => {
    const error = await errorOf({ timeout });
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('timeout');
    expect(lock.locked()).toBe(false);
  });

  test.each([5, 'soon', null])('refuses options that are no object: %s', async (options) => {
    const error = await errorOf(options);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain('options');
    expect(lock.locked()).toBe(false);
  });

  if (awaited) {
    test.each([{}, 'signal', null, 7])('refuses a signal that is none: %s', async (signal) => {
      const error = await errorOf({ signal });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('signal');
      expect(lock.locked()).toBe(false);
    });
  }
});

test.each([undefined, null, 'f', {}])('run() and runSync() refuse %s for a function', async (critical) => {
  await expect(lock.run(critical as never)).rejects.toThrow(TypeError);
  await expect(lock.run(critical as never)).rejects.toThrow('critical');
  expect(() => lock.runSync(critical as never)).toThrow(TypeError);
  expect(() => lock.runSync(critical as never)).toThrow('critical');
  expect(lock.locked()).toBe(false);
});

test('Lock() without new throws a TypeError', () => {
  expect(() => (Lock as unknown as () => void)()).toThrow(TypeError);
});

test('a method on something else throws a TypeError', () => {
  expect(() => Lock.prototype.locked.call({} as Lock)).toThrow(TypeError);
  expect(() => Lock.prototype.release.call({} as Lock)).toThrow(TypeError);
});
