/** Large captured arrays of numbers, and large dictionaries, arrive as they are. */
import { expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';

function arrived<T>(value: T): T {
  return (decode(encode(() => value, 'fn').bytes) as () => T)();
}

const numbers = (make: (i: number) => unknown): unknown[] => Array.from({ length: 500 }, (_, i) => make(i));
const dictionary = (make: (i: number) => unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key ${i}`, make(i)]));

it.each<[string, unknown[]]>([
  ['integers', numbers((i) => i)],
  ['negative ones', numbers((i) => -i * 1000)],
  ['the largest of 32 bits', numbers((i) => (i % 2 === 0 ? 2 ** 31 - 1 : -(2 ** 31)))],
  ['larger ones', numbers((i) => 2 ** 31 + i)],
  ['fractions', numbers((i) => i / 7)],
  ['fractions after integers', numbers((i) => (i < 400 ? i : i / 7))],
  ['-0', numbers(() => -0)],
  ['-0 among integers', numbers((i) => (i === 300 ? -0 : i))],
  ['NaN and infinities', numbers((i) => [NaN, Infinity, -Infinity, 5e-324][i % 4])],
  ['a string among them', numbers((i) => (i === 300 ? 'x' : i))],
  ['undefined among them', numbers((i) => (i === 300 ? undefined : i / 2))],
  ['an object among them', numbers((i) => (i === 300 ? { i } : i / 2))],
])('an array of %s', (_, value) => {
  expect(arrived(value)).toStrictEqual(value);
  expect(Array.isArray(arrived(value))).toBe(true);
});

it('holes, names, a getter, no more elements, another class', () => {
  const holes = numbers((i) => i / 2);
  delete holes[250];
  expect(arrived(holes)).toStrictEqual(holes);
  expect(250 in arrived(holes)).toBe(false);
  const named = Object.assign(
    numbers((i) => i),
    { unit: 'm' },
  );
  expect(arrived(named)).toStrictEqual(named);
  expect(arrived(named).unit).toBe('m');
  const marked = Object.assign(
    numbers((i) => i),
    { [Symbol.for('mark')]: 1 },
  );
  expect(arrived(marked)[Symbol.for('mark')]).toBe(1);
  const fixed = Object.freeze(numbers((i) => i));
  expect(Object.isFrozen(arrived(fixed))).toBe(true);
  let ran = 0;
  const watched = Object.defineProperty(
    numbers((i) => i),
    3,
    { get: () => ++ran, enumerable: true, configurable: true },
  );
  expect(Object.getOwnPropertyDescriptor(arrived(watched), 3)).toHaveProperty('get');
  expect(ran).toBe(0);
  class Series extends Array<number> {
    sum(): number {
      return this.reduce((a, b) => a + b, 0);
    }
  }
  expect(arrived(Series.from({ length: 500 }, (_, i) => i) as Series).sum()).toBe(124750);
});

it.each<[string, Record<string, unknown>]>([
  ['numbers', dictionary((i) => i)],
  ['all that is primitive', dictionary((i) => [1, 'ü', '語', null, undefined, true, 2n ** 70n, -0][i % 8])],
  ['keys that are indices', Object.fromEntries(Array.from({ length: 500 }, (_, i) => [String(1000 - i), i]))],
  ['objects', dictionary((i) => ({ i }))],
])('a dictionary of %s', (_, value) => {
  const got = arrived(value);
  expect(got).toStrictEqual(value);
  expect(Object.keys(got)).toEqual(Object.keys(value));
});

it('what a dictionary has beside', () => {
  const proto = dictionary((i) => i);
  Object.defineProperty(proto, '__proto__', { value: 5, enumerable: true, writable: true, configurable: true });
  expect(Object.getOwnPropertyDescriptor(arrived(proto), '__proto__')?.value).toBe(5);
  expect(Object.getPrototypeOf(arrived(proto))).toBe(Object.prototype);
  const hidden = Object.defineProperty(
    dictionary((i) => i),
    'hidden',
    { value: 1, enumerable: false },
  );
  expect(Object.getOwnPropertyDescriptor(arrived(hidden), 'hidden')).toMatchObject({ value: 1, enumerable: false });
  let ran = 0;
  const watched = Object.defineProperty(
    dictionary((i) => i),
    'now',
    { get: () => ++ran, enumerable: true },
  );
  expect(Object.getOwnPropertyDescriptor(arrived(watched), 'now')).toHaveProperty('get');
  expect(ran).toBe(0);
  expect(() =>
    arrived(
      new Proxy(
        dictionary((i) => i),
        {},
      ),
    ),
  ).toThrow(/Proxy/);
  const functions = dictionary((i) => (i === 400 ? () => 7 : i)) as Record<string, () => number>;
  expect(arrived(functions)['key 400']()).toBe(7);
});

it('one that two variables hold is one there, whatever else is captured', () => {
  const series = numbers((i) => i / 3);
  const table = dictionary((i) => i);
  const a = series;
  const b = { table };
  const records = Array.from({ length: 100 }, (_, i) => ({ i, series }));
  const check = (fn: () => unknown): void => expect((decode(encode(fn, 'fn').bytes) as () => unknown)()).toEqual(fn());
  check(() => a === series);
  check(() => b.table === table);
  check(() => [a === series, b.table === table, series.length]);
  check(() => [records[3].series === series, records[4].series === a, b.table === table]);
  check(() => [a === series, () => series].length);
  const holder = { get: () => series };
  check(() => holder.get() === series);
});

it('a method [serialize] that changes one while it is captured', () => {
  const series = numbers((i) => i / 3);
  class Odd {
    [Symbol.for('multiproc.serialize')](): number {
      series[5] = 'changed';
      return 1;
    }
    static [Symbol.for('multiproc.deserialize')](): Odd {
      return new Odd();
    }
  }
  const odd = new Odd();
  const got = (decode(encode(() => [series, odd], 'fn').bytes) as () => [unknown[], Odd])();
  expect(got[0]).toHaveLength(500);
  expect([5 / 3, 'changed']).toContain(got[0][5]);
});
