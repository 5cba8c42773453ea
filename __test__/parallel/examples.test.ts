// The examples in examples/kernels, against plain loops.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const folder = fileURLToPath(new URL('../../examples/kernels/', import.meta.url));
const env = { ...process.env, NODE_OPTIONS: '' };
const run = (name: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(folder, `${name}.mjs`), ...args], { encoding: 'utf8', env });

test('Mandelbrot: the pixels of the PNG', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'multiproc-png-'));
  try {
    const [file, width, height] = [join(temporary, 'small.png'), 90, 60];
    run('mandelbrot', file, String(width));
    const bytes = readFileSync(file);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([width, height]);
    // Signature, header, then the one chunk of pixels, each row after a byte for its filter.
    const pixels = inflateSync(bytes.subarray(41, 41 + bytes.readUInt32BE(33)));
    for (let i = 0; i < width * height; i++) {
      const [cx, cy] = [(i % width) * (3 / width) - 2.2, Math.floor(i / width) * (3 / width) - 1];
      let [x, y, n] = [0, 0, 0];
      for (; n < 255 && x * x + y * y <= 4; n++) [x, y] = [x * x - y * y + cx, 2 * x * y + cy];
      expect(pixels[Math.floor(i / width) * (width + 1) + 1 + (i % width)]).toBe(255 - n);
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
});

test('Black and Scholes: the sum of the options in the CSV', () => {
  const normal = (d: number) => {
    const k = 1 / (1 + 0.2316419 * Math.abs(d));
    const powers = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
    const series = powers.reduce((sum, factor, at) => sum + factor * k ** (at + 1), 0);
    const upper = (Math.exp((-d * d) / 2) / Math.sqrt(2 * Math.PI)) * series;
    return d < 0 ? upper : 1 - upper;
  };
  const [, ...rows] = readFileSync(join(folder, 'options.csv'), 'utf8').trim().split('\n');
  let sum = 0;
  for (const row of rows) {
    const [spot, strike, years] = row.split(',').map(Number);
    const spread = 0.3 * Math.sqrt(years);
    const d = (Math.log(spot / strike) + 0.075 * years) / spread;
    sum += spot * normal(d) - strike * Math.exp(-0.03 * years) * normal(d - spread);
  }
  expect(run('black-scholes')).toContain(`${rows.length} options, together ${sum.toFixed(2)}`);
});

test('Life: as many cells as the rule leaves', () => {
  const [width, height] = [64, 24];
  let board = new Uint8Array(width * height);
  for (const [x, y] of [[1, 0], [2, 1], [0, 2], [1, 2], [2, 2], [40, 10], [41, 10], [39, 11], [40, 11], [40, 12]]) board[y * width + x] = 1; // prettier-ignore
  const at = (x: number, y: number) => board[((y + height) % height) * width + ((x + width) % width)];
  for (let n = 0; n < 30; n++) {
    board = board.map((cell, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      let around = -cell;
      for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) around += at(x + dx, y + dy);
      return Number(around === 3 || (around === 2 && cell === 1));
    });
  }
  const alive = board.reduce((sum, cell) => sum + cell, 0);
  expect(run('life', '30')).toContain(`30 generations, ${alive} cells alive`);
});
