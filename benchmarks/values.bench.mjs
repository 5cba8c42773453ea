// What arguments and results cost: an object of 1 KB, a graph of 1 MB, a typed array of 1 MiB, a buffer of 64 MB.
import { multiproc, pythonPeer } from './harness/peer.mjs';
import { pools } from './harness/pools.mjs';
import { bytes, graph, record } from './workers/values.mjs';

export const title = 'Values';
export const about =
  'A task whose argument is a value, in a pool of two workers, four tasks in flight. "In": the worker looks at it and returns a number; "echoed": it comes back. ' +
  'A graph is 1,024 records of 6 properties, 1 MB in JSON.';

const cpu = { metric: 'cpu' };
const first = { atMost: 1, times: 'best peer', by: cpu };
/** Of a graph, why Python is before us and every pool of Node's. */
const objects =
  'Each of its 2,048 objects is looked up in a Map, so that what is shared arrives shared, and each of its 5,120 strings is copied by a call of its own, both ways; Python, where an object has an address, does neither.';
const graphFirst = { ...first, obstacle: objects };

const value = (label, kind, op, n, goals = [], more = {}) => ({
  title: `${label}, ${op === 'echo' ? 'echoed' : 'in'}`,
  call: 'values',
  args: { kind, op, n },
  unit: 'µs',
  rounds: 7,
  by: cpu,
  goals,
  ...more,
});

export const cases = [
  value('an object of 1 KB', 'record', 'take', 2_000, [first]),
  value('an object of 1 KB', 'record', 'echo', 2_000, [first]),
  value('a graph of 1 MB', 'graph', 'take', 40, [
    { atMost: 1_000, unit: 'µs', by: { of: 'best' }, obstacle: objects },
    graphFirst,
  ]),
  value('a graph of 1 MB', 'graph', 'echo', 40, [
    { atMost: 2_000, unit: 'µs', by: { of: 'best' }, obstacle: objects },
    graphFirst,
  ]),
  value('a typed array of 1 MiB', 'bytes', 'take', 60, [first], { bytes: 1 << 20 }),
  value('a typed array of 1 MiB', 'bytes', 'echo', 60, [first], { bytes: 1 << 20 }),
  value('a buffer of 64 MB', 'large', 'take', 4, [first], { bytes: 64 << 20, rounds: 5 }),
];

const KINDS = {
  record: () => record(7),
  graph: () => graph(),
  bytes: () => bytes(1 << 20),
  large: () => bytes(64 << 20),
};
const IN_FLIGHT = 4;

function rounds({ run, close }) {
  const made = new Map();
  return {
    async values({ kind, op, n }) {
      if (!made.has(kind)) made.set(kind, KINDS[kind]());
      const task = { op, value: made.get(kind) };
      let left = n;
      const one = async () => {
        while (left-- > 0) await run(task);
      };
      const begin = performance.now();
      await Promise.all(Array.from({ length: IN_FLIGHT }, one));
      return { ns: (performance.now() - begin) * 1e6, ops: n };
    },
    close,
  };
}

async function openOurs() {
  const { Pool } = await multiproc();
  const pool = new Pool(2);
  const operations = { echo: (x) => x, take: (x) => x.items?.length ?? x.byteLength ?? x.id };
  return rounds({ run: ({ op, value }) => pool.apply(operations[op], [value]), close: () => pool.terminate() });
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  ...Object.fromEntries(
    Object.entries(pools).map(([name, load]) => [name, { open: async () => rounds((await load())(2)) }]),
  ),
  'Python Pool': pythonPeer('tasks.py', 'fork'),
  'Python ProcessPoolExecutor': pythonPeer('tasks.py', 'executor'),
  'Python loky': pythonPeer('tasks.py', 'loky'),
};
