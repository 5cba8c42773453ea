// What a small task costs: one at a time, and many submitted at once.
import { multiproc, pythonPeer } from './harness/peer.mjs';
import { pools } from './harness/pools.mjs';

export const title = 'Tasks';
export const about =
  'x + 1 in a pool of two workers. Awaited: one after the other; the median and the 99th percentile of a round. After a rest: nothing was submitted for 3 ms. At once: all submitted one by one, then all awaited; ' +
  'compared by CPU time per task of the whole process tree.';

const cpu = { metric: 'cpu' };

export const cases = [
  {
    title: 'one task, awaited',
    call: 'awaited',
    args: { n: 3_000 },
    unit: 'µs',
    goals: [{ atMost: 11, unit: 'µs', by: { of: 'best' } }],
  },
  {
    title: 'one task, awaited, after a rest of 3 ms',
    call: 'awaited',
    args: { n: 250, rest: 3 },
    unit: 'µs',
    rounds: 7,
    goals: [{ atMost: 1, times: 'best peer' }],
  },
  {
    title: '10,000 at once',
    call: 'burst',
    args: { n: 10_000 },
    unit: 'µs',
    rounds: 9,
    by: cpu,
    goals: [{ atMost: 2, unit: 'µs', by: cpu }],
  },
  {
    title: '100,000 at once',
    call: 'burst',
    args: { n: 100_000 },
    unit: 'µs',
    rounds: 7,
    warm: false,
    by: cpu,
    goals: [{ atMost: 2, unit: 'µs', by: cpu }],
  },
  {
    title: '1,000,000 at once',
    about: 'Those that need less than a minute for it.',
    call: 'burst',
    args: { n: 1_000_000 },
    unit: 'µs',
    rounds: 3,
    warm: false,
    by: cpu,
    peers: ['multiproc', 'bare worker_threads', 'promises alone'],
    goals: [
      {
        atMost: 2,
        unit: 'µs',
        by: cpu,
        obstacle:
          'Most of it is a million promises that live at once, and the garbage collector on them: promises alone.',
      },
    ],
  },
];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function rounds({ run, close }) {
  return {
    async awaited({ n, rest }) {
      const samples = [];
      for (let i = 0; i < n; i++) {
        if (rest !== undefined) await pause(rest);
        const begin = performance.now();
        await run(i);
        samples.push((performance.now() - begin) * 1e6);
      }
      return { samples };
    },
    async burst({ n }) {
      const begin = performance.now();
      const results = await Promise.all(Array.from({ length: n }, (_, i) => run(i)));
      const ns = (performance.now() - begin) * 1e6;
      if (results[n - 1] !== n) throw new Error(`a wrong result: ${results[n - 1]}`);
      return { ns, ops: n };
    },
    close,
  };
}

/** As many promises, settled a thousand at a time: what any pool with this interface has to do. */
function promisesAlone() {
  let settle;
  const executor = (resolve) => {
    settle = resolve;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async burst({ n }) {
      const begin = performance.now();
      const settles = new Array(n);
      const run = (i) => {
        const promise = new Promise(executor);
        settles[i] = settle;
        return promise;
      };
      const all = Promise.all(Array.from({ length: n }, (_, i) => run(i)));
      for (let i = 0; i < n; i++) {
        if (i % 1000 === 0) await turn();
        settles[i](i + 1);
      }
      await all;
      return { ns: (performance.now() - begin) * 1e6, ops: n };
    },
  };
}

async function openOurs(startMethod) {
  const { Pool } = await multiproc();
  const pool = new Pool(2, { startMethod });
  const inc = (x) => x + 1;
  return rounds({ run: (x) => pool.apply(inc, [x]), close: () => pool.terminate() });
}

export const contestants = {
  multiproc: { ours: true, open: () => openOurs('spawn') },
  'multiproc, threads': { ours: true, open: () => openOurs('thread') },
  'promises alone': { floor: true, open: promisesAlone },
  ...Object.fromEntries(
    Object.entries(pools).map(([name, load]) => [name, { open: async () => rounds((await load())(2)) }]),
  ),
  'Python Pool': pythonPeer('tasks.py', 'fork'),
  'Python ProcessPoolExecutor': pythonPeer('tasks.py', 'executor'),
  'Python loky': pythonPeer('tasks.py', 'loky'),
};
