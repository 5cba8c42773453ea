// From `new Pool(2)` to the first result.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { multiproc, pythonPeer } from './harness/peer.mjs';
import { pools } from './harness/pools.mjs';

export const title = 'Pool start';
export const about =
  'From making a pool of two workers to the first result. Each round is a new process, in which the library is loaded already; CPU until the result is there.';

export const cases = [
  {
    title: 'new Pool(2) to first result',
    call: 'first',
    fresh: true,
    unit: 'ms',
    rounds: 7,
    goals: [
      {
        row: 'multiproc, cold',
        atMost: 1.3,
        times: 'node -e 0',
        by: { of: 'best' },
        obstacle: 'Two workers boot at once, and on two processors the parent has to share: beside it, two bare forks.',
      },
      {
        row: 'multiproc, prewarmed',
        atMost: 3,
        unit: 'ms',
        by: { of: 'best' },
        obstacle:
          'Every round is the first use of a pool in the life of its process: V8 compiles the code of the pool, there and in the workers, when it is first called. ' +
          'A second pool of the same process takes a third.',
      },
    ],
  },
];

const timed = async (operation) => {
  const begin = performance.now();
  await operation();
  return { ns: (performance.now() - begin) * 1e6, ops: 1 };
};

async function openOurs(prewarmed, startMethod = 'spawn') {
  const { getContext, prewarm } = await multiproc();
  const { Pool } = getContext(startMethod);
  if (prewarmed) await prewarm(2);
  return {
    first: () =>
      timed(async () => {
        const pool = new Pool(2);
        if ((await pool.apply((x) => x + 1, [1])) !== 2) throw new Error('a wrong result');
      }),
  };
}

async function openPeer(load) {
  const create = await load();
  return {
    first: () =>
      timed(async () => {
        if ((await create(2).run(1)) !== 2) throw new Error('a wrong result');
      }),
  };
}

const openNode = () => ({
  first: () => timed(() => once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')),
});

export const contestants = {
  'multiproc, prewarmed': { ours: true, open: () => openOurs(true) },
  'multiproc, cold': { ours: true, open: () => openOurs(false) },
  'multiproc, threads': { ours: true, open: () => openOurs(false, 'thread') },
  'node -e 0': { floor: true, open: openNode },
  ...Object.fromEntries(Object.entries(pools).map(([name, load]) => [name, { open: () => openPeer(load) }])),
  'Python Pool, fork': pythonPeer('tasks.py', 'fork'),
  'Python Pool, spawn': pythonPeer('tasks.py', 'spawn'),
};
