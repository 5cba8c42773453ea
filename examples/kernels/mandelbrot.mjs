// The Mandelbrot set as a PNG: node examples/kernels/mandelbrot.mjs [file] [width]
import { writeFileSync } from 'node:fs';
import { parallel } from 'multiproc';
import { png } from './png.mjs';

const [file = 'mandelbrot.png', size = '900'] = process.argv.slice(2);
const width = Number(size);
const height = Math.round((width * 2) / 3);
const scale = 3 / width;

/** How long the point of pixel i stays near, as a shade of grey. */
const shade = (i) => {
  const cx = (i % width) * scale - 2.2;
  const cy = Math.floor(i / width) * scale - 1;
  let x = 0;
  let y = 0;
  let n = 0;
  while (n < 255 && x * x + y * y <= 4) {
    const next = x * x - y * y + cx;
    y = 2 * x * y + cy;
    x = next;
    n++;
  }
  return 255 - n;
};

const begun = performance.now();
const pixels = await parallel.range(shade, width * height, { into: new Uint8Array(width * height) });
const ms = performance.now() - begun;
writeFileSync(file, png(pixels, width, height));
console.log(`${file}: ${width} × ${height}, ${ms.toFixed(0)} ms`);
