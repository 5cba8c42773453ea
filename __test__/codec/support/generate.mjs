/** Random values for the fuzzers of the codec. */

/**
 * A source of random values that structured clone knows.
 *
 * @param {number} seed the same values for the same seed.
 * @param {boolean} large whether some of them are large.
 * @returns {() => unknown}
 */
export function generator(seed, large) {
  let state = seed;
  const below = (n) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const pick = (items) => items[below(items.length)];
  const made = [];
  const keep = (object) => {
    made.push(object);
    return object;
  };
  const string = () =>
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
  const key = () =>
    pick(['a', 'b', 'id', 'name', '__proto__', '7', '12', 'ü', 'x y', 'constructor', 'length', 'toString']);
  const number = () =>
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
  const leaf = () => {
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
        return Object(pick([number(), string(), true, 5n]));
      case 11: {
        const buffer = keep(new ArrayBuffer(16));
        return new Uint16Array(buffer, 2 * below(4), below(4));
      }
      default:
        return made.length > 0 && below(3) === 0 ? pick(made) : below(10);
    }
  };
  const value = (depth) => {
    if (depth > (large ? 4 : 3)) return leaf();
    switch (below(9)) {
      case 0: {
        const array = keep([]);
        for (let i = below(large ? 20 : 6); i > 0; i--) array.push(value(depth + 1));
        if (below(6) === 0 && array.length > 0) delete array[below(array.length)];
        if (below(12) === 0) array[pick(['note', '7', 'ü'])] = leaf();
        if (below(30) === 0) array[array.length + below(500)] = 1;
        return array;
      }
      case 1:
        return Array.from(
          { length: below(large && depth === 0 ? 400 : depth === 0 && below(8) === 0 ? 60 : 8) },
          number,
        );
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
        return depth === 0 ? Array.from({ length: below(large ? 300 : 5) }, () => value(3)) : leaf();
      default:
        return leaf();
    }
  };
  return () => {
    made.length = 0;
    return value(0);
  };
}
