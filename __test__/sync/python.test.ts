// What Python's own tests of these classes show (Lib/test/_test_multiprocessing.py), by the same names.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import {
  Barrier,
  BoundedSemaphore,
  BrokenBarrierError,
  Condition,
  Event,
  Lock,
  NotHeldError,
  Pipe,
  Process,
  Queue,
  RLock,
  Semaphore,
  Value,
} from 'multiproc';
import { noLeaks } from '../support/leaks';
import { until } from '../support/until';

noLeaks();

/** How long one looks whether nothing happens. */
const DELTA = 100;

describe('Lock', () => {
  test.each(['Lock', 'Semaphore'])('%s: one has it at a time', async (kind) => {
    const lock = kind === 'Lock' ? new Lock() : new Semaphore(1);
    expect(await lock.acquire()).toBe(true);
    expect(lock.tryAcquire()).toBe(false);
    expect(lock.acquireSync({ timeout: 0 })).toBe(false);
    expect(await lock.acquire({ timeout: 0 })).toBe(false);
    expect(lock.release()).toBeUndefined();
    if (lock instanceof Lock) expect(() => lock.release()).toThrow(NotHeldError);
  });

  test('rlock', () => {
    const lock = new RLock();
    for (let i = 0; i < 3; i++) expect(lock.acquireSync()).toBe(true);
    for (let i = 0; i < 3; i++) expect(lock.release()).toBeUndefined();
    expect(() => lock.release()).toThrow(NotHeldError);
  });

  test('rlock: another that releases is refused, and the owner still has it', async () => {
    const lock = new RLock();
    lock.acquireSync();
    const target = (l: RLock) => {
      try {
        l.release();
      } catch (error) {
        process.exitCode = (error as { code: string }).code === 'ERR_NOT_OWNER' ? 7 : 8;
      }
    };
    expect(await new Process({ target, args: [lock] }).start().join()).toBe(7);
    lock.release();
    expect(lock.locked()).toBe(false);
  });

  test('lock: another may release it', async () => {
    const lock = new Lock();
    lock.acquireSync();
    const waiting = lock.acquire();
    const child = new Process({ target: (l: Lock) => l.release(), args: [lock] }).start();
    expect(await waiting).toBe(true);
    expect(await child.join()).toBe(0);
    lock.release();
  });
});

describe('Semaphore', () => {
  test.each([
    ['semaphore', () => new Semaphore(2)],
    ['bounded_semaphore', () => new BoundedSemaphore(2)],
  ])('%s', (_, make) => {
    const sem = make();
    expect(sem.value).toBe(2);
    expect(sem.acquireSync()).toBe(true);
    expect(sem.value).toBe(1);
    expect(sem.acquireSync()).toBe(true);
    expect(sem.value).toBe(0);
    expect(sem.tryAcquire()).toBe(false);
    expect(sem.value).toBe(0);
    expect(sem.release()).toBeUndefined();
    expect(sem.value).toBe(1);
    expect(sem.release()).toBeUndefined();
    expect(sem.value).toBe(2);
  });

  test('semaphore: a release beyond its first value is a permit more', () => {
    const sem = new Semaphore(2);
    sem.release();
    expect(sem.value).toBe(3);
    sem.release(2);
    expect(sem.value).toBe(5);
  });

  test('timeout', async () => {
    const sem = new Semaphore(0);
    for (const timeout of [0, 50]) {
      const begun = performance.now();
      expect(sem.acquireSync({ timeout })).toBe(false);
      expect(await sem.acquire({ timeout })).toBe(false);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * timeout - 2);
    }
  });
});

