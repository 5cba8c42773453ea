// Every operation of kernels against this very V8, optimised: node exact.mjs [inputs] [name of one operation]
// Prints one line for each operation that differs, then the counts; the exit code is 1 where one does.
// Long form: 1,000,000 inputs (the default).
import { parallel } from 'multiproc';
import { borders, difference, pairs } from './inputs.mjs';

const n = Number(process.argv[2] ?? 1_000_000);
const only = process.argv[3];
const KINDS = [
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
];

/** As a function of two doubles each. */
const OPERATIONS = {
  '+': '(x, y) => x + y',
  '-': '(x, y) => x - y',
  '*': '(x, y) => x * y',
  '/': '(x, y) => x / y',
  '+-*/ of a pair': '(x, y) => (x + y) * (x - y) / y',
  '+-*/ with the index': '(x, y, i) => (x + y) * (x - y) / (y + i)',
  '/ by powers of two': '(x, y, i) => x / 4294967296 + y / -0.5 + i / 3',
  '/ by powers of two, of pairs': '(x, y) => x / 1024 - y / 2 ** -3',
  '%': '(x, y) => x % y',
  '% of int32': '(x, y) => (x | 0) % (y | 0)',
  '% of uint32': '(x, y) => (x >>> 0) % (y >>> 0)',
  '% of mixed integers': '(x, y) => (x | 0) % (y >>> 0) + (x >>> 0) % (y | 0)',
  '% of a constant': '(x, y) => (x | 0) % 7 + (y | 0) % -7',
  '**': '(x, y) => x ** y',
  '** of constants': '(x) => x ** 2 + x ** 0.5 + x ** 3 + x ** -1',
  'unary -': '(x) => -x',
  'unary - of int32': '(x) => -(x | 0)',
  'unary +': '(x, y) => +x + +(x < y)',
  '|': '(x, y) => x | y',
  '^': '(x, y) => x ^ y',
  '&': '(x, y) => x & y',
  '<<': '(x, y) => x << y',
  '>>': '(x, y) => x >> y',
  '>>>': '(x, y) => x >>> y',
  '~': '(x) => ~x',
  comparisons:
    '(x, y) => (x < y ? 1 : 0) + (x <= y ? 2 : 0) + (x > y ? 4 : 0) + (x >= y ? 8 : 0) + (x === y ? 16 : 0) + (x !== y ? 32 : 0)',
  'comparisons of int32':
    '(x, y) => { const a = x | 0, b = y | 0; return (a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a > b ? 4 : 0) + (a >= b ? 8 : 0) + (a === b ? 16 : 0) }',
  'comparisons of uint32':
    '(x, y) => { const a = x >>> 0, b = y >>> 0; return (a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a > b ? 4 : 0) + (a >= b ? 8 : 0) + (a === b ? 16 : 0) }',
  'comparisons of mixed integers':
    '(x, y) => { const a = x | 0, b = y >>> 0; return (a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a > b ? 4 : 0) + (a >= b ? 8 : 0) + (a === b ? 16 : 0) }',
  'comparisons of booleans':
    '(x, y) => { const a = x < 0, b = y < 0; return (a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a === b ? 16 : 0) + (a == 1 ? 32 : 0) }',
  '&& || !': '(x, y) => (x && y) + ((x || y) || 3) + (!x ? 1 : 0)',
  '?:': '(x, y) => (x ? y : -y)',
  'selected pairs': '(x, y) => (x < y ? x * 2 : y / 3)',
  'sums of int32': '(x, y) => { let s = x | 0; s += y | 0; s -= 7; return s }',
  'products of int32': '(x, y) => { let p = x | 0; for (let k = 0; k < 3; k++) p *= y | 0; return p }',
  'wrapping sums': '(x, y) => ((x | 0) + (y | 0) - (x >>> 0)) | 0',
  'wrapping products': '(x, y) => ((x | 0) * (y | 0)) | 0',
  'wrapping mixtures': '(x, y) => ((x | 0) * 1103515245 + 12345) & 0x7fffffff',
  counters:
    '(x, y) => { let n = 0; for (let k = (x | 0) & 15; k < 20; k++) n += k; for (let k = 9; k > (y & 7); k--) n -= k; return n }',
  'counters that overflow': '(x) => { let k = 2147483640; let n = 0; while (n < 12) { k++; n++ } return k + x }',
  xorshift:
    '(x) => { let s = x | 0; for (let i = 0; i < 5; i++) { s ^= s << 13; s ^= s >>> 17; s ^= s << 5 } return (s >>> 0) / 4294967296 }',
  'Math.pow': '(x, y) => Math.pow(x, y)',
  'Math.atan2': '(x, y) => Math.atan2(x, y)',
  'Math.hypot 1': '(x) => Math.hypot(x)',
  'Math.hypot 2': '(x, y) => Math.hypot(x, y)',
  'Math.hypot 3': '(x, y) => Math.hypot(x, y, x * 0.7)',
  'Math.min': '(x, y) => Math.min(x, y)',
  'Math.max': '(x, y) => Math.max(x, y)',
  'Math.min and max of three, with the index': '(x, y, i) => Math.min(x, y, i) + Math.max(i, y, x)',
  'Math.min and max of int32': '(x, y) => Math.min(x | 0, y | 0) - Math.max(x | 0, y | 0)',
  'Math.imul': '(x, y) => Math.imul(x, y)',
  'isNaN and the like':
    '(x) => (isNaN(x) ? 1 : 0) + (isFinite(x) ? 2 : 0) + (Number.isInteger(x) ? 4 : 0) + (Number.isNaN(x) ? 8 : 0) + (Number.isFinite(x) ? 16 : 0)',
  'a table': '(x, y) => { let s = 0; for (let k = 0; k < 4; k++) s += (y * 0 === 0 ? k : 1); return s + x }',
};
for (const name of ['abs', 'floor', 'ceil', 'round', 'trunc', 'sign', 'sqrt', 'fround', 'clz32']) {
  OPERATIONS[`Math.${name}`] = `(x) => Math.${name}(x)`;
  OPERATIONS[`Math.${name} of int32`] = `(x) => Math.${name}(x | 0)`;
  OPERATIONS[`Math.${name} of uint32`] = `(x) => Math.${name}(x >>> 0)`;
  OPERATIONS[`Math.${name} with the index`] = `(x, y, i) => Math.${name}(x) + i`;
}
for (const name of [
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'exp',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'cbrt',
]) {
  OPERATIONS[`Math.${name}`] = `(x) => Math.${name}(x)`;
}

