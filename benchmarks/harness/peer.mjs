// How benchmarks load what they compare, and where files of theirs are.
import { fileURLToPath } from 'node:url';
import { python } from './machine.mjs';

/** multiproc as built in this repository. */
export const multiproc = () => import('../../dist/index.mjs');

/** A contestant in Python: a program in python/, and its arguments. */
export function pythonPeer(program, ...args) {
  return { command: [python(), fileURLToPath(new URL(`../python/${program}`, import.meta.url)), ...args] };
}

/** The URL of a worker's file in workers/. */
export const workerFile = (name) => new URL(`../workers/${name}`, import.meta.url);

/** Nanoseconds of `n` runs of `operation`, one after the other. */
export function timeLoop(n, operation) {
  const begin = performance.now();
  for (let i = 0; i < n; i++) operation();
  return { ns: (performance.now() - begin) * 1e6, ops: n };
}
