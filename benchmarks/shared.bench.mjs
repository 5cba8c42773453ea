// Shared typed arrays: how they cross to another process, what their elements cost, and what share() spares.
import { multiproc, pythonPeer, timeLoop, workerFile } from './harness/peer.mjs';

export const title = 'Shared data';
export const about =
  'An array of 8 MB goes to another process, which changes an element and answers: through a queue, as the argument of a task, captured by the function of one. Elements: 1,000,000 of a Float64Array ' +
  'are summed, or written, per element. Value: one atomic addition, against reading and writing under the lock. share(): tasks that capture an object of 50 MB and look at one element, in a pool of two; per task. ' +
  '"copied": a plain array, or an object that is not shared. A SharedArrayBuffer is for threads alone; Python attaches to a SharedMemory by name, since its Array does not go through a queue.';

const LENGTH = 1 << 20;
const ELEMENTS = 1_000_000;
const TASKS = 1_000;
/** Of what is copied so much less is done. */
const FEWER = 0.02;

const cpu = { metric: 'cpu' };
const copied = { atMost: 0.1, times: 'multiproc, copied', by: cpu };
const plain = { atMost: 1.1, times: 'Float64Array', by: { of: 'best' } };

const crossing = (label, call, n, goals) => ({ title: `8 MB ${label}`, call, args: { n }, unit: 'µs', by: cpu, goals });

export const cases = [
  crossing('through a queue', 'queue', 200, [copied, { atMost: 0.33, times: 'Python', by: cpu }]),
  crossing('as an argument', 'argument', 200, [copied]),
  crossing('captured', 'captured', 200, [copied]),
  { title: 'Elements, summed', call: 'sum', args: { n: ELEMENTS }, unit: 'ns', goals: [plain] },
  { title: 'Elements, written', call: 'write', args: { n: ELEMENTS }, unit: 'ns', goals: [plain] },
  {
    title: 'Value, one addition',
    call: 'add',
    args: { n: 100_000 },
    unit: 'ns',
    goals: [{ atMost: 0.33, times: 'Python', by: cpu }],
  },
  {
    title: '50 MB captured by 1,000 tasks',
    call: 'share',
    args: { n: TASKS },
    unit: 'µs',
    rounds: 5,
    by: cpu,
    goals: [{ atMost: 0.01, times: 'multiproc, copied', by: cpu }],
  },
];

const since = (begin, ops) => ({ ns: (performance.now() - begin) * 1e6, ops });

/** Sums and writes; a function of its own for each contestant, so that each is compiled for its kind of array. */
const elements = (array) => ({
  sum({ n }) {
    const begin = performance.now();
    let sum = 0;
    for (let i = 0; i < n; i++) sum += array[i];
    if (Number.isNaN(sum)) throw new Error('no number');
    return since(begin, n);
  },
  write({ n }) {
    const begin = performance.now();
    for (let i = 0; i < n; i++) array[i] = i;
    return since(begin, n);
  },
});

/** The object of 50 MB. */
const large = () => ({ name: 'large', numbers: new Float64Array((50 << 20) / 8).fill(1) });

async function crossings(make) {
  const { Pool, Process, Queue } = await multiproc();
  const array = make(LENGTH);
  const [there, back] = [new Queue(), new Queue()];
  const touch = (from, to) => {
    for (;;) to.putSync(++from.getSync()[0]);
  };
  new Process({ target: touch, args: [there, back], daemon: true }).start();
  const pool = new Pool(1);
  const change = (given) => ++given[0];
  const changeCaptured = () => ++array[0];
  return {
    queue: ({ n }) =>
      timeLoop(n, () => {
        there.putSync(array);
        back.getSync();
      }),
    async argument({ n }) {
      const begin = performance.now();
      for (let i = 0; i < n; i++) await pool.apply(change, [array]);
      return since(begin, n);
    },
    async captured({ n }) {
      const begin = performance.now();
      for (let i = 0; i < n; i++) await pool.apply(changeCaptured);
      return since(begin, n);
    },
  };
}

async function openOurs() {
  const { Pool, share, sharedArray, Value } = await multiproc();
  const counter = new Value('int32', 0);
  const numbers = sharedArray(Float64Array, ELEMENTS);
  let pool;
  return {
    ...(await crossings((length) => sharedArray(Float64Array, length))),
    ...elements(numbers),
    add: ({ n }) => timeLoop(n, () => counter.add(1)),
    async share({ n }) {
      pool ??= new Pool(2);
      const shared = share(large());
      const items = Array.from({ length: n }, (_, i) => i);
      const begin = performance.now();
      await pool.map((i) => shared.value.numbers[i], items, { chunkSize: 1 });
      const result = since(begin, n);
      shared[Symbol.dispose]();
      return result;
    },
  };
}

async function openCopied() {
  const { Pool } = await multiproc();
  let pool;
  return {
    ...(await crossings((length) => new Float64Array(length))),
    async share({ n }) {
      pool ??= new Pool(2);
      const object = large();
      const begin = performance.now();
      for (let i = 0; i < n; i++) await pool.apply((at) => object.numbers[at], [i]);
      return since(begin, n);
    },
  };
}

async function openThreads() {
  const { Worker } = await import('node:worker_threads');
  const array = new Float64Array(new SharedArrayBuffer(LENGTH * 8));
  const worker = new Worker(workerFile('shared-thread.mjs'));
  const counter = new Int32Array(new SharedArrayBuffer(4));
  return {
    async queue({ n }) {
      const begin = performance.now();
      for (let i = 0; i < n; i++) {
        worker.postMessage(array);
        await new Promise((resolve) => worker.once('message', resolve));
      }
      return since(begin, n);
    },
    ...elements(new Float64Array(new SharedArrayBuffer(ELEMENTS * 8))),
    add: ({ n }) => timeLoop(n, () => Atomics.add(counter, 0, 1)),
  };
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  'multiproc, copied': { open: openCopied, scale: FEWER, floor: true },
  SharedArrayBuffer: { open: openThreads },
  Python: pythonPeer('shared.py'),
  Float64Array: { floor: true, open: async () => elements(new Float64Array(ELEMENTS)) },
};
