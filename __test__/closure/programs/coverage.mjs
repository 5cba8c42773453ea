// A program whose functions run in workers only: coverage.test.ts looks at what NODE_V8_COVERAGE says of it.
import { getContext } from 'multiproc';

let count = 0;
function onlyThere(n) {
  count++;
  if (n > 100) {
    return 'not there';
  }
  const inner = () => count;
  return inner() + n;
}
function never(n) {
  return n * 2;
}
class Maker {
  static made = 1;
  #n = 2;
  make(n) {
    return { n, m: this.#n };
  }
  unused() {
    return 0;
  }
}
const é = 'not ASCII';
if (process.argv.length > 9) {
  never(1);
}
const { Pool, Process } = getContext(process.argv[2]);
const pool = new Pool({ workers: 2 });
// An environment without the variable: who reports coverage has its children report it.
const child = new Process({
  target: () => {
    const inChild = é.length;
    if (inChild < 0) {
      never(2);
    }
  },
  env: { PATH: process.env.PATH },
});
child.start();
await child.join();
await pool.map((n) => [onlyThere(n), new Maker().make(n)], [1, 2, 3]);
// A class that comes back is made here too, from its text.
const Back = await pool.apply(() => {
  return class {
    back() {
      return 1;
    }
    notBack() {
      return 2;
    }
  };
});
new Back().back();
await pool.terminate();
