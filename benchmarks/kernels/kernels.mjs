// The nine kernels that are measured: the function, its inputs, and so many elements that a round takes some milliseconds.

const cnd = (d) => {
  const k = 1 / (1 + 0.2316419 * Math.abs(d));
  const series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
  const w = 1 - 0.39894228040143 * Math.exp((-d * d) / 2) * series;
  return d < 0 ? 1 - w : w;
};
const r = 0.03;
const v = 0.3;
const k = 1.5;

/** inputs: for each array, element i of n. helpers: what f uses, as source for loops that are made of text. */
export const kernels = {
  'x ** x': {
    n: 400_000,
    inputs: [(i, n) => 0.5 + (5 * i) / n],
    f: (x) => x ** x,
  },
  polynomial: {
    n: 1_000_000,
    inputs: [(i, n) => i / n - 0.5],
    f: (x) => ((((0.1 * x + 0.2) * x - 0.3) * x + 0.4) * x - 0.5) * x + Math.sqrt(Math.abs(x)),
  },
  'sin · exp': {
    n: 400_000,
    inputs: [(i, n) => (i / n) * 20 - 10],
    f: (x) => Math.sin(x) * Math.exp((-x * x) / 10),
  },
  'Black-Scholes': {
    n: 200_000,
    inputs: [(i) => 50 + (i % 101), (i) => 60 + (i % 67), (i) => 0.2 + (i % 13) / 10],
    helpers: `const cnd = ${cnd}; const r = ${r}, v = ${v};`,
    f: (S, X, T) => {
      const q = v * Math.sqrt(T);
      const d1 = (Math.log(S / X) + (r + (v * v) / 2) * T) / q;
      const d2 = d1 - q;
      return S * cnd(d1) - X * Math.exp(-r * T) * cnd(d2);
    },
  },
  Mandelbrot: {
    n: 128 * 128,
    inputs: [(i) => ((i % 128) / 128) * 3 - 2, (i) => (((i / 128) | 0) / 128) * 2.4 - 1.2],
    f: (cx, cy) => {
      let x = 0;
      let y = 0;
      let i = 0;
      for (; i < 200; i++) {
        const x2 = x * x;
        const y2 = y * y;
        if (x2 + y2 > 4) break;
        y = 2 * x * y + cy;
        x = x2 - y2 + cx;
      }
      return i;
    },
  },
  'Monte-Carlo π': {
    n: 2_000,
    inputs: [(i) => i + 1],
    f: (seed) => {
      let s = Math.imul(seed, 0x9e3779b1) | 1;
      let hit = 0;
      for (let j = 0; j < 500; j++) {
        s ^= s << 13;
        s ^= s >>> 17;
        s ^= s << 5;
        const x = (s >>> 0) / 4294967296;
        s ^= s << 13;
        s ^= s >>> 17;
        s ^= s << 5;
        const y = (s >>> 0) / 4294967296;
        if (x * x + y * y <= 1) hit++;
      }
      return hit;
    },
  },
  isPrime: {
    n: 20_000,
    inputs: [(i) => 1_000_001 + 2 * i],
    f: (n) => {
      if (n < 2) return 0;
      if (n % 2 === 0) return n === 2 ? 1 : 0;
      for (let i = 3; i * i <= n; i += 2) if (n % i === 0) return 0;
      return 1;
    },
  },
  sum: {
    n: 4_000_000,
    inputs: [(i) => i * 0.5],
    reduces: true,
    f: (a, b) => a + b,
  },
  axpy: {
    n: 1_000_000,
    inputs: [(i) => i, (i) => 2 * i],
    helpers: `const k = ${k};`,
    f: (x, y) => k * x + y,
  },
};

/** The inputs of a kernel for n elements, over shared memory where a worker reads them too. */
export function inputsOf({ inputs }, n, shared = false) {
  return inputs.map((of) => {
    const array = new Float64Array(shared ? new SharedArrayBuffer(8 * n) : n);
    for (let i = 0; i < n; i++) array[i] = of(i, n);
    return array;
  });
}

/** A loop of its own for one kernel, as one would write it: (inputs, out, from, to). */
export function loopOf({ f, helpers = '', inputs, reduces }) {
  const names = inputs.map((_, at) => `a${at}`);
  const taken = `const [${names.join()}] = inputs;`;
  const body = reduces
    ? `let sum = 0; for (let i = from; i < to; i++) sum = f(sum, a0[i]); return sum;`
    : `for (let i = from; i < to; i++) out[i] = f(${names.map((name) => `${name}[i]`).join()});`;
  return new Function(`${helpers} const f = ${f}; return (inputs, out, from, to) => { ${taken} ${body} }`)();
}
