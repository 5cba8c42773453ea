/** The free variables of functions, against acorn and eslint-scope. The long form is `node __test__/closure/scope/compare.mjs`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { difference, filesUnder, textsOf } from './scope/compare.mjs';

it.each([
  '(a = b, { c = d, [e]: f, ...g } = h, [i, , j = k] = l, ...m) => [a, c, f, g, i, j, m, n]',
  'function f(x) { var y = x; { let y = z; f = y; } try { t(); } catch ({ message: y2 }) { y2(); } return y; }',
  'function () { if (a) { function hoisted() { return hoisted; } } for (const x of xs) for (var i in x) y: for (;;) break y; }',
  'async function* g(x = g) { for await (const y of x) yield* y(await z); label: { break label; } }',
  'class A extends (B, C) { #p = q; static s = A.t; [k] = v; static { let w = u; w++; x = w; } get #g() { return this.#p in o; } m() { return super.m(n); } }',
  'class extends Z { a = this; b = () => [this, super.x, new.target]; static c = this; constructor(d = this) { super(); } }',
  '() => [this, () => this, function () { return this; }, class { x = this; [this.k]() { return this; } }]',
  '() => [arguments, function () { return arguments; }, () => arguments, { arguments: 1 }.arguments, { arguments }]',
  'm(a) { return () => [super.m(a), new.target, this.#p, #q in this, arguments]; }',
  'async *[`computed ${key}`](x) { yield x; }',
  'get [Symbol.iterator]() { return it; }',
  'set value(v) { this.v = v; w = v; }',
  'static() { return static_; }',
  '({ a: { b: c }, d: [e] }) => { ({ a: f.g, b: h, c: i = j, ...k } = l); [m, n.o, ...p] = q; r++; s ||= t; delete u.v; typeof w; }',
  'function () { with (o) { x; } return eval(y); }',
  '(x) => { switch (x) { case a: let b = c; default: b; } do { var d; } while (e); return d`${f}` }',
  'function () { return import.meta.url + import(`./${name}.js`) + new.target; }',
  '(x) => x?.[y]?.(z) ?? (() => { throw t; })()',
  'function outer() { function inner() { return inner2(); } var inner2 = () => outer; class inner3 extends inner {} return inner3; }',
  '() => { let a = 1; { a; { const b = a; c = b; } } { b; } for (let d = a; d < e; d++) () => d; d; }',
])('%s', (text) => expect(difference(text)).toBeUndefined());

it('in a sample of what is installed', { timeout: 300_000 }, () => {
  const files = filesUnder(fileURLToPath(new URL('../../node_modules', import.meta.url)));
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    for (const text of textsOf(readFileSync(files[Math.floor((i * files.length) / 30)]!, 'utf8')).slice(0, 100)) {
      if (text.length > 1000 || seen.has(text)) continue;
      seen.add(text);
      expect(difference(text) ?? undefined).toBeUndefined();
    }
  }
  expect(seen.size).toBeGreaterThan(100);
});
