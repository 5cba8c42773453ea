// A worker thread whose kernel never ends.
import { parentPort, workerData } from 'node:worker_threads';
import { parallel } from 'multiproc';

const f = (x) => {
  while (true) x++;
};
// Compiled, and seen to run.
try {
  parallel.mapSync(f, Float64Array.of(1), { timeout: 5 });
} catch {
  parentPort.postMessage('begun');
}
await parallel[workerData](f, new Float64Array(100));
