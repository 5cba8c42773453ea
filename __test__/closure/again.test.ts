/** What is remembered of functions, and of the places where they are made, is never used where it does not hold. */
import { expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';
import { Script } from 'node:vm';

const sent = <T extends (...args: any[]) => unknown>(fn: T): T => decode(encode(fn, 'fn').bytes) as T;

/** Functions of a script of its own, which no tool has changed. */
function made<T>(text: string): T {
  return new Script(`(() => { ${text} })()`, { filename: 'again.js' }).runInThisContext() as T;
}

type Make = (...args: any[]) => (...args: any[]) => unknown;

it('each closure of a loop has its own values', () => {
  const make = made<Make>('return (a, b) => () => [a, b]');
  for (let i = 0; i < 30; i++) expect(sent(make(i, { i }))()).toEqual([i, { i }]);
});

it('values of other kinds at the same place', () => {
  const make = made<Make>('return (v) => () => v');
  const nested = make(5);
  for (const value of [1, undefined, null, 'x', nested, Math.max, [nested], new Map([[1, nested]])]) {
    const got = sent(make(value))();
    if (typeof value === 'function') expect(typeof got).toBe('function');
    else if (!Array.isArray(value) && !(value instanceof Map)) expect(got).toBe(value);
  }
  expect((sent(make(nested))() as () => unknown)()).toBe(5);
});

it('names and own properties are those of each function', () => {
  const make = made<Make>('return (name) => ({ [name]: () => 1 })[name]');
  expect(sent(make('one')).name).toBe('one');
  expect(sent(make('two')).name).toBe('two');
  const third = Object.assign(make('three'), { extra: 3 });
  expect((sent(third) as unknown as { extra: number }).extra).toBe(3);
  expect('extra' in sent(make('four'))).toBe(false);
  const renamed = make('five');
  sent(renamed);
  Object.defineProperty(renamed, 'name', { value: 'six', configurable: true });
  expect(sent(renamed).name).toBe('six');
});

it('a variable that is assigned to is read each time, however often it was not', () => {
  const [read, set] = made<[() => unknown, (value: unknown) => void]>('let v = 0; return [() => v, (x) => { v = x; }]');
  for (let i = 0; i < 30; i++) expect(sent(read)()).toBe(0);
  set(1);
  expect(sent(read)()).toBe(1);
});

it('one that only eval assigns to as well', () => {
  const [read, set] = made<[() => unknown, (value: unknown) => void]>(
    'let v = 0; return [() => v, (x) => { eval("v = x"); }]',
  );
  for (let i = 0; i < 30; i++) expect(sent(read)()).toBe(0);
  set(1);
  expect(sent(read)()).toBe(1);
});

it('parameters that arguments writes, function names that a block writes, and catch parameters', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['function f(v, list = arguments) { return [() => v, null]; } return f(0)', 0],
    ['return (function (v) { const list = arguments; return [() => v, (x) => { list[0] = x; }]; })(0)', 1],
    [
      'return (function () { function v() {} const read = () => typeof v; return [read, () => { { function v() {} } }]; })()',
      'function',
    ],
    ['try { throw 0 } catch (v) { return [() => v, () => { v = 1; }] }', 1],
  ];
  for (const [text, want] of cases) {
    const [read, change] = made<[() => unknown, ((value: unknown) => void) | null]>(text);
    const before = read();
    for (let i = 0; i < 30; i++) expect(sent(read)(), text).toBe(before);
    change?.(1);
    expect(sent(read)(), text).toBe(read());
    expect(read(), text).toBe(want);
  }
});

it('what a constant holds is copied as it is each time', () => {
  const [read, list] = made<[() => unknown, unknown[]]>('const list = []; return [() => list, list]');
  for (let i = 0; i < 30; i++) {
    list.push(i);
    expect(sent(read)()).toHaveLength(i + 1);
  }
});

it('what scripts share is read each time', () => {
  const read = new Script('let sharedByScripts = 0; (() => sharedByScripts)').runInThisContext() as () => unknown;
  for (let i = 0; i < 30; i++) expect(sent(read)()).toBe(0);
  new Script('sharedByScripts = 1').runInThisContext();
  expect(sent(read)()).toBe(1);
});

it('a global that comes and goes', () => {
  const read = made<() => unknown>('return () => [typeof comesAndGoes, typeof comesLater]');
  const globals = globalThis as Record<string, unknown>;
  expect(sent(read)()).toEqual(['undefined', 'undefined']);
  globals.comesAndGoes = 1;
  expect(sent(read)()).toEqual(['number', 'undefined']);
  delete globals.comesAndGoes;
  globals.comesLater = 'x';
  expect(sent(read)()).toEqual(['undefined', 'string']);
  delete globals.comesLater;
});

it('a name that eval brings into the scope of one function alone', () => {
  const make = made<Make>('return function (text) { eval(text); return () => parseInt("7"); }');
  expect(sent(make(''))()).toBe(7);
  expect(sent(make('var parseInt = () => 8'))()).toBe(8);
  expect(sent(make(''))()).toBe(7);
});

it('functions that call themselves, of one place, after one was replaced', () => {
  const make = made<Make>(
    'return (replace) => { function f(n) { return n === 0 ? "end" : f(n - 1); } const own = f; if (replace) f = () => "other"; return own; }',
  );
  expect(sent(make(false))(2)).toBe('end');
  expect(sent(make(true))(2)).toBe('other');
  expect(sent(make(false))(2)).toBe('end');
});

it('two scripts of one text and name', () => {
  const text = 'return (v) => () => v + own';
  const one = made<Make>(`const own = 1; ${text}`);
  const two = made<Make>(`const own = 2; ${text}`);
  for (let i = 0; i < 20; i++) {
    expect(sent(one(i))()).toBe(i + 1);
    expect(sent(two(i))()).toBe(i + 2);
  }
});

it('closures that share a variable share it there, in each message', () => {
  const make = made<() => [() => number, () => number]>('return () => { let n = 0; return [() => ++n, () => n]; }');
  for (let i = 0; i < 20; i++) {
    const [up, read] = decode(encode(make(), 'pair').bytes) as [() => number, () => number];
    up();
    expect(read()).toBe(1);
  }
});

it('lets go of what it has looked at', async () => {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--expose-gc');
  const gc = new Script('gc').runInNewContext() as () => void;
  const make = made<Make>('return (v) => () => v');
  let values: WeakRef<object>[] = [];
  for (let i = 0; i < 100; i++) {
    const value = { i };
    values.push(new WeakRef(value));
    encode(make(value), 'fn');
  }
  for (let i = 0; i < 50 && values.length > 1; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
    values = values.filter((ref) => ref.deref() !== undefined);
  }
  expect(values.length).toBeLessThan(3);
});
