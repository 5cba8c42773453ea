// Eight processes put their results into one queue; it is read after they have ended.
import { Process, Queue } from 'multiproc';

function sqr(x, q) {
  q.putSync(x * x);
}

const q = new Queue();
const processes = [2, 3, 4, 5, 6, 7, 8, 9].map((x) => new Process({ target: sqr, args: [x, q] }));
for (const process of processes) process.start();
for (const process of processes) await process.join();

const result = [];
while (!q.empty) result.push(q.getSync());
console.log(result);
