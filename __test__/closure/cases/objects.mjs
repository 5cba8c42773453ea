// Captured objects are what they were: getters, symbols, hidden and frozen properties, prototypes.
import { AsyncLocalStorage } from 'node:async_hooks';
import { check, finish, refused, same } from '../support/across.cjs';

const k = 3;
let reads = 0;
const withGetter = {
  base: 2,
  get double() {
    reads++;
    return this.base * 2 + k;
  },
  set double(v) {
    this.base = v;
  },
};
await same(
  'a getter and a setter',
  () => {
    withGetter.double = 10;
    return withGetter.double;
  },
  { want: 23 },
);
check('it was not read', reads === 0);
const hidden = Object.defineProperty({ a: 1 }, 'h', { value: 2 });
await same('a property that is not enumerable', () => [
  hidden.h,
  Object.keys(hidden),
  Object.getOwnPropertyDescriptor(hidden, 'h'),
]);
const tag = Symbol('tag'),
  registered = Symbol.for('registered');
const symbols = {
  [tag]: 1,
  [registered]: 2,
  [Symbol.iterator]: function* () {
    yield k;
  },
};
await same('properties named by symbols', () => [symbols[tag], symbols[registered], ...symbols]);
await same('a symbol has its description', () => [
  tag.description,
  tag.toString(),
  tag === Object.getOwnPropertySymbols(symbols)[0],
]);
const frozen = Object.freeze({
  list: Object.freeze([1, { deep: 1 }]),
  f: Object.seal({ x: 1 }),
  g: Object.preventExtensions({ y: 1 }),
});
await same('frozen, sealed, closed objects', () => [
  Object.isFrozen(frozen),
  Object.isFrozen(frozen.list),
  Object.isFrozen(frozen.list[1]),
  Object.isSealed(frozen.f),
  Object.isFrozen(frozen.f),
  Object.isExtensible(frozen.g),
  Object.isSealed(frozen.g),
]);
const readonly = Object.defineProperty({}, 'r', { value: 1, enumerable: true });
await same('a property that can not be written', () => {
  try {
    readonly.r = 2;
  } catch {
    return readonly.r;
  }
  return 'written';
});
const parent = {
  hi() {
    return `hi ${this.name}`;
  },
};
const child = Object.assign(Object.create(parent), { name: 'c' });
await same('an object with a prototype of its own', () => [
  child.hi(),
  Object.getPrototypeOf(child) === parent,
  Object.keys(child),
]);
const selfProto = Object.create(parent, {
  me: {
    get() {
      return selfProto;
    },
  },
});
await same('one that its own getter gives', () => selfProto.me === selfProto);
const bare = Object.create(null, { x: { value: 1, enumerable: true }, y: { value: 2 } });
await same('an object without a prototype', () => [bare.x, bare.y, Object.getPrototypeOf(bare)]);
const list = Object.assign([1, 2], { named: 'n', [tag]: 't' });
await same('an array with properties', () => [list.length, list.named, list[tag], list[1]]);
const sparse = [1, , 3];
sparse[10] = 11;
await same('a sparse array', () => [sparse.length, 1 in sparse, sparse[10], Object.keys(sparse)]);
const getterList = Object.defineProperty([0, 1], 0, { get: () => ++reads, enumerable: true, configurable: true });
await same('an array with a getter', () => getterList[0] > 0, { want: true });
check('that was not read either', reads === 0);
const sticky = /b/y;
sticky.lastIndex = 1;
await same(
  'a regular expression in the middle of its work',
  () => [sticky.lastIndex, sticky.test('ab'), sticky.flags],
  { want: [1, true, 'y'] },
);
const buffer = new ArrayBuffer(16),
  [a, b] = [new Uint8Array(buffer), new Float64Array(buffer, 8, 1)],
  data = new DataView(buffer);
