// Wrong arguments: a typed error at the call that names the argument; a function that returns a Promise rejects.
import { describe, expect, test } from 'vitest';
import { Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, RWLock, Semaphore } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const rlock = new RLock();
const rw = new RWLock();
const semaphore = new Semaphore(1);
const condition = new Condition();
const event = new Event();
const barrier = new Barrier(2);

const held = <T>(f: () => T): T => {
  condition.acquireSync();
  try {
    return f();
  } finally {
    condition.release();
  }
};

const calls: Record<string, (options: never) => unknown> = {
  'RLock.acquire': (o) => rlock.acquire(o),
  'RLock.acquireSync': (o) => rlock.acquireSync(o),
  'RLock.hold': (o) => rlock.hold(o),
  'RLock.holdSync': (o) => rlock.holdSync(o),
  'RLock.run': (o) => rlock.run(() => 1, o),
  'RLock.runSync': (o) => rlock.runSync(() => 1, o),
  'RWLock.read': (o) => rw.read(o),
  'RWLock.readSync': (o) => rw.readSync(o),
  'RWLock.write': (o) => rw.write(o),
  'RWLock.writeSync': (o) => rw.writeSync(o),
  'Semaphore.acquire': (o) => semaphore.acquire(o),
  'Semaphore.acquireSync': (o) => semaphore.acquireSync(o),
  'Semaphore.hold': (o) => semaphore.hold(o),
  'Semaphore.holdSync': (o) => semaphore.holdSync(o),
  'Semaphore.run': (o) => semaphore.run(() => 1, o),
  'Semaphore.runSync': (o) => semaphore.runSync(() => 1, o),
  'Condition.wait': (o) => held(() => condition.wait(o)),
  'Condition.waitSync': (o) => held(() => condition.waitSync(o)),
  'Condition.waitFor': (o) => held(() => condition.waitFor(() => true, o)),
  'Condition.waitForSync': (o) => held(() => condition.waitForSync(() => true, o)),
  'Condition.acquire': (o) => condition.acquire(o),
  'Condition.acquireSync': (o) => condition.acquireSync(o),
  'Event.wait': (o) => event.wait(o),
  'Event.waitSync': (o) => event.waitSync(o),
  'Barrier.wait': (o) => barrier.wait(o),
  'Barrier.waitSync': (o) => barrier.waitSync(o),
};

/** The error of a call; that of an awaitable form must come as a rejection, not be thrown. */
async function errorOf(name: string, options: unknown): Promise<Error> {
  if (name.endsWith('Sync')) {
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

function untouched() {
  expect(rlock.locked()).toBe(false);
  expect(semaphore.value).toBe(1);
  expect(condition.lock.locked()).toBe(false);
  expect([barrier.nWaiting, barrier.broken]).toEqual([0, false]);
  rw.writeSync({ timeout: 0 })[Symbol.dispose]();
}

describe.each(Object.keys(calls))('%s()', (name) => {
  test.each([-1, -0.001, -Infinity, NaN])('refuses a timeout of %s with a RangeError', async (timeout) => {
    const error = await errorOf(name, { timeout });
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain('timeout');
    expect(error.message).toContain(String(timeout));
    untouched();
  });

  test('refuses what is no number and no object with a TypeError', async () => {
    for (const timeout of ['5', null, {}, 5n, true]) {
      const error = await errorOf(name, { timeout });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('timeout');
    }
    for (const options of [5, 'soon', null]) {
      const error = await errorOf(name, options);
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('options');
    }
    untouched();
  });

  if (name.endsWith('Sync')) {
    test('refuses a signal, which could not abort it', async () => {
      const error = await errorOf(name, { signal: new AbortController().signal });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('options.signal');
      untouched();
    });
  } else {
    test('refuses a signal that is none', async () => {
      for (const signal of [{}, 'signal', null, 7]) {
        const error = await errorOf(name, { signal });
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toContain('signal');
      }
      untouched();
    });
  }
});

const integers: Record<string, [(n: never) => unknown, least: number]> = {
  'new Semaphore(value)': [(n) => new Semaphore(n), 0],
  'new BoundedSemaphore(value)': [(n) => new BoundedSemaphore(n), 0],
  'new Barrier(parties)': [(n) => new Barrier(n), 1],
  'release(n)': [(n) => semaphore.release(n), 1],
  'notify(n)': [(n) => held(() => condition.notify(n)), 0],
};

describe.each(Object.keys(integers))('%s', (name) => {
  const [call, least] = integers[name];
  const argument = /\((\w+)\)/.exec(name)![1];

  test('refuses what is no number with a TypeError', () => {
    for (const value of ['2', null, {}, 2n, true]) {
      expect(() => call(value as never)).toThrow(TypeError);
      expect(() => call(value as never)).toThrow(argument);
    }
    untouched();
  });

  test('refuses what is out of range with a RangeError', () => {
    for (const value of [least - 1, -5, 1.5, NaN, Infinity]) {
      expect(() => call(value as never)).toThrow(RangeError);
      expect(() => call(value as never)).toThrow(argument);
    }
    untouched();
  });
});

test('a value or a number of parties that is too large is refused', () => {
  expect(() => new Semaphore(2 ** 31)).toThrow(RangeError);
  expect(() => new Barrier(2 ** 28)).toThrow(RangeError);
  expect(() => semaphore.release(2 ** 31)).toThrow(RangeError);
  untouched();
});

test('new Barrier() refuses wrong options', () => {
  expect(() => new Barrier(2, 5 as never)).toThrow(TypeError);
  expect(() => new Barrier(2, { action: 'act' as never })).toThrow('options.action');
  expect(() => new Barrier(2, { timeout: -1 })).toThrow(RangeError);
  expect(() => new Barrier(2, { timeout: 'soon' as never })).toThrow(TypeError);
  expect(() => new (Barrier as any)()).toThrow(TypeError);
});

test('new Condition() refuses what is no lock', () => {
  for (const lock of [null, {}, new Semaphore(), 'lock', 1]) {
    expect(() => new Condition(lock as never)).toThrow(TypeError);
    expect(() => new Condition(lock as never)).toThrow('lock');
  }
  expect(new Condition(undefined).lock).toBeInstanceOf(RLock);
  expect(new Condition(new Lock()).lock).toBeInstanceOf(Lock);
});

test('run(), runSync(), waitFor() and waitForSync() refuse what is no function', async () => {
  for (const f of [undefined, null, 'f', {}]) {
    for (const lock of [rlock, semaphore, condition]) {
      await expect(lock.run(f as never)).rejects.toThrow('critical');
      expect(() => lock.runSync(f as never)).toThrow(TypeError);
    }
    await expect(held(() => condition.waitFor(f as never))).rejects.toThrow('predicate');
    expect(() => held(() => condition.waitForSync(f as never))).toThrow(TypeError);
  }
  untouched();
});

test('runSync() refuses a Promise, and gives back what was taken', () => {
  expect(() => semaphore.runSync((async () => 1) as never)).toThrow(TypeError);
  expect(() => rlock.runSync((async () => 1) as never)).toThrow(TypeError);
  untouched();
});

test('a class without new, and a method on something else, throw a TypeError', async () => {
  for (const type of [RLock, RWLock, Semaphore, BoundedSemaphore, Condition, Event, Barrier]) {
    expect(() => (type as unknown as () => void)()).toThrow(TypeError);
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(type.prototype))) {
      if (name === 'constructor' || typeof value !== 'function') continue;
      await expect((async () => value.call({}, () => 1))(), `${type.name}.${name}`).rejects.toThrow(TypeError);
    }
  }
});
