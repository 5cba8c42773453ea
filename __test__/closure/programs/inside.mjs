// Functions inside of arguments, results and items of queues: what they gave there, and how those are refused that can't go. Prints both.
import net from 'node:net';
import { getContext } from 'multiproc';
import { scale } from './lib.mjs';

const { Pool, Process, Queue } = getContext(process.argv[2]);
const factor = 3;
let count = 0;
const up = () => ++count;
class Counter {
  #n = 1;
  up() {
    return (this.#n += factor);
  }
}
const found = {};
const pool = new Pool({ workers: 1 });
const queue = new Queue();

found['an argument'] = await pool.apply((f) => f(2), [(x) => scale(x) * factor]);
found['inside of one'] = await pool.apply(({ list: [{ run }] }) => run(), [{ list: [{ run: () => factor }] }]);
found['two that share a variable'] = await pool.apply(({ up, read }) => [up(), read()], [{ up, read: () => count }]);
found['an instance'] = await pool.apply((counter) => counter.up(), [new Counter()]);
found['a class'] = await pool.apply(
  (Type, counter) => [new Type().up(), counter instanceof Type],
  [Counter, new Counter()],
);

const { add, base } = await pool.apply((base) => ({ base, add: (x) => base.n + x }), [{ n: 10 }]);
found['a result'] = add(1);
base.n = 20;
found['it has what the result has'] = add(1);

const echo = new Queue();
const child = new Process({
  target: () => {
    const { run, more } = queue.getSync();
    echo.putSync({ value: run(2), fn: (x) => x * more });
  },
});
child.start();
await queue.put({ run: (x) => x + factor, more: 5 });
const { value, fn } = await echo.get({ timeout: 60_000 });
found['an item of a queue'] = [value, fn(3)];
await child.join();

// Each closure of a loop has its own values, and a variable is what it was at the call.
let later = 0;
const tasks = [];
for (let i = 0; i < 200; i++) {
  const square = i * i;
  later = i;
  tasks.push(pool.apply(() => [i, square, later, scale(i)]));
}
later = -1;
found['a loop'] = (await Promise.all(tasks)).every(
  ([i, square, l, s], at) => i === at && square === i * i && l === i && s === scale(i),
);

const sock = new net.Socket();
const refusal = async (attempt) => {
  try {
    await attempt();
    return 'not refused';
  } catch (error) {
    return [error.name, error.path, error.message.split('reached through: ')[1]];
  }
};
const bad = { jobs: [{ run: () => sock.destroyed }] };
found['refused: an argument'] = await refusal(() => pool.apply((x) => x, [bad]));
found['refused: an item'] = await refusal(() => queue.put(bad));
found['refused: of a Process'] = await refusal(() => new Process({ target: (x) => x, args: [bad] }).start());
found['refused: a result'] = await refusal(() =>
  pool.apply(async () => {
    const { Socket } = await import('node:net');
    const socket = new Socket();
    return { run: () => socket.destroyed };
  }),
);
await pool.close();
await pool.join();
console.log(JSON.stringify(found));
