// Random programs as kernels against this very V8: node fuzz.mjs [programs] [seed] [bug]
// `bug`: what the kernel is given is changed a little, which must be found. Long form: 5,000 programs.
// Prints each program that differs, then the counts; the exit code is 1 where one does.
import { parallel } from 'multiproc';
import { words } from './inputs.mjs';

const programs = Number(process.argv[2] ?? 5000);
const seed = Number(process.argv[3] ?? 1);
const bug = process.argv[4];

// prettier-ignore
const VALUES = [
  0, -0, NaN, Infinity, -Infinity, 1, -1, 2, 3, -3, 0.5, -0.5, 2.5, 7, 31, 32, 33, 255, 256, -128, 65535,
  2147483647, -2147483648, 2147483648, 4294967295, 4294967296, 1e10, -1e10, 2 ** 53 + 2, 1e20, -1e20, 1e300,
  5e-324, 0.1, 1 / 3, 12345.678, -98765.4321, 100, 1000003,
];
const A = Float64Array.from(VALUES.flatMap((x) => VALUES.map(() => x)));
const B = Float64Array.from(VALUES.flatMap(() => VALUES));
const inputs = [A, B, Int32Array.from(A), Uint32Array.from(B)];

class Generator {
  constructor(random) {
    this.random = random;
    this.vars = [];
    this.count = 0;
    this.nested = 0;
    this.helpers = [];
  }

