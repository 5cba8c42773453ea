// The pools of others behind one face: load() gives a function that makes a pool of `size` workers, with
// run(x) -> Promise of work(x) (workers/tasks.mjs) and close().
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { workerFile } from './peer.mjs';

const path = (name) => fileURLToPath(workerFile(name));

/** Workers that take turns, and answers matched by their id. */
function bare(size, start) {
  const waiting = new Map();
  let next = 0;
  const workers = Array.from({ length: size }, () =>
    start(([id, value]) => {
      const resolve = waiting.get(id);
      waiting.delete(id);
      resolve(value);
    }),
  );
  return {
    run: (x) =>
      new Promise((resolve) => {
        waiting.set(next, resolve);
        workers[next % size].send([next++, x]);
      }),
    close: () => Promise.all(workers.map((worker) => worker.end())),
  };
}

export const pools = {
  piscina: async () => {
    const { Piscina } = await import('piscina');
    return (size) => {
      const pool = new Piscina({ filename: path('tasks.mjs'), minThreads: size, maxThreads: size });
      return { run: (x) => pool.run(x), close: () => pool.destroy() };
    };
  },
  tinypool: async () => {
    const { Tinypool } = await import('tinypool');
    return (size) => {
      const pool = new Tinypool({ filename: workerFile('tasks.mjs').href, minThreads: size, maxThreads: size });
      return { run: (x) => pool.run(x), close: () => pool.destroy() };
    };
  },
  'workerpool, threads': async () => workerpool('thread'),
  'workerpool, processes': async () => workerpool('process'),
  poolifier: async () => {
    const { FixedThreadPool } = await import('poolifier');
    return (size) => {
      const pool = new FixedThreadPool(size, path('poolifier-thread.mjs'));
      return { run: (x) => pool.execute(x), close: () => pool.destroy() };
    };
  },
  'bare worker_threads': async () => (size) =>
    bare(size, (onAnswer) => {
      const worker = new Worker(workerFile('bare-thread.mjs'));
      worker.on('message', onAnswer);
      return { send: (task) => worker.postMessage(task), end: () => worker.terminate() };
    }),
  'bare fork': async () => (size) =>
    bare(size, (onAnswer) => {
      const child = fork(path('bare-fork.mjs'), { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
      child.on('message', onAnswer);
      return { send: (task) => child.send(task), end: () => child.kill() };
    }),
};

async function workerpool(workerType) {
  const { default: library } = await import('workerpool');
  return (size) => {
    const pool = library.pool(path('workerpool.mjs'), { minWorkers: size, maxWorkers: size, workerType });
    return { run: (x) => pool.exec('work', [x]), close: () => pool.terminate() };
  };
}
