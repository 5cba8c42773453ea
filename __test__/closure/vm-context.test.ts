// What a context of node:vm made travels as what this one made: its classes of objects are JavaScript's own there.
import { createContext, runInContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Pool, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const context = createContext({});
const make = (text: string): any => runInContext(`(${text})`, context, { filename: '/context.js' });

test.for<[string, unknown]>([
  ['{ a: 1, b: [{ c: 2 }] }', { a: 1, b: [{ c: 2 }] }],
  ['new Date(5)', new Date(5)],
  ['/x/gi', /x/gi],
  ['new Map([[{ k: 1 }, new Set([2n])]])', new Map([[{ k: 1 }, new Set([2n])]])],
  ['new Uint16Array([1, 2])', new Uint16Array([1, 2])],
  ['Object.freeze({ x: 1 })', { x: 1 }],
  ['new String("q")', new String('q')],
])('a value: %s', ([text, expected]) => {
  const queue = new Queue();
  queue.putSync(make(text));
  const value = queue.getSync();
  expect(value).toEqual(expected);
  expect(Object.getPrototypeOf(value)).toBe(Object.getPrototypeOf(expected));
});

test('an error has its class and cause', () => {
  const queue = new Queue();
  queue.putSync(make('new RangeError("far", { cause: new TypeError("why") })'));
  const error = queue.getSync();
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toBe('far');
  expect(error.cause).toBeInstanceOf(TypeError);
});

test('functions of each kind, with what they capture, and instances of classes', async () => {
  await using pool = new Pool(1);
  const factory = `(factor) => {
    class Point { constructor(x) { this.x = x; } get far() { return this.x * factor; } }
    return {
      plain: (x) => [x * factor, Math.max(x, 1), [] instanceof Array],
      later: async (x) => ({ late: x * factor }),
      many: function* (n) { yield* Array.from({ length: n }, (_, i) => i * factor); },
      point: new Point(2),
      Point,
    };
  }`;
  const { plain, later, many, point, Point } = make(factory)(3);
  expect(await pool.map(plain, [2])).toEqual([[6, 2, true]]);
  expect(await pool.map(later, [2])).toEqual([{ late: 6 }]);
  expect(await pool.apply(() => [...many(3)])).toEqual([0, 3, 6]);
  expect(await pool.apply((p: { far: number }) => p.far, [point])).toBe(6);
  const made = await pool.apply((x: number) => new Point(x), [4]);
  expect(made).toBeInstanceOf(Point);
  expect(made.far).toBe(12);
});
