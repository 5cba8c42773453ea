// Taking and releasing a lock: nobody else there, and 2 or 4 processes at it without a pause.
import { Worker } from 'node:worker_threads';
import { multiproc, pythonPeer, timeLoop, workerFile } from './harness/peer.mjs';

export const title = 'Lock';
export const about = 'One operation is acquire and release. Contended: each process does so without a pause.';

export const cases = [
  {
    title: 'free, blocking',
    call: 'free',
    args: { n: 400_000 },
    unit: 'ns',
    goals: [{ atMost: 30, unit: 'ns', by: { metric: 'cpu' } }],
  },
  { title: 'free, awaited', call: 'freeAwaited', args: { n: 50_000 }, unit: 'ns' },
  { title: 'contended by 2 processes', call: 'contended', args: { processes: 2, n: 300_000 }, unit: 'ns' },
  { title: 'contended by 4 processes', call: 'contended', args: { processes: 4, n: 150_000 }, unit: 'ns' },
];

/** Nanoseconds of `n` awaited runs. */
async function awaitLoop(n, operation) {
  const begin = performance.now();
  for (let i = 0; i < n; i++) await operation();
  return { ns: (performance.now() - begin) * 1e6, ops: n };
}

async function openOurs() {
  const { Lock, Process, Queue } = await multiproc();
  const lock = new Lock();
  const teams = new Map();

  /** What a contender runs: `n` times, whenever it is told a number. */
  function hammer(lock, orders, done) {
    for (let n = orders.getSync(); n > 0; n = orders.getSync()) {
      for (let i = 0; i < n; i++) {
        lock.acquireSync();
        lock.release();
      }
      done.putSync(n);
    }
  }

  function team(processes) {
    if (!teams.has(processes)) {
      const shared = new Lock();
      const done = new Queue();
      const orders = Array.from({ length: processes }, () => new Queue());
      for (const order of orders) {
        new Process({ target: hammer, args: [shared, order, done], daemon: true }).start();
      }
      teams.set(processes, { orders, done });
    }
    return teams.get(processes);
  }

  return {
    free({ n }) {
      return timeLoop(n, () => {
        lock.acquireSync();
        lock.release();
      });
    },
    freeAwaited: ({ n }) =>
      awaitLoop(n, async () => {
        await lock.acquire();
        lock.release();
      }),
    contended({ processes, n }) {
      const { orders, done } = team(processes);
      const begin = performance.now();
      for (const order of orders) order.putSync(n);
      for (let i = 0; i < processes; i++) done.getSync();
      return { ns: (performance.now() - begin) * 1e6, ops: n * processes };
    },
  };
}

async function openAsyncMutex() {
  const { Mutex } = await import('async-mutex');
  const mutex = new Mutex();
  return { freeAwaited: ({ n }) => awaitLoop(n, async () => (await mutex.acquire())()) };
}

async function openMultithreading() {
  globalThis.navigator ??= { hardwareConcurrency: 2 }; // it expects one; Node.js has it from 21 on
  const { Mutex } = await import('multithreading');
  const mutex = new Mutex(new Int32Array(new SharedArrayBuffer(4)));
  return {
    free: ({ n }) => timeLoop(n, () => mutex.blockingLock().dispose()),
    freeAwaited: ({ n }) => awaitLoop(n, async () => (await mutex.lock()).dispose()),
  };
}

/** What one would write by hand between threads: three states, Atomics.wait and notify. */
function openAtomics() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const teams = new Map();
  return {
    free: ({ n }) =>
      timeLoop(n, () => {
        Atomics.compareExchange(word, 0, 0, 1);
        Atomics.compareExchange(word, 0, 1, 0);
      }),
    async contended({ processes, n }) {
      if (!teams.has(processes)) {
        const shared = new SharedArrayBuffer(4);
        teams.set(
          processes,
          Array.from({ length: processes }, () => new Worker(workerFile('hammer.mjs'), { workerData: shared })),
        );
      }
      const workers = teams.get(processes);
      const begin = performance.now();
      const done = workers.map((worker) => new Promise((resolve) => worker.once('message', resolve)));
      for (const worker of workers) worker.postMessage(n);
      await Promise.all(done);
      return { ns: (performance.now() - begin) * 1e6, ops: n * processes };
    },
  };
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  'Python Lock': { ...pythonPeer('lock.py') },
  'async-mutex': { open: openAsyncMutex },
  multithreading: { open: openMultithreading, scale: 0.2 },
  'bare Atomics, threads': { floor: true, open: openAtomics },
};