await same(
  'views of one buffer',
  () => {
    b[0] = 1.5;
    data.setUint8(0, 7);
    return [a[15], a[0], a.buffer === b.buffer, b.byteOffset];
  },
  { want: [63, 7, true, 8] },
);
const date = Object.assign(new Date(5), { note: 'x' });
await same('a date with a property', () => [date.getTime(), date.note]);
const mapWith = Object.assign(new Map([[1, { v: 2 }]]), { extra: 3 });
await same('a Map with a property', () => [mapWith.get(1).v, mapWith.extra]);
const error = Object.assign(new RangeError('r', { cause: child }), { code: 'E', [tag]: 1 });
await same('an error with properties', () => [
  error.cause.hi(),
  error.code,
  error[tag],
  error.name,
  error instanceof RangeError,
  /objects/.test(error.stack),
]);
const aggregate = new AggregateError([new Error('x'), new TypeError('y')], 'all');
await same('an AggregateError', () => [
  aggregate.message,
  aggregate.errors.map((e) => e.message),
  aggregate.errors[1] instanceof TypeError,
]);
const boxed = [new Number(1), new String('s'), Object(1n)];
await same('boxed primitives', () => boxed.map((x) => [typeof x, x.valueOf()]));
const fn = Object.assign((x) => x + fn.more, { more: 1 });
Object.defineProperty(fn, 'hidden', { get: () => k });
fn[tag] = 'tagged';
await same('a function with properties, a getter, a symbol', () => [fn(1), fn.hidden, fn[tag], Object.keys(fn)]);
const frozenFn = Object.freeze(() => 1);
await same('a frozen function', () => Object.isFrozen(frozenFn));
await same(
  'a renamed function',
  (() => {
    const f = Object.defineProperty(() => 1, 'name', { value: 'other' });
    return () => f.name;
  })(),
);
const { max } = Math,
  { log } = console,
  { stdout } = process,
  { parse } = JSON,
  isArray = Array.isArray,
  P = Promise,
  g = globalThis;
await same('things of the runtime', () => [
  max(1, 2),
  typeof log,
  typeof stdout.write,
  parse('[1]'),
  isArray([]),
  P === Promise,
  g === globalThis,
]);
await same(
  'classes and prototypes of the runtime',
  (() => {
    const [M, proto, op] = [Map, Array.prototype, Object.prototype];
    return () => [M === Map, proto === Array.prototype, op === Object.prototype];
  })(),
);
const timers = { setTimeout, clearTimeout, later: queueMicrotask };
await same('timer functions', async () => await new Promise((resolve) => timers.setTimeout(resolve, 1, 'later')));
const { env, argv } = process;
await same('process.env is that of the other process', () => env === process.env);
await same('a list of process is a copy', () => Array.isArray(argv));
const map = new Map();
map.set('self', map).set(map, new Set([map]));
await same('a Map in itself', () => map.get('self') === map && map.get(map).has(map));
const many = { list: Array.from({ length: 3000 }, (_, i) => ({ i })), one: null };
many.one = many.list[7];
await same('identity in much data', () => many.one === many.list[7] && many.list[2999].i === 2999);
const sharedRow = { r: 1 },
  rows = Array.from({ length: 1000 }, () => sharedRow),
  reader = {
    get row() {
      return sharedRow;
    },
    rows,
  };
await same(
  'identity between much data and other values',
  () => reader.row === rows[5] && rows[0] === rows[999] && sharedRow === rows[1] && reader.rows === rows,
);
const dictionary = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key ${i}`, i]));
await same('a large dictionary', () => [Object.keys(dictionary).length, dictionary['key 4999']]);
const nulls = Array.from({ length: 100 }, (_, i) => Object.assign(Object.create(null), { i }));
await same('many objects without a prototype', () => [nulls[99].i, Object.getPrototypeOf(nulls[5])]);
const mixed = Array.from({ length: 100 }, (_, i) => (i === 50 ? { i, f: () => k } : { i }));
await same('a function in much data', () => mixed[50].f());
const frozenRows = Array.from({ length: 100 }, (_, i) => Object.freeze({ i }));
await same('many frozen objects', () => frozenRows.every((row) => Object.isFrozen(row)));
const numbers = Array.from({ length: 10_000 }, (_, i) => i / 3);
await same('many numbers', () => numbers.reduce((x, y) => x + y));
const bigBytes = new Uint8Array(100_000).fill(7);
await same('many bytes', () => bigBytes.reduce((x, y) => x + y));

const proxied = { rows: Array.from({ length: 100 }, (_, i) => (i === 99 ? new Proxy({}, {}) : { i })) };
refused('a Proxy in much data', () => proxied, /Proxy/, "target → variable 'proxied'.rows[99]");
const storage = new AsyncLocalStorage();
refused('an AsyncLocalStorage', () => storage, /AsyncLocalStorage/);
const ref = new WeakRef({});
refused('a WeakRef', () => ref, /WeakRef/);
const registry = new FinalizationRegistry(() => {});
refused('a FinalizationRegistry', () => registry, /FinalizationRegistry/);
const format = new Intl.NumberFormat('de');
refused('an Intl.NumberFormat', () => format, /NumberFormat.*make it inside/);
const controller = new AbortController();
refused('an AbortController', () => controller, /AbortController/);
const iterator = [1][Symbol.iterator]();
refused('an iterator', () => iterator, /iterator/i);
const shared = new SharedArrayBuffer(8);
refused('a SharedArrayBuffer', () => shared, /sharedArray\(\)/);
finish();
