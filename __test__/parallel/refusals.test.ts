// What kernels don't take is refused with its place, and runs by itself where that is asked for.
// «…» marks what a refusal must point to; it begins with its line and column, and its snippet is its first line.
import { describe, expect, test } from 'vitest';
import { KernelError, parallel, type KernelIssue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const CASES: Record<string, readonly [source: string, message: RegExp]> = {
  'a string': [`(x) => x + «'a'»`, /string/],
  'a template': ['(x) => «`${x}`»', /string/],
  'a tagged template': ['(x) => «String.raw`a`»', /string/],
  null: ['(x) => x + «null»', /null/],
  undefined: ['(x) => x > 1 ? x : «undefined»', /undefined/],
  'a BigInt': ['(x) => «1n» + 2n', /BigInt/],
  'a regular expression': ['(x) => «/a/» ? x : 1', /regular/],
  'an array': ['(x) => «[x][0]»', /element of anything but/],
  'an array as a value': ['(x) => { const a = «[x]»; return x }', /array/],
  'an object': ['(x) => { const o = «{ x }»; return x }', /object/],
  'a property': ['(x) => «x.constructor» ? 1 : 2', /property .constructor/],
  'a method of a number': ['(x) => «x.toFixed()»', /call of anything but/],
  'a function as a value': ['(x) => { let g = x; g = «() => 1»; return x }', /function as a value/],
  'a helper as a value': ['(x) => { const g = (z) => z; return «g» + x }', /only be called/],
  'a helper in a let': ['(x) => { let «g = (z) => z»; return g(x) }', /may change/],
  'a class': ['(x) => { «class C {}» return x }', /class/],
  'a class expression': ['(x) => { const c = «class {}»; return x }', /class/],
  'a new object': ['(x) => { const d = «new Date(x)»; return x }', /new object/],
  this: ['function (x) { return «this» ? x : 1 }', /this/],
  arguments: ['function (x) { return «arguments.length» }', /property/],
  'an await': ['«async (x) => await x»', /async/],
  'an async function': ['«async function (x) { return x }»', /async/],
  'a generator': ['«function* (x) { yield x }»', /generator/],
  'an optional member': ['(x) => «x?.y»', /\?\./],
  'an optional call': ['(x) => «isNaN?.(x)» ? 1 : 2', /\?\./],
  typeof: ["(x) => «typeof x» === 'number' ? 1 : 0", /typeof/],
  void: ['(x) => «void x»', /void/],
  delete: ['(x) => «delete x.y» ? 1 : 2', /delete/],
  in: ['(x) => «x in Math» ? 1 : 2', /operator in/],
  instanceof: ['(x) => «x instanceof Number» ? 1 : 2', /instanceof/],
  '??': ['(x) => «x ?? 1»', /\?\?/],
  '??=': ['(x) => { «x ??= 1»; return x }', /\?\?=/],
  throw: ['(x) => { if (x > 1e9) «throw x;» return x }', /throw/],
  try: ['(x) => { «try { x++ } catch { x-- }» return x }', /try/],
  'for of': ['(x) => { «for (const y of [1]) x += y;» return x }', /members/],
  'for in': ['(x) => { «for (const y in {}) x++;» return x }', /members/],
  with: ['function (x) { «with (Math) { return abs(x) }» }', /with/],
  debugger: ['(x) => { «debugger;» return x }', /debugger/],
  'a rest parameter': ['(«...xs») => xs[0]', /rest/],
  'a destructured parameter': ['(«{ x }») => x', /taken apart/],
  'a parameter without a value': ['(x, i, «all») => x', /'all' gets no value/],
  'a destructured variable': ['(x) => { const «[y] = [x]»; return y }', /takes something apart/],
  'a destructuring assignment': ['(x) => { let y = 1; «[x, y] = [y, x]»; return x }', /local variable/],
  'a spread argument': ['(x) => Math.max(«...[x, 1]»)', /spread/],
  'Math.random': ['(x) => x * 0 + «Math.random()» * 0', /Math\.random/],
  'an unknown function of Math': ['(x) => «Math.nope(x)»', /Math\.nope/],
  'Math as a value': ['(x) => { const m = «Math»; return x }', /Math as a value/],
  'a function of Math as a value': ['(x) => { let f = 1; f = «Math.sin»; return x }', /as a value/],
  'an argument too many': ['(x) => «Math.sin(x, x = 2)» + x', /more than 1 argument/],
  'too many arguments': [`(x) => «Math.max(${'x, '.repeat(17)})»`, /more than 16/],
  'Math by a computed name': ["(x) => «Math['abs'](x)»", /call of anything but/],
  'an unknown global': ['(x) => «parseInt»(x)', /native code/],
  'an object of the globals': ['(x) => «JSON» ? x : 1', /JSON|neither/],
  'a name that nothing has': ['(x) => x > 1e400 ? «nothing» : 1', /'nothing' is neither/],
  'an assignment to a constant': ['(x) => { const a = 1; if (x > 1e400) «a = 2»; return a }', /constant 'a'/],
  'a use before the declaration': [
    '(x) => { if (x > 1e400) return «a»; let a = 1; return a }',
    /before its declaration/,
  ],
  'a variable that may be undefined': ['(x) => { let a; if (x > 1) a = 1; return «a» + 0 }', /'a' may be undefined/],
  'a var that may be undefined': ['(x) => { if (x > 1) { var a = 1 } return «a» + 0 }', /'a' may be undefined/],
  'a variable after a break': [
    '(x) => { let a; for (;;) { if (x > 1) break; a = 1; break } return «a» + 0 }',
    /may be undefined/,
  ],
  'a recursive call': ['function f(x) { return x <= 0 ? 0 : «f(x - 1)» }', /recursive/],
  'a mutual recursion': [
    '(x) => { const f = (n) => n > 0 ? g(n - 1) : 0; const g = (n) => «f(n)»; return f(x) }',
    /recursive/,
  ],
  'a boolean compared with a number': ['(x) => («x > 1 === x» ? 1 : 0)', /boolean compared/],
  'a boolean or a number compared': ['(x) => { const a = x > 1 || 2; return «a === 1» ? 1 : 0 }', /boolean compared/],
  'undefined on both sides': ['(x) => { const f = () => {}; return «f() === f()» ? 1 : 0 }', /undefined equals itself/],
  'undefined on both sides of !=': [
    '(x) => { const f = () => {}; return «f() != f()» ? 1 : 0 }',
    /undefined equals itself/,
  ],
  'undefined for a default': [
    '(x) => { const f = (a = 5) => a; const g = () => {}; return f(«g()») }',
    /has a default/,
  ],
  'Number.isNaN of undefined': [
    '(x) => { const g = () => {}; return «Number.isNaN(g())» ? 1 : 0 }',
    /may be no number/,
  ],
  'a property of Number': ['(x) => «Number.prototype» ? 1 : 0', /Number\.prototype/],
  'a call of Number': ['(x) => «Number(x)»', /call of/],
  'a using declaration': ['(x) => { if (x > 1e400) { «throw 1» } return x }', /throw/],
  'several lines': ['(x) => {\n  const y = x * 2;\n  return y + «"a\\\nb"»;\n}', /string/],
  'columns after astral characters': ['(x) => /* 𝒙𝒙 */ x + «null»', /null/],
};

const INPUT = Float64Array.of(0, 1, -2.5, 3, NaN);

/** The function of a case, and where its refusal must point to. */
function prepare(marked: string): { f: (x: number) => number; line: number; column: number; snippet: string } {
  const start = marked.indexOf('«');
  const before = marked.slice(0, start).split('\n');
  const [snippet] = marked.slice(start + 1, marked.indexOf('»')).split('\n');
  const source = marked.replace('«', '').replace('»', '');
  return {
    f: (0, eval)(`(${source})`) as (x: number) => number,
    line: before.length,
    column: before[before.length - 1].length + 1,
    snippet: snippet.length > 60 ? `${snippet.slice(0, 60)}…` : snippet,
  };
}

/** What a loop of V8 gives, or throws. */
function plain(f: (x: number, i: number) => unknown): unknown {
  const out = new Float64Array(INPUT.length);
  try {
    for (let i = 0; i < INPUT.length; i++) out[i] = f(INPUT[i], i) as number;
    return out;
  } catch (error) {
    return String(error);
  }
}

function serial(f: (x: number) => number): unknown {
  try {
    return parallel.mapSync(f, INPUT, { fallback: 'serial' });
  } catch (error) {
    return String(error);
  }
}

describe.each(Object.entries(CASES))('%s', (_, [marked, message]) => {
  const { f, line, column, snippet } = prepare(marked);

  test('is refused with its place', () => {
    let issue: KernelIssue | undefined;
    try {
      parallel.mapSync(f, INPUT);
    } catch (error) {
      expect(error).toBeInstanceOf(KernelError);
      expect((error as KernelError).code).toBe('ERR_KERNEL');
      ({ issue } = error as KernelError);
    }
    expect(issue?.message).toMatch(message);
    expect(issue).toEqual({ message: issue!.message, line, column, snippet });
  });

  test('runs by itself where that is asked for', async () => {
    expect(serial(f)).toEqual(plain(f));
    const found = await parallel.map(f, INPUT, { fallback: 'serial' }).catch(String);
    expect(found).toEqual(plain(f));
  });
});

test('there are sixty cases or more', () => {
  expect(Object.keys(CASES).length).toBeGreaterThanOrEqual(60);
});

test('explain() says the same, and nothing of what compiles', () => {
  expect(parallel.explain((x: number) => x * 2)).toBeUndefined();
  expect(parallel.explain((x: number, y: number, z: number) => x * y + z)).toBeUndefined();
  expect(parallel.explain(Math.sqrt)).toBeUndefined();
  expect(parallel.explain(() => 1)).toBeUndefined();
  const issue = parallel.explain((x: number) => `${x}`);
  expect(issue).toMatchObject({ line: 1, column: expect.any(Number) as number });
  expect(issue?.message).toMatch(/string/);
});

test('native functions, classes and bound functions are refused', () => {
  for (const f of [parseFloat, class {}, ((x: number) => x).bind(null), Date.now]) {
    expect(() => parallel.mapSync(f as never, INPUT)).toThrow(KernelError);
  }
});

test('a text that is too long is refused', () => {
  const f = new Function('x', `return x /* ${'a'.repeat(70_000)} */`) as (x: number) => number;
  expect(() => parallel.mapSync(f, INPUT)).toThrow(/longer than 65536/);
});

test('helpers that multiply beyond measure are refused', () => {
  let source = 'const f0 = (x) => x + 1;';
  for (let i = 1; i < 20; i++) source += `const f${i} = (x) => f${i - 1}(f${i - 1}(x));`;
  const f = new Function('x', `${source} return f19(x)`) as (x: number) => number;
  expect(() => parallel.mapSync(f, INPUT)).toThrow(/more than 60000 nodes/);
});

test('the result of a reduction must be a number', () => {
  expect(() => parallel.reduceSync(((a: number, b: number) => a > b) as never, INPUT, 0)).toThrow(/boolean/);
  expect(() => parallel.reduceSync(((a: number, b: number) => void (a + b)) as never, INPUT, 0)).toThrow(KernelError);
  const sometimes = new Function('a', 'b', 'if (a > b) return a') as (a: number, b: number) => number;
  expect(() => parallel.reduceSync(sometimes, INPUT, 0)).toThrow(/undefined/);
});
