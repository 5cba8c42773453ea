// Data-parallel kernels: nanoseconds of an element, on one thread and on all.
// numpy, numexpr and Numba come with the Python peers (python/requirements.txt, installed at the first run). Rust with
// rayon: benchmarks/rayon, which cargo builds when it is needed. What is missing is left out.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { multiproc, pythonPeer, workerFile } from './harness/peer.mjs';
import { inputsOf, kernels, loopOf } from './kernels/kernels.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Runs of a round: CPU time is known to a tick of 10 ms where threads end. */
const TURNS = 10;
const cpu = { metric: 'cpu' };
/** Between two that differ by little: what disturbs a round only adds to it. */
const leastCpu = { metric: 'cpu', of: 'best' };

/** What stands in the way of a goal that is missed. */
const WAITS = {
  Mandelbrot:
    'Each step of the loop waits for the one before, in an order that JavaScript fixes: the same loop by hand, in Rust on one thread, takes as long.',
};
const SHARING =
  'Here the two run at different times, beside different neighbours: in turn, in one process, see docs/parallel.md (made by kernels/plot.mjs).';

export const title = 'Kernels';
export const about =
  `Nine kernels over Float64Arrays, per element. A round is the best of ${TURNS} runs by the clock; its CPU time is that of all of them, and of the whole process tree. ` +
  'Compared by CPU time: other programs share the cores, and what a run takes by the clock says who was scheduled, at its best whether nobody else was. ' +
  `"1 thread" computes on the calling thread alone, the others on all ${availableParallelism()}: what these take of CPU time beyond that is the price of sharing, and near-linear is 1.1 times. ` +
  'V8 loop: one loop of its own for each kernel, optimised; .map(): of the typed array; worker_threads: as many loops as CPUs over SharedArrayBuffers, woken by Atomics. ' +
  "In Python and Rust the functions of Math are the C library's or their own, and may differ from V8's in the last place; multiproc's don't. " +
  'Rust, 1 thread: the loop alone, that can not be stopped and has nothing to check.\n\n' +
  '![Speed-up over n](plots/kernels-speedup.svg)\n\nSpeed-up by the number of elements: made by `node benchmarks/kernels/plot.mjs`.';

const hasPython = ['x ** x', 'polynomial', 'sin · exp', 'Black-Scholes', 'sum', 'axpy'];

export const cases = Object.entries(kernels).map(([name, { n }]) => ({
  title: name,
  call: name,
  args: { n, turns: TURNS },
  unit: 'ns',
  rounds: 7,
  by: cpu,
  goals: [
    { row: 'multiproc, 1 thread', atMost: 1, times: 'V8 loop', by: leastCpu, obstacle: WAITS[name] },
    { atMost: 1.1, times: 'multiproc, 1 thread', by: leastCpu, obstacle: SHARING },
    { atMost: 1, times: 'numexpr', by: cpu },
    { atMost: 1, times: 'Numba', by: cpu },
  ].filter(({ times }) => times !== 'numexpr' || hasPython.includes(name)),
}));

function timed(n, turns, run) {
  let best = Infinity;
  for (let turn = 0; turn < turns; turn++) {
    const begin = performance.now();
    run();
    best = Math.min(best, performance.now() - begin);
  }
  return { ns: best * 1e6, ops: n, cpuOps: n * turns };
}

/** The rounds of every kernel; `prepare(kernel, name, n)` gives what is timed. */
function rounds(prepare) {
  const prepared = new Map();
  const round =
    (name) =>
    async ({ n, turns }) => {
      if (!prepared.has(name)) prepared.set(name, prepare(kernels[name], name, n));
      return timed(n, turns, prepared.get(name));
    };
  return Object.fromEntries(Object.keys(kernels).map((name) => [name, round(name)]));
}

async function openOurs(threads) {
  const { parallel } = await multiproc();
  return rounds((kernel, _, n) => {
    const inputs = inputsOf(kernel, n);
    if (kernel.reduces) return () => parallel.reduceSync(kernel.f, inputs[0], 0, { threads });
    const options = { into: new Float64Array(n), threads };
    return () => parallel.zipSync(kernel.f, inputs, options);
  });
}

function openLoop() {
  return rounds((kernel, _, n) => {
    const [inputs, out, loop] = [inputsOf(kernel, n), new Float64Array(n), loopOf(kernel)];
    for (let i = 0; i < 20; i++) loop(inputs, out, 0, Math.ceil(n / 10));
    return () => loop(inputs, out, 0, n);
  });
}

function openMap() {
  return rounds((kernel, _, n) => {
    const inputs = inputsOf(kernel, n);
    const { f } = kernel;
    if (kernel.reduces) return () => inputs[0].reduce((a, b) => a + b, 0);
    if (inputs.length === 1) return () => inputs[0].map((x) => f(x));
    const [a, b, c] = inputs;
    return c === undefined ? () => a.map((x, i) => f(x, b[i])) : () => a.map((x, i) => f(x, b[i], c[i]));
  });
}

function openWorkers() {
  const count = availableParallelism();
  return rounds((kernel, name, n) => {
    const words = new Int32Array(new SharedArrayBuffer(12));
    words[2] = n;
    const out = new Float64Array(new SharedArrayBuffer(8 * n));
    const sums = new Float64Array(new SharedArrayBuffer(8 * count));
    const inputs = inputsOf(kernel, n, true);
    for (let at = 0; at < count; at++) {
      const workerData = { name, words, inputs, out, sums, at, count };
      new Worker(workerFile('kernels.mjs'), { workerData }).unref();
    }
    return () => {
      Atomics.store(words, 1, 0);
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      for (let done = 0; done < count; done = Atomics.load(words, 1)) Atomics.wait(words, 1, done);
      return sums.reduce((a, b) => a + b, 0);
    };
  });
}

const pythonLibrary = (library) => pythonPeer('kernels.py', library, String(availableParallelism()));

const rust = here('../target/bench/rayon/release/kernels-rayon');
function buildRust() {
  const args = [
    'build',
    '--release',
    '--quiet',
    '--manifest-path',
    here('rayon/Cargo.toml'),
    '--target-dir',
    here('../target/bench/rayon'),
  ];
  const { status, stderr } = spawnSync('cargo', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cargo: ${stderr ?? 'is not installed'}`);
}

export const contestants = {
  multiproc: { ours: true, open: () => openOurs(availableParallelism()) },
  'multiproc, 1 thread': { ours: true, open: () => openOurs(1) },
  'V8 loop': { open: openLoop },
  '.map()': { open: openMap },
  worker_threads: { open: openWorkers },
  numpy: pythonLibrary('numpy'),
  numexpr: pythonLibrary('numexpr'),
  Numba: pythonLibrary('numba'),
  'Numba, 1 thread': pythonLibrary('numba-serial'),
  'Rust + rayon': { command: [rust], build: buildRust },
  'Rust, 1 thread': { floor: true, command: ['env', 'RAYON_NUM_THREADS=1', rust], build: buildRust },
};