describe('Condition', () => {
  /** Waits once, and tells both before and after. */
  const blocked = (cond: Condition, sleeping: Semaphore, woken: Semaphore, timeout?: number) => {
    cond.acquireSync();
    sleeping.release();
    cond.waitSync({ timeout });
    woken.release();
    cond.release();
  };
  const awaiting = async (cond: Condition, sleeping: Semaphore, woken: Semaphore, timeout?: number) => {
    await cond.acquire();
    sleeping.release();
    await cond.wait({ timeout });
    woken.release();
    cond.release();
  };

  /** `n` processes that wait, each in another way than the one before. They have begun to. */
  async function sleepers(n: number, timeout?: number) {
    const [cond, sleeping, woken] = [new Condition(), new Semaphore(0), new Semaphore(0)];
    const children = Array.from({ length: n }, (_, i) =>
      new Process({ target: i % 2 === 0 ? blocked : awaiting, args: [cond, sleeping, woken, timeout] }).start(),
    );
    for (let i = 0; i < n; i++) await sleeping.acquire();
    const ended = () => Promise.all(children.map((child) => child.join()));
    return { cond, woken, ended };
  }

  test('notify', async () => {
    const { cond, woken, ended } = await sleepers(2);
    await sleep(DELTA);
    expect(woken.value).toBe(0);
    cond.runSync(() => cond.notify());
    await until('one is woken', () => woken.value === 1);
    await sleep(DELTA);
    expect(woken.value).toBe(1);
    cond.runSync(() => cond.notify());
    await until('both are', () => woken.value === 2);
    expect(await ended()).toEqual([0, 0]);
  });

  test('notify_all', async () => {
    const late = await sleepers(6, 50);
    expect(await late.ended()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(late.woken.value).toBe(6);
    const { cond, woken, ended } = await sleepers(6);
    await sleep(DELTA);
    expect(woken.value).toBe(0);
    cond.runSync(() => cond.notifyAll());
    expect(await ended()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(woken.value).toBe(6);
  });

  test('notify_n', async () => {
    const { cond, woken, ended } = await sleepers(6);
    cond.runSync(() => cond.notify(2));
    await until('two are woken', () => woken.value === 2);
    await sleep(DELTA);
    expect(woken.value).toBe(2);
    cond.runSync(() => cond.notify(4));
    expect(await ended()).toEqual([0, 0, 0, 0, 0, 0]);
    cond.runSync(() => cond.notify(3));
    expect(woken.value).toBe(6);
    // What was notified while nobody waited is for nobody.
    cond.acquireSync();
    expect(cond.waitSync({ timeout: 0 })).toBe(false);
    cond.release();
  });

  test('timeout', async () => {
    const cond = new Condition();
    for (const form of ['waitSync', 'wait'] as const) {
      cond.acquireSync();
      const begun = performance.now();
      expect(await cond[form]({ timeout: 50 })).toBe(false);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(49);
      cond.release();
    }
  });

  test('waitfor', async () => {
    const cond = new Condition();
    const state = new Value('int32', -1);
    const target = (c: Condition, s: Value<'int32'>) =>
      c.runSync(() => {
        s.value = 0;
        c.notify();
        if (!c.waitForSync(() => s.value === 4) || s.value !== 4) process.exit(1);
      });
    const child = new Process({ target, args: [cond, state] }).start();
    await cond.run(async () => {
      expect(await cond.waitFor(() => state.value === 0)).toBe(true);
      expect(state.value).toBe(0);
    });
    for (let i = 0; i < 4; i++) {
      await sleep(10);
      cond.runSync(() => {
        state.add(1);
        cond.notify();
      });
    }
    expect(await child.join()).toBe(0);
  });

  test.each(['waitForSync', 'waitFor'] as const)('waitfor_timeout: %s', async (form) => {
    const cond = new Condition();
    const [state, ready] = [new Value('int32', 0), new Semaphore(0)];
    const target = async (c: Condition, s: Value<'int32'>, r: Semaphore, f: typeof form) => {
      r.release();
      await c.acquire();
      const begun = performance.now();
      const result = await c[f](() => s.value === 4, { timeout: 100 });
      process.exitCode = result === false && performance.now() - begun >= 99 ? 7 : 8;
      c.release();
    };
    const child = new Process({ target, args: [cond, state, ready, form] }).start();
    await ready.acquire();
    for (let i = 0; i < 3; i++) {
      await sleep(10);
      cond.runSync(() => {
        state.add(1);
        cond.notify();
      });
    }
    expect(await child.join()).toBe(7);
  });

  test('wait_result', async () => {
    const cond = new Condition();
    cond.acquireSync();
    expect(cond.waitSync({ timeout: 0 })).toBe(false);
    expect(cond.waitSync({ timeout: 50 })).toBe(false);
    expect(await cond.wait({ timeout: 0 })).toBe(false);
    const child = new Process({ target: (c: Condition) => c.runSync(() => c.notify()), args: [cond] }).start();
    expect(cond.waitSync({ timeout: 60_000 })).toBe(true);
    cond.release();
    expect(await child.join()).toBe(0);
  });

  test('of a plain lock', async () => {
    const lock = new Lock();
    const cond = new Condition(lock);
    expect(() => cond.notify()).toThrow(NotHeldError);
    expect(() => cond.notifyAll()).toThrow(NotHeldError);
    expect(() => cond.waitSync({ timeout: 1 })).toThrow(NotHeldError);
    const waiting = cond.run(() => cond.wait());
    await until('it waits', () => !lock.locked());
    lock.acquireSync();
    cond.notify();
    lock.release();
    expect(await waiting).toBe(true);
    expect(lock.locked()).toBe(false);
  });
});

test('Event', async () => {
  const event = new Event();
  expect(event.isSet()).toBe(false);
  for (const timeout of [0, 30]) {
    const begun = performance.now();
    expect(event.waitSync({ timeout })).toBe(false);
    expect(await event.wait({ timeout })).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * timeout - 2);
  }
  event.set();
  expect(event.isSet()).toBe(true);
  event.set();
  for (const timeout of [undefined, 0, 30]) {
    expect(event.waitSync({ timeout })).toBe(true);
    expect(await event.wait({ timeout })).toBe(true);
  }
  event.clear();
  expect(event.isSet()).toBe(false);
  const child = new Process({ target: (e: Event) => e.set(), args: [event] }).start();
  expect(event.waitSync()).toBe(true);
  expect(await child.join()).toBe(0);
});

describe('Barrier', () => {
  const N = 5;

  /** Runs `target` in N processes, this one among them; what they told, sorted. */
  async function together(
    target: (b: Barrier, say: Queue<any>, more: any) => unknown,
    barrier: Barrier,
    more?: unknown,
  ) {
    const said = new Queue<any>();
    const args = [barrier, said, more] as const;
    const children = Array.from({ length: N - 1 }, () => new Process({ target, args }).start());
    await target(barrier, said, more);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual(Array(N - 1).fill(0));
    const all = [];
    while (!said.empty) all.push(said.getSync());
    return all.sort();
  }

  test.each([1, 10])('barrier, %d passes', async (passes) => {
    const target = async (b: Barrier, say: Queue, n: number) => {
      for (let i = 0; i < n; i++) {
        await b.wait();
        say.putSync(`${i}a`);
        b.waitSync();
        say.putSync(`${i}b`);
      }
      if (b.broken) throw new Error('broken');
    };
    expect(await together(target, new Barrier(N), passes)).toHaveLength(2 * N * passes);
  });

  test('wait_return', async () => {
    const barrier = new Barrier(N);
    const target = (b: Barrier, say: Queue) => say.putSync(b.waitSync());
    expect(await together(target, barrier)).toEqual([0, 1, 2, 3, 4]);
    expect(barrier.nWaiting).toBe(0);
  });

  test('action', async () => {
    const ran = new Semaphore(0);
    const barrier = new Barrier(N, { action: () => ran.release() });
    const target = (b: Barrier, say: Queue, r: Semaphore) => {
      b.waitSync();
      say.putSync(r.value);
    };
    expect(await together(target, barrier, ran)).toEqual([1, 1, 1, 1, 1]);
  });

  test('abort', async () => {
    const barrier = new Barrier(N);
    const target = (b: Barrier, say: Queue) => {
      try {
        const i = b.waitSync();
        if (i === 2) return b.abort();
        b.waitSync();
        say.putSync('through');
      } catch (error) {
        say.putSync((error as { code: string }).code);
      }
    };
    expect(await together(target, barrier)).toEqual(Array(N - 1).fill('ERR_BROKEN_BARRIER'));
    expect(barrier.broken).toBe(true);
  });

  test('reset', async () => {
    const target = async (b: Barrier, say: Queue) => {
      const i = await b.wait();
      if (i === 2) {
        while (b.nWaiting < 4) await new Promise((resolve) => setTimeout(resolve, 1));
        b.reset();
      } else {
        try {
          b.waitSync();
          say.putSync('through');
        } catch (error) {
          say.putSync((error as { code: string }).code);
        }
      }
      await b.wait();
      say.putSync('again');
    };
    const barrier = new Barrier(N);
    expect(await together(target, barrier)).toEqual([
      ...Array(N - 1).fill('ERR_BROKEN_BARRIER'),
      ...Array(N).fill('again'),
    ]);
    expect(barrier.broken).toBe(false);
  });

  test('abort_and_reset', async () => {
    const target = async (b: Barrier, say: Queue, second: Barrier) => {
      try {
        const i = b.waitSync();
        if (i === 2) b.abort();
        else {
          await b.wait();
          say.putSync('through');
        }
      } catch (error) {
        say.putSync((error as { code: string }).code);
      }
      // All have left it when it is reset, and nobody comes before.
      if (second.waitSync() === 2) b.reset();
      second.waitSync();
      await b.wait();
      say.putSync('again');
    };
    expect(await together(target, new Barrier(N), new Barrier(N))).toEqual([
      ...Array(N - 1).fill('ERR_BROKEN_BARRIER'),
      ...Array(N).fill('again'),
    ]);
  });

  test.each(['of wait()', 'by default'])('timeout, %s', async (which) => {
    const barrier = new Barrier(N, which === 'by default' ? { timeout: 300 } : {});
    const target = async (b: Barrier, say: Queue, timeout?: number) => {
      const i = await b.wait({ timeout: 60_000 });
      if (i === 2) await new Promise((resolve) => setTimeout(resolve, 700));
      try {
        b.waitSync({ timeout });
        say.putSync('through');
      } catch (error) {
        say.putSync((error as { code: string }).code);
      }
    };
    const timeout = which === 'by default' ? undefined : 300;
    expect(await together(target, barrier, timeout)).toEqual(Array(N).fill('ERR_BROKEN_BARRIER'));
    await expect(barrier.wait()).rejects.toThrow(BrokenBarrierError);
  });

  test('single_thread', async () => {
    const barrier = new Barrier(1);
    expect([barrier.waitSync(), await barrier.wait(), barrier.waitSync()]).toEqual([0, 0, 0]);
  });

  test('thousand', async () => {
    const [reader, writer] = Pipe<number>({ duplex: false });
    const barrier = new Barrier(N);
    const lock = new Lock();
    const target = (b: Barrier, conn: Connection, l: Lock) => {
      for (let i = 0; i < 1000; i++) {
        b.waitSync();
        l.runSync(() => conn.sendSync(i));
      }
    };
    const children = Array.from({ length: N }, () =>
      new Process({ target, args: [barrier, writer as Connection, lock] }).start(),
    );
    for (let i = 0; i < 1000; i++) {
      for (let j = 0; j < N; j++) if (reader.recvSync() !== i) throw new Error(`not ${i}`);
    }
    expect(await Promise.all(children.map((child) => child.join()))).toEqual(Array(N).fill(0));
  });
});
