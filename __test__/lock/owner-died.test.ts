// A holder that ends without release: the others are told, one of them takes over, nobody waits for ever.
import { describe, expect, test } from 'vitest';
import { Lock, OwnerDiedError, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { DIED, die, threads } from '../support/start-method';

noLeaks();

type Death = 'kill' | 'terminate' | 'abort' | 'exit' | 'return' | 'throw';

/** Takes the lock, says so, and ends in some way while it holds it; those that the parent ends wait for that. */
function dieHolding(lock: Lock, said: Queue<string>, die: Queue<string>, way: string) {
  lock.acquireSync();
  said.putSync('held');
  die.getSync();
  if (way === 'abort') process.abort();
  if (way === 'exit') process.exit(0);
  if (way === 'throw') throw new Error('while it held the lock');
  while (way === 'kill' || way === 'terminate');
}

interface Holder {
  readonly lock: Lock;
  readonly pid: number;
  /** Lets it die, and waits until it has. */
  die(): Promise<number | null>;
  readonly child: Process;
  readonly order: Queue<string>;
}

/** A child that holds a lock. */
async function holder(way: Death = 'kill'): Promise<Holder> {
  const lock = new Lock();
  const said = new Queue<string>();
  const order = new Queue<string>();
  const child = new Process({ target: dieHolding, args: [lock, said, order, way] }).start();
  await said.get();
  const endIt = () => {
    order.putSync('die');
    if (way === 'kill' || way === 'terminate') child[way]();
    return child.join();
  };
  return { lock, pid: child.pid!, child, order, die: endIt };
}

/** An abandoned lock; the death is known to all when this settles. */
async function abandoned(way: Death = 'kill'): Promise<{ lock: Lock; pid: number }> {
  const { lock, pid, die } = await holder(way);
  const told = lock.acquire().then(
    () => 'had it',
    (error: unknown) => error,
  );
  await die();
  expect(await told).toBeInstanceOf(OwnerDiedError);
  return { lock, pid };
}

// A thread can't abort.
describe.each<Death>(['kill', 'terminate', 'exit', 'return', 'throw', ...(threads ? [] : (['abort'] as const))])(
  'a holder that ends by %s',
  (way) => {
    test('is told of, with its pid, and its lock can be recovered', async () => {
      const { lock, pid } = await abandoned(way);
      expect(() => lock.acquireSync()).toThrow(expect.objectContaining({ code: 'ERR_OWNER_DIED', pid }));
      expect(lock.recover()).toBe(true);
      expect(lock.locked()).toBe(true);
      lock.release();
      expect(lock.acquireSync()).toBe(true);
      lock.release();
    });
  },
);

describe('OwnerDiedError', () => {
  test('comes to those that wait already, blocked or awaiting, in any process', async () => {
    const { lock, pid, die } = await holder();
    const said = new Queue<unknown>();
    const waitBlocked = (l: Lock, q: Queue<unknown>) => {
      q.putSync('waiting');
      try {
        l.acquireSync();
        q.putSync('had it');
      } catch (error) {
        q.putSync({ name: (error as Error).constructor.name, pid: (error as OwnerDiedError).pid });
      }
    };
    const waitAwaiting = async (l: Lock, q: Queue<unknown>) => {
      const waiting = l.acquire();
      q.putSync('waiting');
      const answer = await waiting.then(
        () => 'had it',
        (error) => ({ name: error.constructor.name, pid: error.pid }),
      );
      q.putSync(answer);
    };
    const children = [waitBlocked, waitBlocked, waitAwaiting, waitAwaiting].map((target) =>
      new Process({ target, args: [lock, said] }).start(),
    );
    const here = [lock.acquire(), lock.hold(), lock.run(() => 'never')].map((waiting) =>
      waiting.catch((error: unknown) => error),
    );
    for (let i = 0; i < 4; i++) expect(await said.get()).toBe('waiting');
    await die();
    for (let i = 0; i < 4; i++) expect(await said.get()).toEqual({ name: 'OwnerDiedError', pid });
    for (const error of await Promise.all(here)) {
      expect(error).toBeInstanceOf(OwnerDiedError);
      expect(error).toMatchObject({ pid });
    }
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
    expect(lock.recover()).toBe(true);
    lock.release();
  });

  test('comes from every form, until the lock is recovered', async () => {
    const { lock, pid } = await abandoned();
    const died = expect.objectContaining({ code: 'ERR_OWNER_DIED', pid });
    expect(() => lock.acquireSync()).toThrow(died);
    expect(() => lock.acquireSync({ timeout: 0 })).toThrow(died);
    expect(() => lock.acquireSync({ timeout: 1000 })).toThrow(died);
    expect(() => lock.tryAcquire()).toThrow(died);
    expect(() => lock.holdSync()).toThrow(died);
    expect(() => lock.runSync(() => 'never')).toThrow(died);
    await expect(lock.acquire()).rejects.toMatchObject({ pid });
    await expect(lock.acquire({ timeout: 0 })).rejects.toMatchObject({ pid });
    await expect(lock.hold()).rejects.toMatchObject({ pid });
    await expect(lock.run(() => 'never')).rejects.toMatchObject({ pid });
    expect(lock.recover()).toBe(true);
    lock.release();
  });

  test('comes to a process that is handed the lock afterwards', async () => {
    const { lock, pid } = await abandoned();
    const said = new Queue<number>();
    const target = (l: Lock, q: Queue<number>) => {
      try {
        l.acquireSync();
      } catch (error) {
        q.putSync((error as OwnerDiedError).pid);
        l.recover();
        l.release();
      }
    };
    const child = new Process({ target, args: [lock, said] }).start();
    expect(await said.get()).toBe(pid);
    expect(await child.join()).toBe(0);
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });

  test('comes again where the one that recovered dies, too', async () => {
    const { lock, pid } = await abandoned();
    const said = new Queue<boolean>();
    const target = (l: Lock, q: Queue<boolean>) => q.putSync(l.recover());
    const child = new Process({ target, args: [lock, said] }).start();
    expect(await said.get()).toBe(true);
    await child.join();
    await expect(lock.acquire()).rejects.toMatchObject({ pid: child.pid });
    expect(child.pid === pid).toBe(threads);
    expect(lock.recover()).toBe(true);
    lock.release();
  });
});

describe('recover()', () => {
  test('gives false where nothing is abandoned', () => {
    const lock = new Lock();
    expect(lock.recover()).toBe(false);
    lock.acquireSync();
    expect(lock.recover()).toBe(false);
    expect(lock.locked()).toBe(true);
    lock.release();
    expect(lock.recover()).toBe(false);
  });

  test('gives true to one alone', async () => {
    const { lock } = await abandoned();
    const said = new Queue<boolean>();
    const go = new Queue<string>();
    const target = (l: Lock, q: Queue<boolean>, wait: Queue<string>) => {
      const mine = l.recover();
      q.putSync(mine);
      wait.getSync();
      if (mine) l.release();
    };
    const children = Array.from({ length: 3 }, () => new Process({ target, args: [lock, said, go] }).start());
    const answers = [await said.get(), await said.get(), await said.get()];
    expect(answers.sort()).toEqual([false, false, true]);
    expect(lock.recover()).toBe(false);
    go.putManySync(['', '', '']);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0]);
    expect(lock.locked()).toBe(false);
  });

  test('lets a waiter have the lock when the one that recovered releases', async () => {
    const { lock } = await abandoned();
    expect(lock.recover()).toBe(true);
    const waiting = lock.acquire();
    lock.release();
    expect(await waiting).toBe(true);
    lock.release();
  });
});

