// A lock of this module, used by a function that runs in three processes: the lines come out whole.
import { Lock, Process } from 'multiproc';

const lock = new Lock();

function printer(data) {
  lock.acquireSync();
  try {
    console.log(data);
  } finally {
    lock.release();
  }
}

const processes = ['mobile', 'computer', 'tablet'].map((data) => new Process({ target: printer, args: [data] }));
for (const process of processes) process.start();
for (const process of processes) await process.join();
