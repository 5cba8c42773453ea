// The barrier: all go on together, with an action before; or all are told that it was broken.
import { describe, expect, test } from 'vitest';
import { Barrier, BrokenBarrierError, DeadlockError, Event, Process, Queue, Semaphore } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { DIED, die as stop } from '../support/start-method';
import { until } from '../support/until';

noLeaks();

type Said = Queue<any>;

const codeOf = (error: { code?: string }) => error.code;

/** A child that waits once, blocked or awaiting, and tells its number or the code of the error. */
const passBlocked = (b: Barrier, q: Said, timeout?: number) => {
  try {
    q.putSync(b.waitSync({ timeout }));
  } catch (error) {
    q.putSync((error as { code: string }).code);
  }
};
const passAwaiting = async (b: Barrier, q: Said, timeout?: number) => {
  q.putSync(await b.wait({ timeout }).catch((error) => error.code));
};

function start(barrier: Barrier, targets: (typeof passBlocked | typeof passAwaiting)[], timeout?: number) {
  const said: Said = new Queue();
  const args = [barrier, said, timeout] as const;
  return { said, children: targets.map((t) => new Process({ target: t as typeof passBlocked, args }).start()) };
}

test('tells how many parties it has and how many wait', async () => {
  const barrier = new Barrier(3);
  expect(barrier.parties).toBe(3);
  expect(barrier.nWaiting).toBe(0);
  expect(barrier.broken).toBe(false);
  const waits = [barrier.wait(), barrier.wait()];
  expect(barrier.nWaiting).toBe(2);
  expect(await barrier.wait()).toBe(2);
  expect(await Promise.all(waits)).toEqual([0, 1]);
  expect(barrier.nWaiting).toBe(0);
});

test('of one party lets it go at once', async () => {
  const barrier = new Barrier(1);
  expect(barrier.waitSync()).toBe(0);
  expect(await barrier.wait({ timeout: 0 })).toBe(0);
});

test('gives each party a number of its own, blocked or awaiting', async () => {
  const barrier = new Barrier(5);
  const { children, said } = start(barrier, [passBlocked, passAwaiting, passBlocked, passAwaiting]);
  const numbers = [barrier.waitSync()];
  for (let i = 0; i < 4; i++) numbers.push(await said.get());
  expect(numbers.sort()).toEqual([0, 1, 2, 3, 4]);
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  expect(barrier.broken).toBe(false);
});

test('1,000 cycles of 5 processes: nobody is ahead of the others by more than a cycle', async () => {
  const barrier = new Barrier(5);
  const passed = [new Semaphore(0), new Semaphore(0)];
  const target = async (b: Barrier, p: Semaphore[], way: number) => {
    let sum = 0;
    for (let i = 0; i < 1000; i++) {
      sum += way === 0 ? b.waitSync() : await b.wait();
      p[i % 2].release();
      sum += way === 0 ? b.waitSync() : await b.wait();
      // All five have released, and nobody has begun the next cycle.
      if (p[i % 2].value !== 5 * (Math.floor(i / 2) + 1)) throw new Error(`cycle ${i}: ${p[i % 2].value}`);
    }
    return sum;
  };
  const children = [0, 1, 0, 1].map((way) => new Process({ target, args: [barrier, passed, way] }).start());
  await target(barrier, passed, 1);
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  expect(passed.map((p) => p.value)).toEqual([2500, 2500]);
  expect([barrier.broken, barrier.nWaiting]).toEqual([false, 0]);
});

