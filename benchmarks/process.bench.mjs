// Starting a process that does next to nothing: until its function runs, and until it has ended and was joined.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { multiproc, pythonPeer, workerFile } from './harness/peer.mjs';

export const title = 'Process';
export const about =
  '"First line": from start() until word from the function has come back. "Start and join": until a function that does nothing has ended and the parent knows. ' +
  'Cold: no process was booted beforehand; spare: one was, as after every first start. Thread: the start method, beside a bare Worker.';

const quiet = { of: 'best' };

export const cases = [
  {
    title: 'first line',
    call: 'firstLine',
    args: { n: 6 },
    unit: 'ms',
    rounds: 7,
    goals: [
      { row: 'multiproc, cold', atMost: 1.3, times: 'node -e 0', by: { metric: 'cpu' } },
      {
        row: 'multiproc, spare',
        atMost: 1.5,
        unit: 'ms',
        by: quiet,
        obstacle:
          'A third is the capture of a function that was made for this start (three questions to V8 by its inspector) and its encoding, a third the decoding ' +
          'and compiling of it in the child, a third the wakes of two processes and the first turns of their event loops.',
      },
    ],
  },
  { title: 'start and join', call: 'startAndJoin', args: { n: 6 }, unit: 'ms', rounds: 7 },
];

/** Times of `n` runs of an operation, each by itself; `before` and `after` each run are not counted. */
async function each(n, operation, { before = () => {}, after = () => {} } = {}) {
  const samples = [];
  for (let i = 0; i < n; i++) {
    await before();
    const begin = performance.now();
    const result = await operation();
    samples.push((performance.now() - begin) * 1e6);
    await after(result);
  }
  return { samples };
}

/** @param spares whether processes booted beforehand are used. */
async function openOurs(spares, startMethod = 'spawn') {
  const { configure, getContext, prewarm } = await multiproc();
  const { Process, Queue } = getContext(startMethod);
  configure({ spares: spares ? 1 : 0 });
  const queue = new Queue();
  const before = spares ? () => prewarm(1) : undefined;

  async function firstLine() {
    const child = new Process({ target: (queue) => queue.putSync(1), args: [queue] }).start();
    await queue.get();
    return child;
  }
  async function startAndJoin() {
    const code = await new Process({ target: () => {} }).start().join();
    if (code !== 0) throw new Error(`exit code ${code}`);
  }
  return {
    firstLine: ({ n }) => each(n, firstLine, { before, after: (child) => child.join() }),
    startAndJoin: ({ n }) => each(n, startAndJoin, { before }),
  };
}

/** A bare node that runs an empty program: less than any start of a function can cost. */
function openNode() {
  const run = async () => {
    await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  };
  return { firstLine: ({ n }) => each(n, run), startAndJoin: ({ n }) => each(n, run) };
}

function openFork() {
  const start = () => fork(workerFile('hello-fork.mjs'), { stdio: ['ignore', 2, 2, 'ipc'] });
  const firstLine = async () => {
    const child = start();
    const ended = once(child, 'exit');
    await once(child, 'message');
    return { ended };
  };
  return {
    firstLine: ({ n }) => each(n, firstLine, { after: ({ ended }) => ended }),
    startAndJoin: ({ n }) => each(n, () => once(start(), 'exit')),
  };
}

function openThread() {
  const start = () => new Worker(workerFile('hello-thread.mjs'));
  const firstLine = async () => {
    const worker = start();
    const ended = once(worker, 'exit');
    await once(worker, 'message');
    return { ended };
  };
  return {
    firstLine: ({ n }) => each(n, firstLine, { after: ({ ended }) => ended }),
    startAndJoin: ({ n }) => each(n, () => once(start(), 'exit')),
  };
}

export const contestants = {
  'multiproc, spare': { ours: true, open: () => openOurs(true) },
  'multiproc, cold': { ours: true, open: () => openOurs(false) },
  'multiproc, thread': { ours: true, open: () => openOurs(false, 'thread') },
  'node -e 0': { floor: true, open: openNode },
  'child_process.fork': { open: openFork },
  'Worker (a thread)': { open: openThread },
  'Python fork': pythonPeer('start.py', 'fork'),
  'Python forkserver': pythonPeer('start.py', 'forkserver'),
  'Python spawn': pythonPeer('start.py', 'spawn'),
};
