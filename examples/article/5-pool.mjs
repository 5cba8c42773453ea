// A pool of worker processes, one per processor, maps a function over a list.
import { Pool, cpuCount } from 'multiproc';

function myFunc(x) {
  const y = x ** x;
  console.log(y);
  return y;
}

const pool = new Pool(cpuCount());
const result = await pool.map(myFunc, [5, 9, 8]);
console.log(result);

pool.close();
await pool.join();
