// Speed-up of three kernels over a V8 loop by the number of elements: node benchmarks/kernels/plot.mjs
// Writes benchmarks/plots/kernels-speedup.svg, and prints from how many elements on a kernel is faster than the loop; then
// what sharing costs: the CPU time that all threads take over that of one, in turn in this process.
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { multiproc } from '../harness/peer.mjs';
import { inputsOf, kernels, loopOf } from './kernels.mjs';

const { parallel } = await multiproc();
const CHOSEN = ['polynomial', 'sin · exp', 'isPrime'];
const COLOURS = ['#0072b2', '#d55e00', '#009e73'];
const SIZES = [1, 2, 5].flatMap((digit) => [10, 100, 1e3, 1e4, 1e5].map((power) => digit * power)).concat(1e6);
SIZES.sort((a, b) => a - b);
/** Milliseconds that each point is measured for, and so many runs at least: the best one counts. */
const BUDGET = 400;
const TURNS = 30;
/** A curve ends where a loop takes longer, in milliseconds: what changes beyond is how often others are scheduled. */
const LONGEST = 4;

/** Milliseconds of the best run of each of several, in turn. */
function best(runs) {
  const found = runs.map(() => Infinity);
  const end = performance.now() + BUDGET * runs.length;
  for (let turn = 0; turn < TURNS || performance.now() < end; turn++) {
    runs.forEach((run, at) => {
      const begin = performance.now();
      run();
      found[at] = Math.min(found[at], performance.now() - begin);
    });
  }
  return found;
}

const threads = availableParallelism();
const lines = CHOSEN.map((name) => {
  const kernel = kernels[name];
  const loop = loopOf(kernel);
  const points = [];
  for (const n of SIZES) {
    if (points.length > 0 && points[points.length - 1].plain > LONGEST) break;
    const inputs = inputsOf(kernel, n);
    const into = new Float64Array(n);
    const [plain, one, all] = best([
      () => loop(inputs, into, 0, n),
      () => parallel.zipSync(kernel.f, inputs, { into, threads: 1 }),
      () => parallel.zipSync(kernel.f, inputs, { into, threads }),
    ]);
    points.push({ n, plain, speedup: plain / Math.min(one, all), one: plain / one, all: plain / all });
  }
  const even = points.findIndex((_, at) => points.slice(at).every(({ speedup }) => speedup >= 1));
  const from =
    even < 0
      ? 'never'
      : `${points[even].n.toLocaleString('en')} (${(points[even].plain * 1000).toFixed(1)} µs of the loop)`;
  const last = points[points.length - 1];
  console.log(
    `${name}: faster than a V8 loop from n = ${from} on; at ${last.n.toLocaleString('en')} ${last.one.toFixed(2)} × on one thread, ${last.all.toFixed(2)} × on ${threads}`,
  );
  return { name, points };
});

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
for (const [name, kernel] of Object.entries(kernels)) {
  const inputs = inputsOf(kernel, kernel.n);
  const into = new Float64Array(kernel.n);
  const cpu = (count) => {
    const before = process.cpuUsage();
    for (let run = 0; run < 5; run++) {
      if (kernel.reduces) parallel.reduceSync(kernel.f, inputs[0], 0, { threads: count });
      else parallel.zipSync(kernel.f, inputs, { into, threads: count });
    }
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const [one, all] = [[], []];
  for (let turn = 0; turn < 15; turn++) {
    one.push(cpu(1));
    all.push(cpu(threads));
  }
  console.log(`${name}: ${threads} threads take ${(median(all) / median(one)).toFixed(2)} × the CPU time of one`);
}

const [width, height, left, bottom, right, top] = [720, 400, 60, 350, 560, 30];
const highest = Math.max(2, ...lines.flatMap(({ points }) => points.map(({ speedup }) => speedup)));
const x = (n) => left + ((Math.log10(n) - 1) / 5) * (right - left);
const y = (speedup) => bottom - (speedup / highest) * (bottom - top);
const text = (at, words, rest = '') => `<text x="${at[0].toFixed(1)}" y="${at[1].toFixed(1)}" ${rest}>${words}</text>`;
const grid = [];
for (let power = 1; power <= 6; power++) {
  grid.push(`<line x1="${x(10 ** power)}" x2="${x(10 ** power)}" y1="${top}" y2="${bottom}" stroke="#ddd"/>`);
  grid.push(text([x(10 ** power), bottom + 18], (10 ** power).toLocaleString('en'), 'text-anchor="middle"'));
}
for (let level = 0; level <= highest; level++) {
  const colour = level === 1 ? '#888' : '#ddd';
  grid.push(`<line x1="${left}" x2="${right}" y1="${y(level)}" y2="${y(level)}" stroke="${colour}"/>`);
  grid.push(text([left - 8, y(level) + 4], `${level} ×`, 'text-anchor="end"'));
}
const curves = lines.map(({ name, points }, at) => {
  const path = points.map(({ n, speedup }) => `${x(n).toFixed(1)},${y(speedup).toFixed(1)}`).join(' ');
  const end = [x(points[points.length - 1].n) + 10, y(points[points.length - 1].speedup) + 4];
  return `<polyline points="${path}" fill="none" stroke="${COLOURS[at]}" stroke-width="2"/>${text(end, name, `fill="${COLOURS[at]}"`)}`;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
${text([left, 18], `Times as fast as a V8 loop, by elements; ${threads} threads, Node ${process.versions.node}`)}
${grid.join('\n')}
${curves.join('\n')}
</svg>
`;
writeFileSync(new URL('../plots/kernels-speedup.svg', import.meta.url), svg);
