// The condition: who is notified, what happens to the lock, and what a waiter that gives up or dies leaves behind.
import { describe, expect, test } from 'vitest';
import { Condition, Event, Lock, NotHeldError, Process, Queue, RLock, Semaphore } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { die, threads } from '../support/start-method';
import { until } from '../support/until';

noLeaks();

type Said = Queue<unknown>;

/** Waits once, blocked, and tells. */
const waitBlocked = (c: Condition, sleeping: Semaphore, q: Said, timeout?: number) => {
  c.acquireSync();
  sleeping.release();
  q.putSync(c.waitSync({ timeout }));
  c.release();
};

/** Waits once, awaiting, and tells. */
const waitAwaiting = async (c: Condition, sleeping: Semaphore, q: Said, timeout?: number) => {
  await c.acquire();
  sleeping.release();
  const notified = await c.wait({ timeout });
  q.putSync(notified);
  c.release();
};

/** Children that wait for `condition`; settles when all of them do. */
async function waiters(condition: Condition, targets: (typeof waitBlocked | typeof waitAwaiting)[], timeout?: number) {
  const sleeping = new Semaphore(0);
  const said: Said = new Queue();
  const args = [condition, sleeping, said, timeout] as const;
  const children = targets.map((target) => new Process({ target: target as typeof waitBlocked, args }).start());
  for (let i = 0; i < targets.length; i++) await sleeping.acquire();
  // Who can take the lock now knows that all have released it: they wait.
  await condition.acquire();
  condition.release();
  return { children, said };
}

async function nothingMore(said: Said): Promise<boolean> {
  return (await said.get({ timeout: 60 }).catch(() => 'nothing')) === 'nothing';
}

describe('the lock', () => {
  test('is an RLock of its own by default, or the one given', () => {
    const lock = new Lock();
    expect(new Condition().lock).toBeInstanceOf(RLock);
    expect(new Condition(lock).lock).toBe(lock);
    const recursive = new RLock();
    expect(new Condition(recursive).lock).toBe(recursive);
  });

  test("'s methods are the condition's", async () => {
    const condition = new Condition();
    expect(condition.acquireSync()).toBe(true);
    expect(condition.lock.locked()).toBe(true);
    condition.release();
    expect(await condition.acquire()).toBe(true);
    condition.release();
    expect(() => condition.release()).toThrow(NotHeldError);
    {
      using _ = await condition.hold();
      expect(condition.lock.locked()).toBe(true);
    }
    expect(condition.runSync(() => condition.lock.locked())).toBe(true);
    expect(await condition.run(async () => condition.lock.locked())).toBe(true);
    expect(condition.lock.locked()).toBe(false);
  });

  test.each([
    ['none', undefined],
    ['a Lock', () => new Lock()],
  ])('must be held to wait and to notify (%s)', async (_, make) => {
    const condition = new Condition(make?.());
    await expect(condition.wait()).rejects.toBeInstanceOf(NotHeldError);
    expect(() => condition.waitSync()).toThrow(NotHeldError);
    await expect(condition.waitFor(() => false)).rejects.toBeInstanceOf(NotHeldError);
    expect(() => condition.waitForSync(() => false)).toThrow(NotHeldError);
    expect(() => condition.notify()).toThrow(NotHeldError);
    expect(() => condition.notifyAll()).toThrow(NotHeldError);
  });

  test('held by another process is not held here', async () => {
    const condition = new Condition();
    const held = new Event();
    const done = new Event();
    const target = (c: Condition, h: Event, d: Event) => {
      c.acquireSync();
      h.set();
      d.waitSync();
      c.release();
    };
    const child = new Process({ target, args: [condition, held, done] }).start();
    await held.wait();
    expect(() => condition.notify()).toThrow(NotHeldError);
    await expect(condition.wait()).rejects.toBeInstanceOf(NotHeldError);
    done.set();
    await child.join();
  });

  test('taken several times is released wholly while it waits, and restored: notified, timed out, aborted', async () => {
    const condition = new Condition();
    const lock = condition.lock;
    const depth = () => {
      let n = 0;
      for (; lock.locked(); n++) lock.release();
      return n;
    };
    for (let i = 0; i < 3; i++) lock.acquireSync();
    const controller = new AbortController();
    const aborted = condition.wait({ signal: controller.signal });
    expect(lock.locked()).toBe(false);
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    expect(depth()).toBe(3);

    for (let i = 0; i < 2; i++) lock.acquireSync();
    expect(condition.waitSync({ timeout: 5 })).toBe(false);
    expect(depth()).toBe(2);
    for (let i = 0; i < 2; i++) lock.acquireSync();
    expect(await condition.wait({ timeout: 5 })).toBe(false);
    expect(depth()).toBe(2);

    for (let i = 0; i < 4; i++) lock.acquireSync();
    const notified = condition.wait();
    await condition.acquire();
    condition.notify();
    condition.release();
    expect(await notified).toBe(true);
    expect(depth()).toBe(4);
  });

  test('of a run() belongs to that run() again after the wait', async () => {
    const condition = new Condition();
    const waiting = condition.run(() =>
      condition.run(async () => {
        expect(await condition.wait()).toBe(true);
        expect(condition.lock.tryAcquire()).toBe(true);
        condition.release();
        return 'went on';
      }),
    );
    await condition.run(() => condition.notify());
    expect(await waiting).toBe('went on');
    expect(condition.lock.locked()).toBe(false);
  });
});

