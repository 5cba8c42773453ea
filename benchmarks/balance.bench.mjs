// How well two workers are used: costs that vary by a factor of 100, and work that is nothing but work.
import { multiproc, pythonPeer } from './harness/peer.mjs';
import { pools } from './harness/pools.mjs';
import { work } from './workers/tasks.mjs';

export const title = 'Balance';
export const about =
  'Two workers. Varying costs: 400 tasks of 30 to 3,000 µs by the clock, in random order, all submitted at once; ideal is half of their sum. ' +
  'Equal work: 64 tasks of the same amount of computing; a loop does it all in one process.';

const TASKS = 400;
const EQUAL = 64;
const ROUNDS_OF_WORK = 400_000;

export const cases = [
  {
    title: 'costs that vary by 100',
    call: 'varying',
    unit: 'ms',
    rounds: 7,
    goals: [{ atMost: 1.3, times: 'ideal', by: { of: 'best' } }],
  },
  { title: '64 equal pieces of work', call: 'equal', unit: 'ms', rounds: 7 },
];

/** The same costs for all, spread evenly over the orders of magnitude. */
function costs() {
  let state = 12345;
  return Array.from({ length: TASKS }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return 30 * 100 ** (state / 2 ** 32);
  });
}

const timed = async (operation) => {
  const begin = performance.now();
  await operation();
  return { ns: (performance.now() - begin) * 1e6, ops: 1 };
};

function rounds({ run, close }) {
  const all = (op, values) => timed(() => Promise.all(values.map((value) => run({ op, value }))));
  return {
    varying: () => all('spin', costs()),
    equal: () => all('compute', new Array(EQUAL).fill(ROUNDS_OF_WORK)),
    close,
  };
}

async function openOurs() {
  const { Pool } = await multiproc();
  const pool = new Pool(2);
  const operations = {
    spin: (microseconds) => {
      const end = performance.now() + microseconds / 1000;
      while (performance.now() < end);
      return microseconds;
    },
    compute: (rounds) => {
      let x = 1;
      for (let i = 0; i < rounds; i++) x = (x * 1103515245 + 12345) % 2147483648;
      return x;
    },
  };
  return rounds({ run: ({ op, value }) => pool.apply(operations[op], [value]), close: () => pool.terminate() });
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  ideal: {
    floor: true,
    open: () => ({ varying: () => ({ ns: (costs().reduce((sum, cost) => sum + cost, 0) / 2) * 1000, ops: 1 }) }),
  },
  'a loop': {
    floor: true,
    open: () => ({
      equal: () =>
        timed(() => {
          for (let i = 0; i < EQUAL; i++) work({ op: 'compute', value: ROUNDS_OF_WORK });
        }),
    }),
  },
  ...Object.fromEntries(
    Object.entries(pools).map(([name, load]) => [name, { open: async () => rounds((await load())(2)) }]),
  ),
  'Python Pool': pythonPeer('tasks.py', 'fork'),
  'Python ProcessPoolExecutor': pythonPeer('tasks.py', 'executor'),
  'Python loky': pythonPeer('tasks.py', 'loky'),
};
