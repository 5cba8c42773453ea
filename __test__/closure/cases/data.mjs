// Captured data arrives as it is.
import { across, check, finish, same } from '../support/across.cjs';

const odd = [NaN, -0, undefined, , 1];
await same('odd values', () => [Number.isNaN(odd[0]), Object.is(odd[1], -0), odd[2], 3 in odd, odd.length]);
const map = new Map([[{ a: 1 }, new Set([1n, 'x'])]]),
  date = new Date(5),
  big = 12345678901234567890n;
await same('Map, Set, Date, BigInt', () => {
  const [[key, set]] = map;
  return [key.a, set.has(1n), date.getTime(), big * 2n];
});
const cyclic = { n: 1 };
cyclic.self = cyclic;
cyclic.list = [cyclic];
await same('a cycle', () => cyclic.self.list[0].self === cyclic);
const buffer = new ArrayBuffer(8),
  view = new Uint8Array(buffer, 2, 3),
  bytes = Buffer.from('hey');
view[0] = 9;
await same('buffers and views', () => [
  view.buffer === buffer,
  view[0],
  view.length,
  bytes.toString(),
  Buffer.isBuffer(bytes),
]);
const bare = Object.assign(Object.create(null), { a: 1 });
await same('an object without a prototype', () => [Object.getPrototypeOf(bare), bare.a]);
const table = { add: (a, b) => a + b, deep: { list: [(x) => x * 2] } };
await same('functions in objects and arrays', () => table.add(1, 2) + table.deep.list[0](3));
const functions = new Map([['f', (x) => x + 1]]),
  set = new Set([() => 7]);
await same('functions in a Map and a Set', () => functions.get('f')(1) + [...set][0]());
const failure = Object.assign(new TypeError('bad', { cause: { why: 1 } }), { code: 'E' });
await same('an error', () => [failure instanceof TypeError, failure.message, failure.cause, failure.code]);
const registered = Symbol.for('r');
await same('symbols that every process has', () => [Symbol.keyFor(registered), typeof Symbol.iterator]);
const rows = Array.from({ length: 5000 }, (_, i) => ({ i, name: `row ${i}` }));
await same('much data', () => [rows.length, rows[4999].name]);
const regexp = /a(\d+)/gi;
await same('a regular expression', () => 'xA12'.replace(regexp, '$1'));
await same('one object in an argument and a capture', (x) => x === cyclic, { args: [cyclic] });
check(
  'a handle to the array in two functions is one array',
  await across(
    (() => {
      const list = [];
      const push = (x) => void list.push(x),
        read = () => list;
      return () => {
        push(1);
        push(2);
        return read().length === 2;
      };
    })(),
  ),
);
const deep = { get: 1, set: 2, constructor: 3, toString: 4, __proto__: null };
await same('odd property names', () => Object.keys(deep));
const url = new URL('http://user@host:81/a?b=1#c');
const parameters = new URLSearchParams('a=1&a=ü&c=');
await same('a URL', () => [url.href, url.searchParams.get('b'), url instanceof URL]);
await same(
  'a URL that is changed',
  () => {
    url.searchParams.append('d', '2');
    return url.href;
  },
  { want: 'http://user@host:81/a?b=1&d=2#c' },
);
check('and the original stays', url.href === 'http://user@host:81/a?b=1#c');
await same('a URLSearchParams', () => [String(parameters), parameters instanceof URLSearchParams]);
const pair = { a: url, b: url };
await same('one URL twice', () => {
  const { a, b } = pair;
  return [a === b, a.pathname];
});
await same('a URL as an argument', (u) => u.pathname, { args: [url] });
finish();