describe('notify', () => {
  test('wakes as many as it says, blocked or awaiting', async () => {
    const condition = new Condition();
    const { children, said } = await waiters(condition, [waitBlocked, waitAwaiting, waitBlocked, waitAwaiting]);
    condition.runSync(() => condition.notify());
    expect(await said.get()).toBe(true);
    expect(await nothingMore(said)).toBe(true);
    condition.runSync(() => condition.notify(2));
    expect([await said.get(), await said.get()]).toEqual([true, true]);
    expect(await nothingMore(said)).toBe(true);
    condition.runSync(() => condition.notify(10));
    expect(await said.get()).toBe(true);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  });

  test('All wakes all', async () => {
    const condition = new Condition();
    const { children, said } = await waiters(condition, [waitBlocked, waitAwaiting, waitBlocked, waitAwaiting]);
    const here = Array.from({ length: 5 }, () => condition.run(() => condition.wait()));
    await until('all wait here', () => !condition.lock.locked());
    await condition.run(() => condition.notifyAll());
    for (let i = 0; i < 4; i++) expect(await said.get()).toBe(true);
    expect(await Promise.all(here)).toEqual(Array(5).fill(true));
    await Promise.all(children.map((child) => child.join()));
  });

  test('of nobody is forgotten', async () => {
    const condition = new Condition();
    condition.runSync(() => (condition.notify(3), condition.notifyAll()));
    condition.acquireSync();
    expect(condition.waitSync({ timeout: 10 })).toBe(false);
    expect(await condition.wait({ timeout: 10 })).toBe(false);
    condition.release();
  });

  test('is not for one who comes after it', async () => {
    const condition = new Condition();
    const first = condition.run(() => condition.wait());
    await condition.run(() => condition.notify());
    const second = condition.run(() => condition.wait({ timeout: 30 }));
    expect(await first).toBe(true);
    expect(await second).toBe(false);
  });

  test('serves waiters of one thread in the order in which they came', async () => {
    const condition = new Condition();
    const order: number[] = [];
    const waiting = Array.from({ length: 10 }, (_, i) =>
      condition.run(async () => {
        await condition.wait();
        order.push(i);
      }),
    );
    for (let i = 0; i < 10; i++) {
      await condition.run(() => condition.notify());
      await waiting[i];
    }
    expect(order).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });
});

describe('a timeout', () => {
  test('gives false after at least that time, with the lock held', async () => {
    const condition = new Condition();
    const { children, said } = await waiters(condition, [waitBlocked, waitAwaiting], 100);
    expect([await said.get(), await said.get()]).toEqual([false, false]);
    await Promise.all(children.map((child) => child.join()));
    condition.acquireSync();
    const begun = performance.now();
    expect(condition.waitSync({ timeout: 60 })).toBe(false);
    expect(await condition.wait({ timeout: 60 })).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(118);
    expect(condition.lock.locked()).toBe(true);
    condition.release();
  });

  test('of 0 looks once', async () => {
    const condition = new Condition();
    condition.acquireSync();
    expect(condition.waitSync({ timeout: 0 })).toBe(false);
    expect(await condition.wait({ timeout: 0 })).toBe(false);
    expect(condition.waitForSync(() => true, { timeout: 0 })).toBe(true);
    expect(await condition.waitFor(() => false, { timeout: 0 })).toBe(false);
    condition.release();
  });
});

