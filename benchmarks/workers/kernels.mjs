// A worker of the kernels benchmark: computes its part of a kernel over shared arrays whenever it is told to.
// The words: [0] the turn, [1] how many workers have finished it, [2] elements.
import { workerData } from 'node:worker_threads';
import { kernels, loopOf } from '../kernels/kernels.mjs';

const { name, words, inputs, out, sums, at, count } = workerData;
const loop = loopOf(kernels[name]);
for (let turn = 0; ; turn++) {
  Atomics.wait(words, 0, turn);
  const n = words[2];
  const [from, to] = [Math.floor((n * at) / count), Math.floor((n * (at + 1)) / count)];
  const sum = loop(inputs, out, from, to);
  if (sum !== undefined) sums[at] = sum;
  Atomics.add(words, 1, 1);
  Atomics.notify(words, 1);
}