/** Those that are computed in blocks too: alone, and where that can't be; with inputs at their borders. */
const IN_BLOCKS = {};
for (const name of ['sin', 'cos', 'exp', 'log']) {
  OPERATIONS[`Math.${name}, by element`] = `(x, y, i) => (i < 0 ? i : Math.${name}(x))`;
  IN_BLOCKS[`Math.${name}`] = `(x) => Math.${name}(x)`;
}
OPERATIONS['**, by element'] = '(x, y, i) => (i < 0 ? i : x ** y)';
OPERATIONS['x ** 2'] = '(x, y, i) => x ** 2 + (i < 0 ? i : (y + x) ** 2)';
IN_BLOCKS['**'] = '(x, y) => x ** y';
IN_BLOCKS.several =
  '(x, y) => { const e = Math.exp(-Math.abs(x)), l = Math.log(Math.abs(y)); return x < y ? Math.sin(e * y) - l : Math.cos(l + x) ** 1.5 * Math.abs(x) ** e; }';

let failed = 0;
let passed = 0;
function check(name, found, expected, show) {
  const { count, first } = difference(found, expected);
  if (count === 0) return passed++;
  failed++;
  console.log(
    `${name}: ${count} of ${expected.length} differ, first ${show(first)}: ${found[first]} for ${expected[first]}`,
  );
}

const [A, B] = pairs(n);

/** Compares an operation on two columns. */
function compare(name, source, A, B) {
  if (only !== undefined && name !== only) return;
  const f = (0, eval)(source);
  const loop = new Function(
    'A',
    'B',
    'out',
    'n',
    `const f = ${source}; for (let i = 0; i < n; i++) out[i] = f(A[i], B[i], i)`,
  );
  const expected = new Float64Array(n);
  loop(A, B, expected, Math.min(n, 20_000));
  loop(A, B, expected, n);
  const at = (i) => `f(${A[i]}, ${B[i]}, ${i})`;
  check(name, parallel.zipSync(f, [A, B]), expected, at);
}

for (const [name, source] of Object.entries(OPERATIONS)) compare(name, source, A, B);
for (const [name, source] of Object.entries(IN_BLOCKS)) {
  compare(`${name}, at the borders`, source, ...borders(n));
}

// Nine kinds in, nine kinds out, with V8's conversions.
const few = Math.min(n, 100_000);
for (const From of only === undefined ? KINDS : []) {
  const input = From.from(A.subarray(0, few));
  for (const To of KINDS) {
    const f = (x, i) => x * 1.25 - 3 + (i & 1);
    const expected = new To(few);
    for (let i = 0; i < few; i++) expected[i] = f(input[i], i);
    check(
      `${From.name} to ${To.name}`,
      parallel.mapSync(f, input, { into: new To(few) }),
      expected,
      (i) => `f(${input[i]}, ${i})`,
    );
    const raw = new To(few);
    for (let i = 0; i < few; i++) raw[i] = input[i];
    check(
      `${From.name} as it is to ${To.name}`,
      parallel.mapSync((x) => x, input, { into: new To(few) }),
      raw,
      (i) => `${input[i]}`,
    );
  }
  // Captured, and read in and out of range.
  const table = input.slice(0, 1000);
  const g = (x, i) => table[i & 2047] + table[x] + (table[-1] || 0) + (table[0.5] ?? 7) + table.length;
  const expected = new Float64Array(few);
  for (let i = 0; i < few; i++) expected[i] = g(A[i], i);
  check(`a captured ${From.name}`, parallel.mapSync(g, A.subarray(0, few)), expected, (i) => `g(${A[i]}, ${i})`);
}
console.log(`${process.version}: ${passed} passed, ${failed} failed, ${n} inputs`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
