// Two functions, each in a process of its own, at the same time.
import { Process } from 'multiproc';

function calc_square(numbers) {
  for (const n of numbers) console.log(`square ${n * n}`);
}

function calc_cube(numbers) {
  for (const n of numbers) console.log(`cube ${n * n * n}`);
}

const numbers = [2, 3, 8, 9];
const p1 = new Process({ target: calc_square, args: [numbers] });
const p2 = new Process({ target: calc_cube, args: [numbers] });

p1.start();
p2.start();

await p1.join();
await p2.join();

console.log('Done');
