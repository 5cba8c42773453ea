// A thread that takes and releases a lock made of Atomics: 0 free, 1 held, 2 held and waited for.
import { parentPort, workerData } from 'node:worker_threads';

const word = new Int32Array(workerData);

function acquire() {
  if (Atomics.compareExchange(word, 0, 0, 1) === 0) return;
  while (Atomics.exchange(word, 0, 2) !== 0) Atomics.wait(word, 0, 2);
}

function release() {
  if (Atomics.exchange(word, 0, 0) === 2) Atomics.notify(word, 0, 1);
}

parentPort.on('message', (n) => {
  for (let i = 0; i < n; i++) {
    acquire();
    release();
  }
  parentPort.postMessage(n);
});
