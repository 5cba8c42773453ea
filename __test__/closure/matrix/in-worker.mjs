// Runs a case file in a worker thread.
import { Worker } from 'node:worker_threads';

const worker = new Worker(process.argv[2]);
worker.on('error', (error) => {
  console.error(error);
  process.exitCode = 1;
});