describe('waitFor()', () => {
  test('waits until its predicate gives true', async () => {
    const condition = new Condition();
    const said: Said = new Queue();
    const state = new Semaphore(0);
    const target = (c: Condition, s: Semaphore, q: Said) => {
      c.acquireSync();
      q.putSync('waiting');
      q.putSync(c.waitForSync(() => s.value === 4));
      c.release();
    };
    const child = new Process({ target, args: [condition, state, said] }).start();
    await said.get();
    const here = condition.run(() => condition.waitFor(() => state.value === 4));
    for (let i = 0; i < 4; i++) {
      await condition.run(() => {
        state.release();
        condition.notifyAll();
      });
    }
    expect(await said.get()).toBe(true);
    expect(await here).toBe(true);
    expect(await child.join()).toBe(0);
  });

  test('gives false when the time for all of it has passed, however often it was notified', async () => {
    const condition = new Condition();
    let calls = 0;
    const begun = performance.now();
    const waiting = condition.run(() => condition.waitFor(() => (calls++, false), { timeout: 1000 }));
    const poke = setInterval(() => void condition.run(() => condition.notify()), 10);
    expect(await waiting).toBe(false);
    clearInterval(poke);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(999);
    expect(calls).toBeGreaterThan(2);
  });

  test('does not wait where the predicate gives true at once', async () => {
    const condition = new Condition();
    expect(condition.runSync(() => condition.waitForSync(() => true))).toBe(true);
    expect(await condition.run(() => condition.waitFor(() => true))).toBe(true);
  });

  test('throws what the predicate throws, with the lock held', async () => {
    const condition = new Condition();
    condition.acquireSync();
    const fail = () => {
      throw new Error('in the predicate');
    };
    expect(() => condition.waitForSync(fail)).toThrow('in the predicate');
    await expect(condition.waitFor(fail)).rejects.toThrow('in the predicate');
    await expect(condition.waitFor((async () => true) as never)).rejects.toThrow(TypeError);
    expect(condition.lock.locked()).toBe(true);
    condition.release();
  });

  test('rejects with the reason of its signal', async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const waiting = condition.run(() => condition.waitFor(() => false, { signal: controller.signal }));
    setTimeout(() => controller.abort('enough'), 10);
    await expect(waiting).rejects.toBe('enough');
    await expect(
      condition.run(() => condition.waitFor(() => true, { signal: AbortSignal.abort('before') })),
    ).rejects.toBe('before');
    expect(condition.lock.locked()).toBe(false);
  });
});

describe('a notify is not swallowed', () => {
  test('by a waiter that is aborted as it is notified', async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const aborted = condition.run(() => condition.wait({ signal: controller.signal }));
    const behind = condition.run(() => condition.wait());
    await condition.run(() => {
      condition.notify();
      controller.abort('late');
    });
    await expect(aborted).rejects.toBe('late');
    expect(await behind).toBe(true);
  });

  test('by a waiter that has timed out', async () => {
    const condition = new Condition();
    const late = condition.run(() => condition.wait({ timeout: 1 }));
    const behind = condition.run(() => condition.wait());
    expect(await late).toBe(false);
    await condition.run(() => condition.notify());
    expect(await behind).toBe(true);
  });

  test.each([
    ['blocked', waitBlocked],
    ['awaiting', waitAwaiting],
  ])('by a waiter that was killed before it, %s', async (_, target) => {
    const condition = new Condition();
    const { children, said } = await waiters(condition, [target, target, target]);
    const here = condition.run(() => condition.wait());
    children[0].kill();
    children[1].kill();
    await children[0].join();
    await children[1].join();
    condition.runSync(() => condition.notify(2));
    expect(await said.get()).toBe(true);
    expect(await here).toBe(true);
    await children[2].join();
  });

  test.skipIf(threads /* one thread can't be stopped */)(
    'by a waiter that is killed before it can take the lock',
    async () => {
      const condition = new Condition();
      const { children } = await waiters(condition, [waitBlocked]);
      process.kill(children[0].pid!, 'SIGSTOP');
      const here = condition.run(() => condition.wait());
      await new Promise(setImmediate);
      await condition.acquire();
      // One of the two; the stopped one can't take what it is given.
      condition.notify();
      condition.release();
      children[0].kill();
      await children[0].join();
      await condition.run(() => undefined);
      const first = await Promise.race([here, new Promise((resolve) => setTimeout(resolve, 5000, 'never'))]);
      expect(first).toBe(true);
    },
  );
});

test('an owner that dies while others wait: the one that is notified is told, and does not hold the lock', async () => {
  const condition = new Condition();
  const said: Said = new Queue();
  const waiting = condition.run(() => condition.wait()).catch((error: { code: string }) => error.code);
  await new Promise(setImmediate);
  const target = (c: Condition) => {
    c.acquireSync();
    c.notify();
    die();
  };
  const child = new Process({ target, args: [condition] }).start();
  expect(await waiting).toBe('ERR_OWNER_DIED');
  await child.join();
  expect(condition.lock.locked()).toBe(false);
  expect(condition.lock.recover()).toBe(true);
  condition.release();
  expect(await nothingMore(said)).toBe(true);
});
