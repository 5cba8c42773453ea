// Prices of call options by Black and Scholes, from a CSV: node examples/kernels/black-scholes.mjs [file.csv]
// Columns: spot price, strike price, years to expiry. Prints the first five, and the sum of all.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parallel } from 'multiproc';

const file = process.argv[2] ?? fileURLToPath(new URL('./options.csv', import.meta.url));
const [, ...rows] = readFileSync(file, 'utf8').trim().split('\n');
const columns = [0, 1, 2].map((at) => Float64Array.from(rows, (row) => Number(row.split(',')[at])));

const rate = 0.03;
const volatility = 0.3;

/** The normal distribution, by Abramowitz and Stegun 26.2.17: right to 7 digits. */
const normal = (d) => {
  const k = 1 / (1 + 0.2316419 * Math.abs(d));
  const series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  const upper = (Math.exp((-d * d) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return d < 0 ? upper : 1 - upper;
};

const call = (spot, strike, years) => {
  const spread = volatility * Math.sqrt(years);
  const d = (Math.log(spot / strike) + (rate + volatility ** 2 / 2) * years) / spread;
  return spot * normal(d) - strike * Math.exp(-rate * years) * normal(d - spread);
};

const prices = await parallel.zip(call, columns);
for (let i = 0; i < Math.min(5, prices.length); i++) console.log(`${rows[i]} → ${prices[i].toFixed(4)}`);
console.log(`${prices.length} options, together ${parallel.reduceSync((a, b) => a + b, prices, 0).toFixed(2)}`);