describe('the action', () => {
  test('runs once a cycle, in one of the parties, before any goes on', async () => {
    const ran = new Semaphore(0);
    const barrier = new Barrier(3, { action: () => ran.release() });
    const said: Said = new Queue();
    const target = async (b: Barrier, r: Semaphore, q: Said) => {
      const counts = [];
      for (let i = 0; i < 20; i++) {
        await b.wait();
        counts.push(r.value);
        await b.wait();
        b.waitSync();
      }
      q.putSync(counts);
    };
    const children = [1, 2].map(() => new Process({ target, args: [barrier, ran, said] }).start());
    await target(barrier, ran, said);
    const counts = Array.from({ length: 20 }, (_, i) => 3 * i + 1);
    expect([said.getSync(), said.getSync(), said.getSync()]).toEqual([counts, counts, counts]);
    expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0]);
    expect(ran.value).toBe(60);
  });

  test('that throws breaks the barrier: one party gets that error, the others BrokenBarrierError', async () => {
    const barrier = new Barrier(3, {
      action: () => {
        throw new RangeError('in the action');
      },
    });
    const { children, said } = start(barrier, [passBlocked, passAwaiting]);
    await until('both wait', () => barrier.nWaiting === 2);
    await expect(barrier.wait()).rejects.toThrow('in the action');
    expect([await said.get(), await said.get()]).toEqual(['ERR_BROKEN_BARRIER', 'ERR_BROKEN_BARRIER']);
    expect(barrier.broken).toBe(true);
    expect(() => barrier.waitSync()).toThrow(BrokenBarrierError);
    await Promise.all(children.map((child) => child.join()));
  });

  test('must not return a Promise, nor wait for its barrier', async () => {
    const promising = new Barrier(1, { action: (async () => {}) as () => void });
    await expect(promising.wait()).rejects.toThrow(TypeError);
    expect(promising.broken).toBe(true);
    const waiting: Barrier = new Barrier(1, { action: () => void waiting.waitSync() });
    expect(() => waiting.waitSync()).toThrow(DeadlockError);
  });

  test('may be run by another process than the one that made it, with what it captures', async () => {
    const log = new Queue<string>();
    const word = 'captured';
    const barrier = new Barrier(2, { action: () => log.putSync(`${word} in ${process.pid}`) });
    const waiting = barrier.wait();
    const child = new Process({ target: (b: Barrier) => void b.waitSync(), args: [barrier] }).start();
    await waiting;
    expect(await log.get()).toBe(`captured in ${child.pid}`);
    await child.join();
  });

  test('that can not be sent is refused when the barrier is', () => {
    const socket = new WeakMap();
    const barrier = new Barrier(2, { action: () => void socket.has({}) });
    const queue = new Queue();
    expect(() => queue.putSync(barrier)).toThrow(expect.objectContaining({ code: 'ERR_SERIALIZATION' }));
    expect(queue.size).toBe(0);
  });
});

describe('a timeout', () => {
  test('breaks the barrier for all that wait', async () => {
    const barrier = new Barrier(4);
    const { children, said } = start(barrier, [passBlocked, passAwaiting]);
    await until('both wait', () => barrier.nWaiting === 2);
    const begun = performance.now();
    await expect(barrier.wait({ timeout: 60 })).rejects.toBeInstanceOf(BrokenBarrierError);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(59);
    expect([await said.get(), await said.get()]).toEqual(['ERR_BROKEN_BARRIER', 'ERR_BROKEN_BARRIER']);
    expect(barrier.broken).toBe(true);
    expect(barrier.nWaiting).toBe(0);
    await Promise.all(children.map((child) => child.join()));
  });

  test('of the barrier is that of each wait that gives none', async () => {
    const barrier = new Barrier(2, { timeout: 50 });
    expect(() => barrier.waitSync()).toThrow(BrokenBarrierError);
    barrier.reset();
    const { children, said } = start(barrier, [passAwaiting]);
    expect(await said.get()).toBe('ERR_BROKEN_BARRIER');
    await children[0].join();
    barrier.reset();
    const patient = barrier.wait({ timeout: Infinity });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(barrier.broken).toBe(false);
    expect(await Promise.all([patient, barrier.wait()])).toEqual([0, 1]);
  });

  test('of 0 looks once', async () => {
    const barrier = new Barrier(2);
    expect(() => barrier.waitSync({ timeout: 0 })).toThrow(BrokenBarrierError);
    barrier.reset();
    await expect(barrier.wait({ timeout: 0 })).rejects.toBeInstanceOf(BrokenBarrierError);
    barrier.reset();
    const first = barrier.wait();
    expect(barrier.waitSync({ timeout: 0 })).toBe(1);
    expect(await first).toBe(0);
  });
});

describe('reset()', () => {
  test('tells those that wait, and leaves a barrier that works', async () => {
    const barrier = new Barrier(3);
    const { children, said } = start(barrier, [passBlocked, passAwaiting]);
    await until('both wait', () => barrier.nWaiting === 2);
    barrier.reset();
    expect([await said.get(), await said.get()]).toEqual(['ERR_BROKEN_BARRIER', 'ERR_BROKEN_BARRIER']);
    expect([barrier.broken, barrier.nWaiting]).toEqual([false, 0]);
    expect(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()])).toEqual([0, 1, 2]);
    await Promise.all(children.map((child) => child.join()));
  });

  test('of an empty barrier does nothing, of a broken one mends it', async () => {
    const barrier = new Barrier(2);
    barrier.reset();
    expect(barrier.broken).toBe(false);
    barrier.abort();
    expect(barrier.broken).toBe(true);
    await expect(barrier.wait()).rejects.toBeInstanceOf(BrokenBarrierError);
    barrier.reset();
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
  });

  test('again and again at once tells every waiter', async () => {
    const barrier = new Barrier(2);
    const waits = [];
    for (let i = 0; i < 20; i++) {
      waits.push(barrier.wait().then(() => 'through', codeOf));
      barrier.reset();
    }
    expect(await Promise.all(waits)).toEqual(Array(20).fill('ERR_BROKEN_BARRIER'));
  });
});

