// Readers and writers: who is inside together, who waits for whom, and what the dead leave behind.
import { describe, expect, test } from 'vitest';
import { DeadlockError, Event, OwnerDiedError, Process, Queue, RWLock, TimeoutError } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { until } from '../support/until';

noLeaks();

const end = (held: Disposable) => held[Symbol.dispose]();

/** A child that reads or writes, tells, and ends that when it is told to. */
async function inside(lock: RWLock, what: 'readSync' | 'writeSync' | 'read' | 'write') {
  const told = new Event();
  const leave = new Event();
  const target = async (l: RWLock, t: Event, e: Event, way: typeof what) => {
    const held = await l[way]();
    t.set();
    e.waitSync();
    held[Symbol.dispose]();
  };
  const child = new Process({ target, args: [lock, told, leave, what] }).start();
  await told.wait();
  return { child, leave: () => (leave.set(), child.join()) };
}

describe.each(['readSync', 'read'] as const)('%s()', (way) => {
  test('lets many in at once, in any process', async () => {
    const lock = new RWLock();
    const there = await inside(lock, way);
    const one = await lock[way]();
    const other = await lock[way]({ timeout: 0 });
    end(one);
    end(other);
    expect(await there.leave()).toBe(0);
  });

  test('waits for a writer, and throws TimeoutError after the timeout', async () => {
    const lock = new RWLock();
    const there = await inside(lock, 'writeSync');
    const begun = performance.now();
    await expect(async () => lock[way]({ timeout: 60 })).rejects.toBeInstanceOf(TimeoutError);
    await expect(async () => lock[way]({ timeout: 0 })).rejects.toBeInstanceOf(TimeoutError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(59);
    expect(await there.leave()).toBe(0);
    end(await lock[way]());
  });
});

describe.each(['writeSync', 'write'] as const)('%s()', (way) => {
  test('lets one in alone', async () => {
    const lock = new RWLock();
    for (const other of ['read', 'writeSync'] as const) {
      const there = await inside(lock, other);
      await expect(async () => lock[way]({ timeout: 30 })).rejects.toBeInstanceOf(TimeoutError);
      await expect(async () => lock[way]({ timeout: 0 })).rejects.toBeInstanceOf(TimeoutError);
      expect(await there.leave()).toBe(0);
    }
    const held = await lock[way]();
    expect(() => lock.readSync({ timeout: 0 })).toThrow(TimeoutError);
    end(held);
    end(lock.readSync());
  });

  test('that waits holds back new readers, and lets them in when it gives up', async () => {
    const lock = new RWLock();
    const there = await inside(lock, 'readSync');
    const told = new Event();
    const target = async (l: RWLock, t: Event, w: typeof way) => {
      t.set();
      const held = await l[w]();
      held[Symbol.dispose]();
    };
    const writer = new Process({ target, args: [lock, told, way] }).start();
    await told.wait();
    await until('the writer holds readers back', () => {
      try {
        end(lock.readSync({ timeout: 0 }));
        return false;
      } catch {
        return true;
      }
    });
    const reading = lock.read();
    expect(await there.leave()).toBe(0);
    end(await reading);
    expect(await writer.join()).toBe(0);

    const again = await inside(lock, 'readSync');
    await expect(async () => lock[way]({ timeout: 20 })).rejects.toBeInstanceOf(TimeoutError);
    end(lock.readSync({ timeout: 5000 }));
    await again.leave();
  });
});

test('ends once, however often it is disposed', async () => {
  const lock = new RWLock();
  const one = lock.readSync();
  const other = lock.readSync();
  end(one);
  end(one);
  await expect(lock.write({ timeout: 10 })).rejects.toBeInstanceOf(TimeoutError);
  end(other);
  const writer = lock.writeSync();
  end(writer);
  end(writer);
  end(lock.writeSync());
});

test('a thread that would wait for itself gets DeadlockError, and TimeoutError where it gave a timeout', async () => {
  const lock = new RWLock();
  const writer = lock.writeSync();
  expect(() => lock.writeSync()).toThrow(DeadlockError);
  expect(() => lock.readSync()).toThrow(DeadlockError);
  expect(() => lock.writeSync({ timeout: 1 })).toThrow(TimeoutError);
  end(writer);
  const reader = lock.readSync();
  expect(() => lock.writeSync()).toThrow(DeadlockError);
  const waiting = lock.write();
  expect(() => lock.readSync()).toThrow(DeadlockError);
  expect(() => lock.readSync({ timeout: 1 })).toThrow(TimeoutError);
  end(reader);
  end(await waiting);
});

test('a reader that reads again while another process waits to write gets DeadlockError', async () => {
  const lock = new RWLock();
  const reader = lock.readSync();
  const told = new Event();
  const target = (l: RWLock, t: Event) => {
    t.set();
    l.writeSync()[Symbol.dispose]();
  };
  const child = new Process({ target, args: [lock, told] }).start();
  await told.wait();
  await until('the writer waits', () => {
    try {
      end(lock.readSync());
      return false;
    } catch (error) {
      return error instanceof DeadlockError;
    }
  });
  end(reader);
  expect(await child.join()).toBe(0);
});

describe('an abort', () => {
  test('rejects with its reason, also where the lock is free', async () => {
    const lock = new RWLock();
    await expect(lock.read({ signal: AbortSignal.abort('no') })).rejects.toBe('no');
    await expect(lock.write({ signal: AbortSignal.abort('no') })).rejects.toBe('no');
    end(lock.writeSync({ timeout: 0 }));
  });

  test('of a writer that waits for a reader lets readers in again', async () => {
    const lock = new RWLock();
    const reader = lock.readSync();
    const controller = new AbortController();
    const writing = lock.write({ signal: controller.signal });
    const reading = lock.read();
    controller.abort('no');
    await expect(writing).rejects.toBe('no');
    end(await reading);
    end(reader);
    end(lock.writeSync({ timeout: 0 }));
  });

  test('of a reader leaves the next', async () => {
    const lock = new RWLock();
    const writer = lock.writeSync();
    const controller = new AbortController();
    const aborted = lock.read({ signal: controller.signal });
    const behind = lock.read();
    controller.abort('no');
    await expect(aborted).rejects.toBe('no');
    end(writer);
    end(await behind);
    end(lock.writeSync({ timeout: 0 }));
  });
});

describe('a process that is killed', () => {
  const die = async (l: RWLock, t: Event, way: 'readSync' | 'writeSync' | 'write') => {
    const waiting = l[way]();
    t.set();
    await waiting;
    setTimeout(() => {}, 1e9);
  };

  test('while it reads gives that back, also to a writer that waits', async () => {
    const lock = new RWLock();
    const told = new Event();
    const victims = [1, 2].map(() => new Process({ target: die, args: [lock, told, 'readSync'] }).start());
    for (const victim of victims) {
      await told.wait();
      told.clear();
      await until('it reads', () => {
        try {
          end(lock.writeSync({ timeout: 0 }));
          return false;
        } catch {
          return true;
        }
      });
      void victim;
    }
    const writing = lock.write();
    for (const victim of victims) victim.kill();
    end(await writing);
    for (const victim of victims) await victim.join();
    end(lock.writeSync());
    expect(lock.recover()).toBe(false);
  });

  test('while it writes is told of, until recover(), which leaves the lock free', async () => {
    const lock = new RWLock();
    const told = new Event();
    const victim = new Process({ target: die, args: [lock, told, 'writeSync'] }).start();
    await told.wait();
    const waits = [lock.read(), lock.write(), lock.read()].map((wait) => wait.catch((error: unknown) => error));
    victim.kill();
    for (const error of await Promise.all(waits)) {
      expect(error).toBeInstanceOf(OwnerDiedError);
      expect(error).toMatchObject({ code: 'ERR_OWNER_DIED', pid: victim.pid });
    }
    await victim.join();
    expect(() => lock.readSync()).toThrow(OwnerDiedError);
    expect(() => lock.readSync({ timeout: 0 })).toThrow(OwnerDiedError);
    expect(() => lock.writeSync()).toThrow(OwnerDiedError);
    await expect(lock.read()).rejects.toBeInstanceOf(OwnerDiedError);
    expect(lock.recover()).toBe(true);
    expect(lock.recover()).toBe(false);
    end(lock.readSync());
    end(lock.writeSync());
  });

  test.each(['writeSync', 'write'] as const)('while it waits to write (%s) has changed nothing', async (way) => {
    const lock = new RWLock();
    const reader = lock.readSync();
    const told = new Event();
    const target = (l: RWLock, t: Event, w: typeof way) => {
      t.set();
      void l[w]();
    };
    const victim = new Process({ target, args: [lock, told, way] }).start();
    await told.wait();
    await until('it holds readers back', () => {
      try {
        end(lock.readSync({ timeout: 0 }));
        return false;
      } catch {
        return true;
      }
    });
    const reading = lock.read();
    victim.kill();
    end(await reading);
    end(reader);
    await victim.join();
    end(lock.writeSync());
    expect(lock.recover()).toBe(false);
  });
});

test('writers are alone, readers see nothing half written: 4 processes', async () => {
  const lock = new RWLock();
  const cells = new Event();
  const said = new Queue<string>();
  // The two events are set and cleared together by writers: a reader never sees them differ.
  const other = new Event();
  const write = async (l: RWLock, a: Event, b: Event, q: Queue<string>) => {
    for (let i = 0; i < 3000; i++) {
      const held = i % 3 === 0 ? await l.write() : l.writeSync();
      if (a.isSet() !== b.isSet()) q.putSync('two writers');
      for (const cell of [a, b]) {
        if (cell.isSet()) cell.clear();
        else cell.set();
      }
      held[Symbol.dispose]();
    }
  };
  const read = async (l: RWLock, a: Event, b: Event, q: Queue<string>) => {
    for (let i = 0; i < 6000; i++) {
      const held = i % 3 === 0 ? await l.read() : l.readSync();
      if (a.isSet() !== b.isSet()) q.putSync('a reader saw half of it');
      held[Symbol.dispose]();
    }
  };
  const children = [write, read, write, read].map((target) =>
    new Process({ target, args: [lock, cells, other, said] }).start(),
  );
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  expect(said.size).toBe(0);
});

test.each(['read', 'write', 'readSync', 'writeSync'] as const)(
  '%s() gets its turn against readers and writers that hammer',
  async (way) => {
    const lock = new RWLock();
    const stop = new Event();
    const begun = new Event();
    const hammer = (l: RWLock, e: Event, b: Event, w: 'readSync' | 'writeSync') => {
      while (!e.isSet()) {
        l[w]()[Symbol.dispose]();
        b.set();
      }
    };
    const children = (['readSync', 'writeSync', 'readSync'] as const).map((w) =>
      new Process({ target: hammer, args: [lock, stop, begun, w] }).start(),
    );
    await begun.wait();
    for (let i = 0; i < 20; i++) end(await lock[way]());
    stop.set();
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0]);
  },
);
