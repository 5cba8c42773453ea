// Every kind of function, and functions that capture functions.
import { across, check, finish, same } from '../support/across.cjs';

const k = 3;
function declaration(a, b = 2) {
  return a + b + k;
}
await same('a declaration', declaration, { args: [1] });
await same(
  'a function expression',
  function (x) {
    return x + k;
  },
  { args: [1] },
);
await same('an arrow', (x) => x + k, { args: [1] });
await same('an arrow that gives an object', (x) => ({ x, k }), { args: [1] });
await same(
  'an async function',
  async function (x) {
    return (await x) + k;
  },
  { args: [1] },
);
await same('an async arrow', async (x) => (await x) + k, { args: [1] });
await same(
  'a generator',
  function* (n) {
    for (let i = 0; i < n; i++) yield i * k;
  },
  { args: [3] },
);
await same('an async generator', async function* () {
  yield k;
  yield await k;
});
await same('a function without captures', (a, b) => a * b, { args: [6, 7] });
await same('a function made by Function', new Function('x', 'return x + 1'), { args: [1] });
await same('a function made by indirect eval', (0, eval)('(x) => x + 2'), { args: [1] });

const object = {
  k: 2,
  method(x) {
    return x * this.k + k;
  },
  async later() {
    return this.k;
  },
  *items() {
    yield this.k;
  },
  ['comp' + 1]() {
    return 'computed';
  },
  'quoted-key'() {
    return 'quoted';
  },
  12() {
    return 'number';
  },
  async() {
    return 'async';
  },
  get() {
    return 'get';
  },
};
const iterable = {
  async *[Symbol.asyncIterator]() {
    yield k;
  },
}[Symbol.asyncIterator];
await same('a method whose name is a symbol', iterable);
await same('a method without its object', object.get);
await same('an object with methods', (x) => object.method(x), { args: [4] });
await same('async, generator, computed, quoted, numeric methods', async () => [
  await object.later(),
  [...object.items()],
  object.comp1(),
  object['quoted-key'](),
  object[12](),
  object.async(),
  object.get(),
]);
await same('a method with a computed key alone', object.comp1);
await same('a method with a key that is a number', object[12]);
const accessors = Object.getOwnPropertyDescriptor(
  {
    get v() {
      return k;
    },
  },
  'v',
);
await same('the function of a getter', accessors.get);
class Statics {
  static sum(a, b) {
    return a + b + k;
  }
  static async wait(a) {
    return (await a) + k;
  }
  plain(a) {
    return a + k;
  }
}
await same('a static method', Statics.sum, { args: [1, 2] });
await same('an async static method', Statics.wait, { args: [1] });
await same("a class's method that uses no this", Statics.prototype.plain, { args: [1] });
await same('this in a plain function', function () {
  return this === undefined;
});

const add = (a) => (b) => (c) => a + b + c + k;
await same('closures of closures', add(1)(2), { args: [3] });
const compose =
  (...fs) =>
  (x) =>
    fs.reduce((y, f) => f(y), x);
await same(
  'functions captured by functions',
  compose((x) => x + k, declaration, add(1)(1)),
  { args: [1] },
);
function factorial(n) {
  return n < 2 ? 1 : n * factorial(n - 1);
}
await same('recursion by its own name', factorial, { args: [10] });
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
await same('recursion by a variable', fib, { args: [12] });
const even = (n) => n === 0 || odd(n - 1);
const odd = (n) => n !== 0 && even(n - 1);
await same('mutual recursion', even, { args: [10] });
const local = (() => {
  const a = (n) => (n === 0 ? 'a' : b(n - 1)),
    b = (n) => (n === 0 ? 'b' : c(n - 1)),
    c = (n) => (n === 0 ? 'c' : a(n - 1));
  return { a, b, c };
})();
await same('mutual recursion of three, in a function', () => [local.a(5), local.b(5), local.c(6)]);
let memo = function inner(n) {
  return n < 1 ? 0 : 1 + inner(n - 1);
};
await same('a named expression calls itself', memo, { args: [5] });
function wrapped(n) {
  return n < 1 ? 0 : 1 + wrapped(n - 1);
}
const plainWrapped = wrapped;
wrapped = (n) => 100 + n;
await same('a declaration whose variable was assigned to calls that', plainWrapped, { args: [5] });
const shadowing = function wrapped(n) {
  return n < 1 ? 0 : 1 + wrapped(n - 1);
};
await same('an expression of the same name still calls itself', shadowing, { args: [5] });
const registry = { run: (n) => (n ? registry.run(n - 1) + 1 : 0) };
await same('an object that its own function captures', registry.run, { args: [4] });
check(
  'identity of what several functions capture',
  await across(
    (() => {
      const shared = { n: 0 };
      const a = () => shared,
        b = () => shared;
      return () => a() === b() && a() === shared;
    })(),
  ),
);
const withCache = Object.assign((x) => withCache.table[x], { table: { a: 1 } });
await same('own properties of a function', withCache, { args: ['a'] });
await same('name and length', () => [
  declaration.name,
  declaration.length,
  object.method.name,
  add.length,
  (() => {}).name,
]);
await same(
  'a tagged template',
  (() => {
    const tag = (s, ...values) => s.raw.join('|') + values.join();
    return () => tag`a${k}b\n${object.k}`;
  })(),
);
await same('regular expressions and strings that hold brackets', () => [/[/}]`\{/.test('}`{'), '}{', `${'`'}`, "'"]);
await same(
  'labels and comments',
  (x) => {
    // a comment with } and `
    /* and ) */ outer: for (;;) {
      for (;;) break outer;
    }
    return x + k; // the end
  },
  { args: [1] },
);
await same(
  'default and destructured parameters',
  ({ a, b: { c = k } = {} } = {}, [d, ...e] = [1], ...f) => [a, c, d, e, f],
  { args: [{ a: 1 }] },
);
await same('a function that returns functions', async () => (await add(1)(2))(3));
await same(
  'arguments of its own',
  function () {
    return [...arguments].map((x) => x + k);
  },
  { args: [1, 2] },
);
await same('new.target of its own', function () {
  return new.target === undefined;
});
await same('a function as an argument', (f, x) => f(x) + k, { args: [(x) => x * k, 2] });
check('a function in a result comes back', (await across(() => ({ f: (x) => x + 1 }))).f(1) === 2);
await same('strict code stays strict', () => {
  try {
    Object.freeze({ a: 1 }).a = 2;
    return 'sloppy';
  } catch {
    return 'strict';
  }
});
await same('a captured function twice is one there', () => declaration === [declaration][0]);
check(
  'sent on from there, with what it captured',
  await (async () => {
    const { createRequire } = await import('node:module');
    const require = createRequire(import.meta.url);
    const base = { n: 1 };
    const count = (x) => x + base.n + k + factorial(3);
    return (
      (await across(
        (f, path) => {
          const { decode, encode } = process.getBuiltinModule('node:module').createRequire(path)(path);
          return decode(encode(f, 'f').bytes)(1);
        },
        count,
        require.resolve('../../../dist/internals.js'),
      )) === count(1)
    );
  })(),
);
finish();
