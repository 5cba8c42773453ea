// Where the functions of Math come from: node origins.mjs <exports> <ports>, each 0 or 1.
// Prints as JSON what was chosen, and for sin, pow and sqrt whether a kernel has V8's bits or was refused.
import { createRequire } from 'node:module';
import { parallel } from 'multiproc';

const require = createRequire(import.meta.url);
const { decideMath, kernelBinding } = require('../../../dist/internals.js');

decideMath(kernelBinding(), process.argv[2] === '1', process.argv[3] === '1');
const input = Float64Array.from({ length: 10_000 }, (_, i) => Math.exp((i - 5000) / 100));
const outcome = (f) => {
  try {
    const found = parallel.mapSync(f, input);
    return found.every((value, i) => Object.is(value, f(input[i]))) ? 'same' : 'different';
  } catch (error) {
    return `${error.code} ${error.issue.message}`;
  }
};
const result = {
  origins: kernelBinding().decidedMath(),
  blocks: kernelBinding().mathInBlocks(),
  sin: outcome((x) => Math.sin(x)),
  pow: outcome((x) => x ** (1.7 + 1 / (1 + x))),
  log: outcome((x) => Math.log(x)),
  sqrt: outcome((x) => Math.sqrt(x) + (x % 3)),
};
console.log(JSON.stringify(result));
