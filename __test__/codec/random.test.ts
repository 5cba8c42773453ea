/** Random values: what arrives must be what structuredClone gives. The seed is printed with a failure. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';
import { same } from './same';

const COUNT = Number(process.env.FUZZ_VALUES ?? 3000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

function generator(seed: number) {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)];
  const made: object[] = [];
  const keep = <T extends object>(object: T): T => {
    made.push(object);
    return object;
  };
  const string = (): string =>
    pick([
      '',
      'a',
      `key${below(99)}`,
      'é',
      '日本',
      '\ud83d',
      '😀',
      'long '.repeat(below(60)),
      'ü'.repeat(below(90)),
      '\0',
    ]);
  const key = (): string =>
    pick(['a', 'b', 'id', 'name', '__proto__', '7', '12', 'ü', 'x y', 'constructor', 'length', 'toString']);
  const number = (): number =>
    pick([
      below(300),
      -below(300),
      below(2 ** 24) * below(999),
      below(1e6) / 7,
      2 ** 53,
      NaN,
      -0,
      Infinity,
      2 ** 31,
      -(2 ** 31) - 1,
    ]);
  const leaf = (): unknown => {
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
        return number();
      case 3:
      case 4:
        return string();
      case 5:
        return pick([true, false, null, undefined]);
      case 6:
        return BigInt(number() | 0) ** BigInt(below(6));
      case 7:
        return new Date(number());
      case 8:
        return pick([/a+/g, /\//u, new RegExp('é', 'i')]);
      case 9:
        return pick([
          new Uint8Array([1, 2, 3]),
          new Float64Array([1.5, -0]),
          new BigInt64Array(2),
          new ArrayBuffer(below(20)),
        ]);
      case 10:
        return Object(pick<any>([number(), string(), true, 5n]));
      case 11: {
        const buffer = keep(new ArrayBuffer(16));
        return new Uint16Array(buffer, 2 * below(4), below(4));
      }
      default:
        return made.length > 0 && below(3) === 0 ? pick(made) : below(10);
    }
  };
  const value = (depth: number): unknown => {
    if (depth > 4) return leaf();
    switch (below(9)) {
      case 0: {
        const array: any = keep([]);
        for (let i = below(20); i > 0; i--) array.push(value(depth + 1));
        if (below(6) === 0 && array.length > 0) delete array[below(array.length)];
        if (below(12) === 0) array[pick(['note', '7', 'ü'])] = leaf();
        if (below(30) === 0) array[array.length + below(500)] = 1;
        return array;
      }
      case 1:
        return Array.from({ length: below(depth === 0 ? 400 : 30) }, number);
      case 2: {
        const map = keep(new Map());
        for (let i = below(5); i > 0; i--) map.set(value(depth + 2), value(depth + 1));
        return map;
      }
      case 3: {
        const set = keep(new Set());
        for (let i = below(5); i > 0; i--) set.add(value(depth + 1));
        return set;
      }
      case 4:
      case 5:
      case 6: {
        const object = keep({});
        for (let i = below(7); i > 0; i--) {
          Object.defineProperty(object, key(), {
            value: value(depth + 1),
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        return object;
      }
      case 7:
        return depth === 0 ? Array.from({ length: below(300) }, () => value(3)) : leaf();
      default:
        return leaf();
    }
  };
  return (): unknown => {
    made.length = 0;
    return value(0);
  };
}

describe('the codec against structuredClone', () => {
  it(
    `${COUNT} values from seed ${SEED}`,
    () => {
      const next = generator(SEED);
      for (let i = 0; i < COUNT; i++) {
        const value = next();
        const expected = structuredClone(value);
        const got = decode(encode(value, 'value').bytes);
        if (!same(got, expected)) {
          // Own properties such as toString defeat the printing of a difference.
          expect(inspect(got, { depth: 9 }), `value ${i} of seed ${SEED}`).toBe(inspect(expected, { depth: 9 }));
          throw new Error(`value ${i} of seed ${SEED} differs: ${inspect(value, { depth: 9 })}`);
        }
      }
    },
    120_000 + COUNT * 30,
  );
});
