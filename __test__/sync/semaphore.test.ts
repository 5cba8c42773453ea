// Semaphores: counting, waiting, releasing for others, several at once, and whose permits come back.
import { describe, expect, test } from 'vitest';
import { BoundedSemaphore, Event, NotHeldError, Process, Queue, Semaphore } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { die } from '../support/start-method';
import { until } from '../support/until';

noLeaks();

describe('a semaphore', () => {
  test('counts down and up', async () => {
    const semaphore = new Semaphore(2);
    expect(semaphore.value).toBe(2);
    expect(semaphore.acquireSync()).toBe(true);
    expect(semaphore.value).toBe(1);
    expect(await semaphore.acquire()).toBe(true);
    expect(semaphore.value).toBe(0);
    expect(semaphore.tryAcquire()).toBe(false);
    expect(semaphore.acquireSync({ timeout: 0 })).toBe(false);
    expect(await semaphore.acquire({ timeout: 0 })).toBe(false);
    expect(semaphore.release()).toBeUndefined();
    expect(semaphore.value).toBe(1);
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  test('has one permit by default, and none where it is told 0', () => {
    expect(new Semaphore().value).toBe(1);
    expect(new BoundedSemaphore().value).toBe(1);
    const none = new Semaphore(0);
    expect(none.tryAcquire()).toBe(false);
    none.release();
    expect(none.value).toBe(1);
    expect(none.tryAcquire()).toBe(true);
  });

  test('can be released past its first value', () => {
    const semaphore = new Semaphore(2);
    semaphore.release();
    expect(semaphore.value).toBe(3);
    semaphore.release(5);
    expect(semaphore.value).toBe(8);
    for (let i = 0; i < 8; i++) expect(semaphore.tryAcquire()).toBe(true);
    expect(semaphore.tryAcquire()).toBe(false);
  });

  test.each([1, 5, 208, 209, 1000, 2 ** 31 - 1])('of %d permits has so many', (n) => {
    const semaphore = new Semaphore(n);
    expect(semaphore.value).toBe(n);
    const some = Math.min(n, 300);
    for (let i = 0; i < some; i++) expect(semaphore.acquireSync({ timeout: 0 })).toBe(true);
    expect(semaphore.value).toBe(n - some);
    semaphore.release(some);
    expect(semaphore.value).toBe(n);
  });

  test('never has more than 2^31 - 1 permits', () => {
    for (const first of [2 ** 31 - 1, 3]) {
      const semaphore = new Semaphore(first);
      expect(() => semaphore.release(2 ** 31 - 1)).toThrow(RangeError);
      expect(semaphore.value).toBe(first);
    }
    const full = new Semaphore(2 ** 31 - 1);
    expect(() => full.release()).toThrow(RangeError);
  });

  test('lets at most so many in at once', async () => {
    const semaphore = new Semaphore(3);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, () =>
        semaphore.run(async () => {
          most = Math.max(most, ++inside);
          await new Promise(setImmediate);
          inside--;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(semaphore.value).toBe(3);
  });

  test('is held, and given back however that ends', async () => {
    const semaphore = new Semaphore(1);
    {
      using _ = await semaphore.hold();
      expect(semaphore.value).toBe(0);
      expect(() => semaphore.holdSync({ timeout: 1 })).toThrow(expect.objectContaining({ code: 'ERR_TIMEOUT' }));
      await expect(semaphore.run(() => 1, { timeout: 1 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    }
    expect(() =>
      semaphore.runSync(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(semaphore.value).toBe(1);
  });

  test('serves waiters of one thread in the order in which they came', async () => {
    const semaphore = new Semaphore(0);
    const order: number[] = [];
    const waiting = Array.from({ length: 20 }, (_, i) => semaphore.acquire().then(() => order.push(i)));
    semaphore.release(5);
    semaphore.release(15);
    await Promise.all(waiting);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});

describe('a bounded semaphore', () => {
  test('refuses a release past its first value, and is as it was', () => {
    const semaphore = new BoundedSemaphore(2);
    expect(() => semaphore.release()).toThrow(NotHeldError);
    expect(semaphore.value).toBe(2);
    semaphore.acquireSync();
    expect(() => semaphore.release(2)).toThrow(NotHeldError);
    expect(semaphore.value).toBe(1);
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  test.each([2, 500])('of %d releases several at once, or none', (n) => {
    const semaphore = new BoundedSemaphore(n);
    semaphore.acquireSync();
    semaphore.acquireSync();
    expect(() => semaphore.release(3)).toThrow(NotHeldError);
    expect(semaphore.value).toBe(n - 2);
    semaphore.release(2);
    expect(semaphore.value).toBe(n);
    expect(() => semaphore.release()).toThrow(NotHeldError);
  });

  test('is a Semaphore', () => {
    expect(new BoundedSemaphore()).toBeInstanceOf(Semaphore);
  });

  test('never has more than its first value, whoever releases at once', async () => {
    const semaphore = new BoundedSemaphore(4);
    const refused = new Queue<number>();
    for (let i = 0; i < 4; i++) semaphore.acquireSync();
    const target = (s: BoundedSemaphore, q: Queue<number>) => {
      let no = 0;
      for (let i = 0; i < 1000; i++) {
        try {
          s.release(2);
          while (!s.tryAcquire());
          while (!s.tryAcquire());
        } catch {
          no++;
        }
      }
      q.putSync(no);
    };
    const children = [1, 2].map(() => new Process({ target, args: [semaphore, refused] }).start());
    for (let i = 0; i < 1000; i++) expect(semaphore.value).toBeLessThanOrEqual(4);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0]);
    expect(semaphore.value).toBe(0);
    refused.getSync();
    refused.getSync();
  });
});

describe('between processes', () => {
  test('a release in one lets another go on', async () => {
    const semaphore = new Semaphore(0);
    const said = new Queue<string>();
    const blocked = (s: Semaphore, q: Queue<string>) => {
      q.putSync('waiting');
      s.acquireSync();
      q.putSync('had it');
    };
    const awaiting = async (s: Semaphore, q: Queue<string>) => {
      q.putSync('waiting');
      await s.acquire();
      q.putSync('had it');
    };
    const children = [blocked, awaiting].map((target) => new Process({ target, args: [semaphore, said] }).start());
    expect([await said.get(), await said.get()]).toEqual(['waiting', 'waiting']);
    semaphore.release();
    expect(await said.get()).toBe('had it');
    expect(await said.get({ timeout: 50 }).catch(() => 'nothing')).toBe('nothing');
    semaphore.release();
    expect(await said.get()).toBe('had it');
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0]);
    expect(semaphore.value).toBe(0);
  });

  test('what one has taken another may release', async () => {
    const semaphore = new BoundedSemaphore(1);
    const target = (s: BoundedSemaphore) => {
      s.acquireSync();
    };
    const child = new Process({ target, args: [semaphore] }).start();
    await child.join();
    expect(semaphore.value).toBe(0);
    semaphore.release();
    expect(semaphore.value).toBe(1);
    expect(() => semaphore.release()).toThrow(NotHeldError);
  });

  test('one release of many wakes as many as it has permits', async () => {
    const semaphore = new Semaphore(0);
    const said = new Queue<number>();
    const target = (s: Semaphore, q: Queue<number>) => {
      q.putSync(0);
      s.acquireSync();
      q.putSync(1);
    };
    const children = Array.from({ length: 4 }, () => new Process({ target, args: [semaphore, said] }).start());
    for (let i = 0; i < 4; i++) await said.get();
    semaphore.release(4);
    for (let i = 0; i < 4; i++) expect(await said.get()).toBe(1);
    await Promise.all(children.map((child) => child.join()));
  });

  test('a waiter gets its turn against one that hammers', async () => {
    const semaphore = new Semaphore(1);
    const stop = new Event();
    const begun = new Event();
    const hammer = (s: Semaphore, b: Event, e: Event) => {
      while (!e.isSet()) {
        s.acquireSync();
        s.release();
        b.set();
      }
    };
    const child = new Process({ target: hammer, args: [semaphore, begun, stop] }).start();
    await begun.wait();
    for (let i = 0; i < 30; i++) {
      expect(semaphore.acquireSync()).toBe(true);
      semaphore.release();
      expect(await semaphore.acquire()).toBe(true);
      semaphore.release();
    }
    stop.set();
    expect(await child.join()).toBe(0);
  });
});

describe('a waiter that gives up', () => {
  test('after its timeout takes nothing, and at least that time has passed', async () => {
    const semaphore = new Semaphore(0);
    for (const way of ['acquire', 'acquireSync'] as const) {
      const begun = performance.now();
      expect(await semaphore[way]({ timeout: 60 })).toBe(false);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(59);
    }
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });

  test('by abort rejects with the reason, also where a permit is there', async () => {
    const reason = { why: 'not wanted' };
    const semaphore = new Semaphore(1);
    await expect(semaphore.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(semaphore.hold({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(semaphore.value).toBe(1);
    semaphore.acquireSync();
    const controller = new AbortController();
    const aborted = semaphore.acquire({ signal: controller.signal });
    const behind = semaphore.acquire();
    controller.abort(reason);
    semaphore.release();
    await expect(aborted).rejects.toBe(reason);
    expect(await behind).toBe(true);
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });

  test('just as it is given a permit leaves it to another', async () => {
    const semaphore = new Semaphore(0);
    const controller = new AbortController();
    const aborted = semaphore.acquire({ signal: controller.signal });
    const behind = semaphore.acquire();
    semaphore.release();
    controller.abort('late');
    await expect(aborted).rejects.toBe('late');
    expect(await behind).toBe(true);
    expect(semaphore.value).toBe(0);
  });
});

describe('the permits of a process', () => {
  const dieWith = (s: Semaphore, n: number, code: number) => {
    for (let i = 0; i < n; i++) s.acquireSync();
    if (code < 0) die();
    process.exit(code);
  };

  test.each([-1, 3])('that ends by %d come back, and wake who waits', async (code) => {
    const semaphore = new Semaphore(3);
    const child = new Process({ target: dieWith, args: [semaphore, 2, code] }).start();
    await child.join();
    semaphore.acquireSync();
    expect(await semaphore.acquire()).toBe(true);
    expect(semaphore.acquireSync()).toBe(true);
    expect(semaphore.value).toBe(0);
  });

  test('that is killed inside of run() come back', async () => {
    const semaphore = new BoundedSemaphore(1);
    const target = (s: BoundedSemaphore) => s.run(() => die());
    const child = new Process({ target, args: [semaphore] }).start();
    await child.join();
    expect(await semaphore.acquire()).toBe(true);
    semaphore.release();
    expect(() => semaphore.release()).toThrow(NotHeldError);
  });

  test('that ends with exit code 0 stay taken, as in Python', async () => {
    const semaphore = new Semaphore(2);
    const other = new Semaphore(0);
    const child = new Process({ target: dieWith, args: [semaphore, 1, 0] }).start();
    await child.join();
    // The next child gets the slot of the last one, which is free only after its repair.
    const again = new Process({ target: (s: Semaphore) => s.release(), args: [other] }).start();
    await other.acquire();
    await again.join();
    expect(semaphore.value).toBe(1);
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  test('stay taken where it is not known whose they are: a signal does not come back', async () => {
    const items = new Semaphore(0);
    items.release(3);
    const child = new Process({ target: dieWith, args: [items, 2, -1] }).start();
    await child.join();
    const told = new Semaphore(1);
    const victim = new Process({ target: dieWith, args: [told, 1, -1] }).start();
    await victim.join();
    await told.acquire();
    await until('both are repaired', () => items.value === 1);
    expect(items.value).toBe(1);
  });

  test('stay its own where a waiter is killed', async () => {
    const semaphore = new Semaphore(1);
    const said = new Queue<string>();
    semaphore.acquireSync();
    const target = (s: Semaphore, q: Queue<string>) => {
      q.putSync('waiting');
      s.acquireSync();
    };
    const victim = new Process({ target, args: [semaphore, said] }).start();
    await said.get();
    const behind = semaphore.acquire();
    victim.kill();
    await victim.join();
    expect(semaphore.value).toBe(0);
    semaphore.release();
    expect(await behind).toBe(true);
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });
});