test('abort() breaks it for those that wait and those that come, until reset()', async () => {
  const barrier = new Barrier(3);
  const { children, said } = start(barrier, [passBlocked, passAwaiting]);
  await until('both wait', () => barrier.nWaiting === 2);
  barrier.abort();
  expect([await said.get(), await said.get()]).toEqual(['ERR_BROKEN_BARRIER', 'ERR_BROKEN_BARRIER']);
  expect(barrier.broken).toBe(true);
  await expect(barrier.wait()).rejects.toBeInstanceOf(BrokenBarrierError);
  expect(() => barrier.waitSync()).toThrow(BrokenBarrierError);
  await Promise.all(children.map((child) => child.join()));
});

describe('an aborted signal', () => {
  test('rejects with its reason, and breaks the barrier for the others', async () => {
    const barrier = new Barrier(3);
    const other = barrier.wait();
    const controller = new AbortController();
    const aborted = barrier.wait({ signal: controller.signal });
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    await expect(other).rejects.toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
  });

  test('does so also where it was aborted before, or all have come', async () => {
    const barrier = new Barrier(2);
    const other = barrier.wait();
    await expect(barrier.wait({ signal: AbortSignal.abort('before') })).rejects.toBe('before');
    await expect(other).rejects.toBeInstanceOf(BrokenBarrierError);
    barrier.reset();
    await expect(barrier.wait({ signal: 'none' as never })).rejects.toThrow(TypeError);
    expect(barrier.broken).toBe(false);
  });
});

describe('a party that dies', () => {
  const die = (b: Barrier, q: Said, how: string) => {
    q.putSync('here');
    if (how === 'waiting') b.waitSync();
    if (how === 'waiting in its event loop') return void b.wait();
    if (how === 'throwing') throw new Error('before it came');
    if (how === 'exit') process.exit(3);
    setTimeout(() => {}, 1e9);
  };

  test.each(['waiting', 'waiting in its event loop', 'elsewhere', 'throwing', 'exit'])('breaks it: %s', async (how) => {
    // One more than come: else all might be through before the victim is ended.
    const waits = how.startsWith('waiting');
    const barrier = new Barrier(waits ? 4 : 3);
    const told: Said = new Queue();
    const victim = new Process({ target: die, args: [barrier, told, how] }).start();
    await told.get();
    const { children, said } = start(barrier, [passBlocked]);
    const here = barrier.wait().then(() => 'through', codeOf);
    if (waits) await until('all but one wait', () => barrier.nWaiting === 3);
    if (how !== 'throwing' && how !== 'exit') victim.kill();
    expect(await here).toBe('ERR_BROKEN_BARRIER');
    expect(await said.get()).toBe('ERR_BROKEN_BARRIER');
    await victim.join();
    await children[0].join();
    expect(barrier.broken).toBe(true);
  });

  test('in the action breaks it', async () => {
    const barrier = new Barrier(2, { action: () => stop() });
    const here = barrier.wait().then(() => 'through', codeOf);
    const child = new Process({ target: (b: Barrier) => void b.waitSync(), args: [barrier] }).start();
    expect(await here).toBe('ERR_BROKEN_BARRIER');
    expect(await child.join()).toBe(DIED);
  });

  test('by its own process.exit(0) while it waits breaks it', async () => {
    const barrier = new Barrier(2);
    const target = (b: Barrier) => {
      void b.wait();
      process.exit(0);
    };
    const child = new Process({ target, args: [barrier] }).start();
    await child.join();
    await until('it is told', () => barrier.broken);
  });

  test('does not, where it ends as it should', async () => {
    const barrier = new Barrier(2);
    const { children, said } = start(barrier, [passBlocked]);
    await barrier.wait();
    await said.get();
    expect(await children[0].join()).toBe(0);
    const { children: next } = start(barrier, [passAwaiting]);
    expect(await barrier.wait()).toBeLessThan(2);
    expect(await next[0].join()).toBe(0);
    expect(barrier.broken).toBe(false);
  });
});

test('parties that come while others are still to wake wait for the next cycle', async () => {
  const barrier = new Barrier(2);
  const order: string[] = [];
  const pass = (name: string) => barrier.wait().then((i) => order.push(`${name}${i}`));
  await Promise.all([pass('a'), pass('b'), pass('c'), pass('d'), pass('e'), pass('f')]);
  expect(order.sort()).toEqual(['a0', 'b1', 'c0', 'd1', 'e0', 'f1']);
});

test('an event set by the action is seen by all', async () => {
  const event = new Event();
  const barrier = new Barrier(2, { action: () => event.set() });
  const target = (b: Barrier, e: Event) => {
    b.waitSync();
    if (!e.isSet()) throw new Error('not yet');
  };
  const child = new Process({ target, args: [barrier, event] }).start();
  barrier.waitSync();
  expect(event.isSet()).toBe(true);
  expect(await child.join()).toBe(0);
});
