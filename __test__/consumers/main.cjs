// The same program by `require()`.
'use strict';
const { Lock, Pool, Process, Queue, availableCpuCount, cpuCount, parallel } = require('multiproc');

const factor = 10;
const lock = new Lock();

function report(word, queue) {
  lock.runSync(() => queue.putSync(`${word} ${factor}`));
}

function fail() {
  throw new TypeError('on purpose');
}

async function main() {
  console.log('cpus', cpuCount() >= 1 && availableCpuCount() <= cpuCount());

  const queue = new Queue();
  const writers = ['a', 'b'].map((word) => new Process({ target: report, args: [word, queue] }));
  for (const writer of writers) writer.start();
  for (const writer of writers) console.log('exit', await writer.join());
  console.log('queue', [await queue.get(), await queue.get()].sort().join(', '));

  const failing = new Process({ target: fail }).start();
  console.log('exit', failing.joinSync(), failing.error instanceof TypeError, failing.error.message);

  const pool = new Pool(2);
  console.log('map', (await pool.map((n) => n * factor, [1, 2, 3])).join(', '));
  console.log('apply', await pool.apply((a, b) => a + b, [20, 22]));
  pool.close();
  await pool.join();

  const kernel = (n) => n * 2 + Math.sin(0) * factor;
  const issue = parallel.explain((n) => `${n}`);
  console.log(
    'kernel',
    `${(await parallel.map(kernel, Float64Array.of(1, 2, 3))).join(', ')}; refused at ${issue.line}:${issue.column}`,
  );

  console.log('one state', (await import('multiproc')).Pool === Pool);
}

main();