describe('a death that has nothing to do with the lock', () => {
  test('of one that had released it leaves it free', async () => {
    const lock = new Lock();
    const target = (l: Lock) => {
      l.acquireSync();
      l.release();
      die();
    };
    const child = new Process({ target, args: [lock] }).start();
    expect(await child.join()).toBe(DIED);
    expect(lock.acquireSync()).toBe(true);
    lock.release();
  });

  test('of one whose lock another has released leaves it free', async () => {
    const { lock, die } = await holder();
    lock.release();
    expect(await die()).toBe(-9);
    expect(lock.acquireSync()).toBe(true);
    lock.release();
  });

  test('of a waiter, blocked or awaiting, does not disturb the holder or the others', async () => {
    const lock = new Lock();
    const said = new Queue<string>();
    lock.acquireSync();
    const blocked = (l: Lock, q: Queue<string>) => {
      q.putSync('waiting');
      l.acquireSync();
    };
    const awaiting = async (l: Lock, q: Queue<string>) => {
      const waiting = l.acquire();
      q.putSync('waiting');
      await waiting;
    };
    const victims = [blocked, awaiting].map((target) => new Process({ target, args: [lock, said] }).start());
    await said.get();
    await said.get();
    const behind = lock.acquire();
    for (const victim of victims) victim.kill();
    for (const victim of victims) expect(await victim.join()).toBe(-9);
    expect(lock.locked()).toBe(true);
    lock.release();
    expect(await behind).toBe(true);
    lock.release();
    expect(lock.acquireSync()).toBe(true);
    lock.release();
  });
});
