// The Game of Life on a shared array: node examples/kernels/life.mjs [generations]
// A kernel reads its neighbours from one board, which it captures, and writes the other.
import { parallel, sharedArray } from 'multiproc';

const generations = Number(process.argv[2] ?? 100);
const width = 64;
const height = 24;
const size = width * height;
const boards = [0, 1].map(() => sharedArray(Uint8Array, size));

// A glider, and the r-pentomino.
for (const [x, y] of [[1, 0], [2, 1], [0, 2], [1, 2], [2, 2], [40, 10], [41, 10], [39, 11], [40, 11], [40, 12]]) boards[0][y * width + x] = 1; // prettier-ignore

/** The rule, for one board. */
const rule = (board) => (i) => {
  let alive = 0;
  const x = i % width;
  for (let dy = -1; dy <= 1; dy++) {
    for (let dx = -1; dx <= 1; dx++) {
      const row = (Math.floor(i / width) + dy + height) % height;
      if (dx !== 0 || dy !== 0) alive += board[row * width + ((x + dx + width) % width)];
    }
  }
  return alive === 3 || (alive === 2 && board[i] === 1) ? 1 : 0;
};
const rules = boards.map(rule);

const begun = performance.now();
for (let n = 0; n < generations; n++) await parallel.range(rules[n % 2], size, { into: boards[(n + 1) % 2] });
const ms = performance.now() - begun;

const board = boards[generations % 2];
for (let y = 0; y < height; y++)
  console.log(Array.from(board.subarray(y * width, (y + 1) * width), (cell) => (cell ? '#' : '.')).join(''));
console.log(
  `${generations} generations, ${parallel.reduceSync((a, b) => a + b, board, 0)} cells alive, ${ms.toFixed(0)} ms`,
);
