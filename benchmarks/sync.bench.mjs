// The primitives between processes (W4G1's multithreading: between threads).
import { multiproc, pythonPeer, timeLoop } from './harness/peer.mjs';
import { rawPeer } from './harness/raw.mjs';

export const title = 'Synchronisation';
export const about =
  'Semaphore: one operation is acquire and release, nobody else there. Condition: notify and wait, there and back, two processes. Event: set, and ' +
  '4 processes that waited have told so through a semaphore. Barrier: one cycle of 4 processes. ' +
  'All blocking; multithreading has no event. Floors: two compareExchange of Atomics; words in shared memory and the futexes that sleep and wake.';

const third = (obstacle) => ({ atMost: 0.33, times: 'Python', by: { metric: 'cpu' }, obstacle });
const threads = { atMost: 1, times: 'multithreading', by: { metric: 'cpu' } };
/** What any implementation in JavaScript pays. */
const TWO_ATOMICS = "The two compareExchange that it takes, by themselves (bare Atomics), are 0.4 to 0.5 of Python's.";
const SLEEPS =
  "By far the most of it is the kernel, where each side sleeps and is woken once: the same by bare futexes (raw futex) is 0.25 of Python's.";
const FUTEXES =
  'Five processes that sleep and wake by bare futexes (raw futex), and do nothing else, take about as much: the rest is the kernel.';

export const cases = [
  {
    title: 'Semaphore, free',
    call: 'semaphore',
    args: { n: 200_000 },
    unit: 'ns',
    goals: [third(TWO_ATOMICS), threads],
  },
  { title: 'Semaphore, free, awaited', call: 'semaphoreAwaited', args: { n: 50_000 }, unit: 'ns' },
  { title: 'Condition, ping-pong', call: 'pingPong', args: { n: 1_000 }, unit: 'µs', goals: [third(SLEEPS), threads] },
  { title: 'Event, fan-out to 4', call: 'fanOut', args: { n: 300 }, unit: 'µs', goals: [third(FUTEXES)] },
  { title: 'Barrier, cycle of 4', call: 'cycle', args: { n: 300 }, unit: 'µs', goals: [third(), threads] },
];

const since = (begin, ops) => ({ ns: (performance.now() - begin) * 1e6, ops });

async function openOurs() {
  const { Barrier, Condition, Event, Process, Queue, Semaphore } = await multiproc();
  const permits = new Semaphore(3);
  const ready = new Semaphore(0);

  /** Children that run `target(n, ...args)` whenever they are told a number. */
  function team(count, target, args) {
    const orders = Array.from({ length: count }, () => new Queue());
    const obey = (order, run, rest) => {
      for (let n = order.getSync(); n > 0; n = order.getSync()) run(n, ...rest);
    };
    for (const order of orders) new Process({ target: obey, args: [order, target, args], daemon: true }).start();
    return (n) => orders.forEach((order) => order.putSync(n));
  }

  const teams = new Map();
  const once = (name, make) => teams.get(name) ?? teams.set(name, make()).get(name);

  return {
    semaphore: ({ n }) =>
      timeLoop(n, () => {
        permits.acquireSync();
        permits.release();
      }),
    async semaphoreAwaited({ n }) {
      const begin = performance.now();
      for (let i = 0; i < n; i++) {
        await permits.acquire();
        permits.release();
      }
      return since(begin, n);
    },
    pingPong({ n }) {
      const { condition, tell } = once('pingPong', () => {
        const condition = new Condition();
        const answer = (n, c, r) => {
          c.acquireSync();
          r.release();
          for (let i = 0; i < n; i++) {
            c.waitSync();
            c.notify();
          }
          c.release();
        };
        return { condition, tell: team(1, answer, [condition, ready]) };
      });
      tell(n);
      ready.acquireSync();
      condition.acquireSync();
      const begin = performance.now();
      for (let i = 0; i < n; i++) {
        condition.notify();
        condition.waitSync();
      }
      const result = since(begin, n);
      condition.release();
      return result;
    },
    fanOut({ n }) {
      const { events, tell } = once('fanOut', () => {
        const events = [new Event(), new Event()];
        const wait = (n, e, r) => {
          r.release();
          for (let i = 0; i < n; i++) {
            e[i % 2].waitSync();
            r.release();
          }
        };
        return { events, tell: team(4, wait, [events, ready]) };
      });
      tell(n);
      for (let k = 0; k < 4; k++) ready.acquireSync();
      const begin = performance.now();
      for (let i = 0; i < n; i++) {
        events[i % 2].set();
        for (let k = 0; k < 4; k++) ready.acquireSync();
        events[i % 2].clear();
      }
      return since(begin, n);
    },
    cycle({ n }) {
      const { barrier, tell } = once('cycle', () => {
        const barrier = new Barrier(4);
        const pass = (n, b) => {
          for (let i = 0; i <= n; i++) b.waitSync();
        };
        return { barrier, tell: team(3, pass, [barrier]) };
      });
      tell(n);
      barrier.waitSync();
      return timeLoop(n, () => barrier.waitSync());
    },
  };
}

async function openMultithreading() {
  // It expects what Node.js has from 21 and 22 on.
  globalThis.navigator ??= { hardwareConcurrency: 2 };
  Promise.withResolvers ??= () => {
    let resolve, reject;
    const promise = new Promise((...both) => ([resolve, reject] = both));
    return { promise, resolve, reject };
  };
  const { Barrier, Condvar, initRuntime, move, Mutex, Semaphore, spawn } = await import('multithreading');
  initRuntime({ maxWorkers: 4 });
  const permits = new Semaphore(3);
  return {
    semaphore: ({ n }) => timeLoop(n, () => permits.blockingAcquire().dispose()),
    async semaphoreAwaited({ n }) {
      const begin = performance.now();
      for (let i = 0; i < n; i++) (await permits.acquire()).dispose();
      return since(begin, n);
    },
    async pingPong({ n }) {
      const mutex = new Mutex();
      const condvar = new Condvar();
      const begun = new Barrier(2);
      const answer = spawn(move(mutex, condvar, begun, n), async (m, c, b, times) => {
        const guard = m.blockingLock();
        await b.wait();
        for (let i = 0; i < times; i++) {
          c.blockingWait(guard);
          c.notifyOne();
        }
        guard.dispose();
      });
      await begun.wait();
      const guard = mutex.blockingLock();
      const begin = performance.now();
      for (let i = 0; i < n; i++) {
        condvar.notifyOne();
        condvar.blockingWait(guard);
      }
      const result = since(begin, n);
      guard.dispose();
      await answer.join();
      return result;
    },
    async cycle({ n }) {
      const barrier = new Barrier(4);
      const others = [1, 2, 3].map(() =>
        spawn(move(barrier, n), async (b, times) => {
          await b.wait();
          for (let i = 0; i < times; i++) b.blockingWait();
        }),
      );
      await barrier.wait();
      const result = timeLoop(n, () => barrier.blockingWait());
      await Promise.all(others.map((other) => other.join()));
      return result;
    },
  };
}

/** What a semaphore can't do without: a permit is taken, and given back. */
async function openAtomics() {
  const words = new Int32Array(new SharedArrayBuffer(64));
  return {
    semaphore: ({ n }) =>
      timeLoop(n, () => {
        Atomics.compareExchange(words, 0, 0, 1);
        Atomics.compareExchange(words, 0, 1, 0);
      }),
  };
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  Python: pythonPeer('sync.py'),
  multithreading: { open: openMultithreading, scale: 0.5 },
  'bare Atomics': { floor: true, open: openAtomics },
  'raw futex': { floor: true, ...rawPeer('sync') },
};