  below(n) {
    return this.random() % n;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  leaf() {
    return this.pick([
      ...this.vars,
      ...this.vars,
      'x',
      'y',
      'p',
      'q',
      'i',
      'k',
      'kf',
      'tbl.length',
      String(this.below(10)),
      this.pick([
        '0.5',
        '-1',
        '2147483647',
        '-2147483648',
        '4294967295',
        '1e9',
        '0.1',
        '-0',
        'NaN',
        'Math.PI',
        'Infinity',
      ]),
    ]);
  }

  number(depth) {
    if (depth <= 0) return this.leaf();
    const e = () => this.number(depth - 1);
    switch (this.below(30)) {
      case 0:
      case 1:
        return `(${e()} + ${e()})`;
      case 2:
        return `(${e()} - ${e()})`;
      case 3:
        return `(${e()} * ${e()})`;
      case 4:
        return `(${e()} / ${e()})`;
      case 5:
        return `(${e()} % ${e()})`;
      case 6:
        return `(${e()} % ${this.pick(['3', '-5', '7.5', 'k', '(q >>> 1)', '(p | 0)'])})`;
      case 7:
      case 8:
        return `(${e()} ${this.pick(['|', '&', '^', '<<', '>>', '>>>'])} ${e()})`;
      case 9:
        return `(~${e()})`;
      case 10:
        return `(- ${e()})`;
      case 11:
      case 12:
        return `(${this.bool(depth - 1)} ? ${e()} : ${e()})`;
      case 13:
      case 14:
        return `Math.${this.pick(['abs', 'floor', 'ceil', 'round', 'trunc', 'sign', 'sqrt', 'fround', 'clz32', 'sin', 'log', 'exp', 'cbrt'])}(${e()})`;
      case 15:
        return `Math.${this.pick(['min', 'max', 'imul', 'atan2', 'hypot', 'pow', 'min', 'max'])}(${e()}, ${e()})`;
      case 16:
        return `(${e()} ${this.pick(['&&', '||'])} ${e()})`;
      case 17:
        return `(+${this.bool(depth - 1)} + ${e()})`;
      case 18:
        return `tbl[${e()}]`;
      case 19:
        return `(tbl[${e()}] ?? ${e()})`;
      case 20:
        return `(${e()} | 0)`;
      case 21:
        return `h(${e()}, ${e()})`;
      case 22:
        return `((${e()} + ${e()}) | 0)`;
      case 23:
        return this.helpers.length > 0 ? `${this.pick(this.helpers)}(${e()})` : e();
      case 24:
        return this.vars.length > 0 ? `(${this.pick(this.vars)} ${this.pick(['=', '+=', '*=', '^='])} ${e()})` : e();
      case 25:
        return this.vars.length > 0 ? this.pick([`(${this.pick(this.vars)}++)`, `(--${this.pick(this.vars)})`]) : e();
      case 26:
        return `(${e()}, ${e()})`;
      default:
        return this.leaf();
    }
  }

  compared(depth) {
    return `(${this.number(depth - 1)} ${this.pick(['<', '<=', '>', '>=', '===', '!==', '==', '!='])} ${this.number(depth - 1)})`;
  }

  bool(depth) {
    switch (this.below(8)) {
      case 0:
        return `(${this.compared(depth)} && ${this.compared(depth)})`;
      case 1:
        return `(${this.compared(depth)} || ${this.compared(depth)})`;
      case 2:
        return `(!${this.number(depth - 1)})`;
      case 3:
        return `${this.pick(['isNaN', 'isFinite'])}(${this.number(depth - 1)})`;
      default:
        return this.compared(depth);
    }
  }

  /** Statements whose variables end with them. */
  inner(depth, count = 1) {
    const [vars, helpers] = [this.vars.slice(), this.helpers.slice()];
    this.nested++;
    let out = '';
    for (let i = 0; i < count; i++) out += this.statement(depth);
    this.nested--;
    [this.vars, this.helpers] = [vars, helpers];
    return out;
  }

  statement(depth) {
    const name = () => `v${this.count++}`;
    switch (this.below(14)) {
      case 0:
      case 1: {
        const value = this.number(3);
        const v = name();
        this.vars.push(v);
        return `${this.pick(['let', 'let', 'var'])} ${v} = ${value};`;
      }
      case 2:
      case 3:
        if (this.vars.length === 0) return ';';
        return `${this.pick(this.vars)} ${this.pick(['=', '+=', '-=', '*=', '|=', '^=', '>>>=', '<<=', '%=', '/=', '&&=', '||='])} ${this.number(3)};`;
      case 4:
        return this.vars.length > 0 ? this.pick([`${this.pick(this.vars)}++;`, `--${this.pick(this.vars)};`]) : ';';
      case 5:
      case 6: {
        const end = this.below(5) === 0 ? `return ${this.number(2)};` : '';
        const other = this.below(2) === 0 ? `else { ${this.inner(depth - 1)} }` : '';
        return `if (${this.bool(3)}) { ${this.inner(depth - 1)} ${end} } ${other}`;
      }
      case 7: {
        if (depth <= 0) return ';';
        const v = name();
        const from = this.pick(['0', '-3', '2147483640', 'q | 0', '0']);
        const to = this.pick(['10', 'p', 'x', '2147483647', 'k', 'tbl.length']);
        const out = this.pick(['break', 'break', `return ${v}`]);
        const skip = this.below(3) === 0 ? `if (${this.bool(2)}) continue;` : '';
        const sum = this.vars.length > 0 ? `${this.pick(this.vars)} += ${v};` : '';
        return `for (let ${v} = ${from}, c${v} = 0; ${v} < ${to}; ${v}++) { if (c${v}++ > 12) ${out}; ${skip} ${this.inner(depth - 1, 2)} ${sum} }`;
      }
      case 8: {
        if (depth <= 0) return ';';
        const v = name();
        const body = this.inner(depth - 1);
        const loop = this.pick([
          `while (${v} < 7) { ${v} = ${v} + 1; ${body} }`,
          `do { ${v}++; ${body} } while (${v} < 5 && ${this.bool(2)});`,
          `outer${v}: for (;;) { while (true) { if (${v}++ > 5) break outer${v}; if (${v} & 1) continue outer${v}; ${body} } }`,
        ]);
        return `{ let ${v} = 0; ${loop} }`;
      }
      case 9: {
        const cases = [0, 1, 2].map(
          (n) =>
            `case ${this.pick([String(n), this.number(1), String(n)])}: ${this.inner(0)} ${this.pick(['break;', '', 'break;'])}`,
        );
        return `switch (${this.pick(['i & 3', 'p', this.number(2)])}) { ${cases.join(' ')} ${this.pick(['', `default: ${this.inner(0)}`])} }`;
      }
      case 10: {
        const v = name();
        const [test, a, b] = [this.bool(2), this.number(2), this.number(2)];
        this.vars.push(v);
        return `let ${v}; if (${test}) ${v} = ${a}; else { ${v} = ${b}; }`;
      }
      case 11: {
        const v = `f${this.count++}`;
        const saved = this.vars;
        this.vars = [...saved.slice(0, 2)];
        const body = this.pick([
          `(z) => z * 2 + ${this.number(2)}`,
          `(z) => { if (z > ${this.number(1)}) return z; return ${this.number(2)}; }`,
        ]);
        this.vars = saved;
        this.helpers.push(v);
        return `const ${v} = ${body};`;
      }
      default:
        return `x = ${this.number(2)};`;
    }
  }

  program() {
    let body = '';
    for (let i = 0; i < 5; i++) body += `${this.statement(2)}\n`;
    return `(x, y, p, q, i) => {\n${body}return ${this.number(3)};\n}`;
  }

  /** Without jumps and integers: what is computed by pairs, or in blocks where it calls functions of Math. */
  straight() {
    const calls = this.below(2) === 0;
    const e = (depth) => {
      if (depth <= 0) return this.pick(['x', 'y', '0.5', 'kf', '-1', ...this.vars]);
      switch (this.below(calls ? 9 : 7)) {
        case 7:
          return `Math.${this.pick(['sin', 'cos', 'exp', 'log'])}(${e(depth - 1)})`;
        case 8:
          return `((${e(depth - 1)}) ** ${this.pick(['2', `(${e(depth - 1)})`, `(${e(depth - 1)})`])})`;
        case 0:
          return `Math.${this.pick(['abs', 'sqrt', 'floor', 'ceil', 'trunc'])}(${e(depth - 1)})`;
        case 1:
          return `Math.${this.pick(['min', 'max'])}(${e(depth - 1)}, ${e(depth - 1)})`;
        case 2:
          return `(${e(depth - 1)} ${this.pick(['<', '<=', '>', '>=', '===', '!=='])} ${e(depth - 1)} ? ${e(depth - 1)} : ${e(depth - 1)})`;
        case 3:
          return `(- ${e(depth - 1)})`;
        default:
          return `(${e(depth - 1)} ${this.pick(['+', '-', '*', '/'])} ${e(depth - 1)})`;
      }
    };
    const first = e(3);
    this.vars.push('a');
    return `(x, y) => { const a = ${first}; return ${e(4)}; }`;
  }
}

const h = (a, b) => {
  if (a > b) return a - b;
  let t = a;
  for (let j = 0; j < 3; j++) t += b;
  return t;
};
const tbl = new Int16Array([5, -7, 300, 0, -1]);

/** A function whose text is `source`, with the captures of all programs. */
const make = (source) => new Function('k', 'kf', 'tbl', 'h', `return ${source}`)(9, 2.75, tbl, h);

const random = words(seed);
let [same, different] = [0, 0];
const refused = new Map();
for (let turn = 0; turn < programs; turn++) {
  const generator = new Generator(random);
  const straight = turn % 8 === 7;
  const source = straight ? generator.straight() : generator.program();
  const f = make(source);
  const kernel = bug === undefined ? f : make(source.replace(/Math\.floor/g, 'Math.trunc').replace(/ >> /g, ' >>> '));
  const arrays = straight ? inputs.slice(0, 2) : inputs;
  let found;
  try {
    found = parallel.zipSync(kernel, arrays, { timeout: 20_000 });
  } catch (error) {
    if (error.code !== 'ERR_KERNEL') {
      console.log(`${error.stack}\n${source}`);
      different++;
      continue;
    }
    const why = error.issue.message.replace(/'\w+'/g, 'V');
    refused.set(why, (refused.get(why) ?? 0) + 1);
    continue;
  }
  let wrong = 0;
  for (let i = 0; i < A.length; i++) {
    const expected = Number(f(...arrays.map((array) => array[i]), i));
    if (Object.is(expected, found[i])) continue;
    if (wrong++ === 0 && different < 3) {
      console.log(`${source}\nfor ${arrays.map((array) => array[i])}, ${i}: ${found[i]} for ${expected}`);
    }
  }
  if (wrong > 0) different++;
  else same++;
}
const total = [...refused.values()].reduce((a, b) => a + b, 0);
for (const [why, count] of refused) console.log(`refused ${count}: ${why}`);
console.log(`${process.version}: ${same} same, ${different} different, ${total} refused`);
process.exitCode = different > 0 || same < programs / 2 ? 1 : 0;
