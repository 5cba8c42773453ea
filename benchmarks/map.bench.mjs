// map of a trivial function over a million numbers, against a loop that pushes.
import { multiproc, pythonPeer } from './harness/peer.mjs';
import { pools } from './harness/pools.mjs';

export const title = 'Map';
export const about =
  'x * x over 1,000,000 numbers with two workers; nobody would do that in other processes, so it shows what a pool adds to each item. ' +
  'Peers without a map of their own get eight slices of 125,000.';

const ITEMS = 1_000_000;
const SLICES = 8;

export const cases = [
  {
    title: 'map of 1,000,000',
    call: 'map',
    unit: 'ms',
    rounds: 11,
    goals: [
      { atMost: 1.3, times: 'a loop that pushes', by: { of: 'best' } },
      { atMost: 100, unit: 'ms', by: { metric: 'cpu' } },
    ],
  },
];

const items = () => Array.from({ length: ITEMS }, (_, i) => i);

/** @param map from a list of numbers to (a Promise of) the list of their squares. */
function rounds(map, close) {
  const xs = items();
  return {
    async map() {
      const begin = performance.now();
      const squares = await map(xs);
      const ns = (performance.now() - begin) * 1e6;
      if (squares.length !== ITEMS || squares[ITEMS - 1] !== (ITEMS - 1) ** 2) throw new Error('a wrong result');
      return { ns, ops: 1 };
    },
    close,
  };
}

async function openOurs() {
  const { Pool } = await multiproc();
  const pool = new Pool(2);
  const square = (x) => x * x;
  return rounds(
    (xs) => pool.map(square, xs),
    () => pool.terminate(),
  );
}

function openLoop() {
  const square = (x) => x * x;
  return rounds((xs) => {
    const squares = [];
    for (let i = 0; i < xs.length; i++) squares.push(square(xs[i]));
    return squares;
  });
}

async function openPeer(load) {
  const { run, close } = (await load())(2);
  return rounds(async (xs) => {
    const slices = Array.from({ length: SLICES }, (_, i) => xs.slice((i * ITEMS) / SLICES, ((i + 1) * ITEMS) / SLICES));
    return (await Promise.all(slices.map(run))).flat();
  }, close);
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  'a loop that pushes': { floor: true, open: openLoop },
  ...Object.fromEntries(Object.entries(pools).map(([name, load]) => [name, { open: () => openPeer(load) }])),
  'Python Pool': pythonPeer('tasks.py', 'fork'),
};
