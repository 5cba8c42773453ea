/** No code of the user runs while a function is captured, whatever the objects are that it captures. */
import { expect, it } from 'vitest';
import { encode } from '../../dist/internals.js';

let ran: string[] = [];
const runs = (name: string) => (): undefined => {
  ran.push(name);
  return undefined;
};

/** A Proxy of which every trap is seen. */
function watched<T extends object>(target: T): T {
  const handler = Object.fromEntries(
    Object.getOwnPropertyNames(Reflect).map((trap) => [trap, runs(`the trap ${trap}`)] as const),
  );
  return new Proxy(target, handler);
}

const getter = (name: PropertyKey) => ({ get: runs(String(name)), enumerable: true, configurable: true });
const withGetter = (target: object, ...names: PropertyKey[]): object => {
  for (const name of names) Object.defineProperty(target, name, getter(name));
  return target;
};

const NAMES: PropertyKey[] = [
  'constructor',
  'toJSON',
  'then',
  'length',
  'name',
  'message',
  'stack',
  'value',
  'buffer',
  '__proto__',
  'prototype',
  Symbol.toStringTag,
  Symbol.iterator,
  Symbol.species,
  Symbol.toPrimitive,
  Symbol.hasInstance,
  Symbol.unscopables,
];

class Plain {
  x = 1;
}
class Watched {
  x = 1;
}
withGetter(Watched.prototype, ...NAMES);
class Static {
  x = 1;
}
withGetter(Static, 'name', 'length', Symbol.hasInstance, Symbol.species);
class Series extends Array {}
withGetter(Series.prototype, 'constructor', 'length2', Symbol.iterator, 'map');
class Dates extends Date {}
withGetter(Dates.prototype, 'getTime', 'valueOf', 'toISOString', Symbol.toPrimitive);

const many = <T>(make: (i: number) => T): T[] => Array.from({ length: 300 }, (_, i) => make(i));

const CASES: Record<string, () => unknown> = {
  'an object with getters of every name': () => withGetter({}, ...NAMES),
  'an instance with them': () => withGetter(new Plain(), ...NAMES),
  'one whose class has them': () => new Watched(),
  'one whose class has static ones': () => new Static(),
  'many instances of such classes': () => many((i) => (i % 2 === 0 ? new Watched() : new Static())),
  'an array with one': () => withGetter([1, 2, 3], 1),
  'a long one with one': () =>
    withGetter(
      many((i) => i),
      100,
    ),
  'an array with names': () => withGetter([1, 2], 'toJSON', 'constructor', Symbol.iterator),
  'a dictionary with one': () => withGetter(Object.fromEntries(many((i) => [`key ${i}`, i])), 'now'),
  'many records with one': () => many((i) => (i === 200 ? withGetter({}, 'id') : { id: i })),
  'a Map and a Set with some': () => [
    withGetter(new Map([[1, 2]]), 'size', 'forEach', Symbol.iterator),
    withGetter(new Set([1]), 'size', 'forEach', Symbol.iterator),
  ],
  'errors with some': () => withGetter(new Error('e'), 'cause', 'code', 'toString'),
  'views and buffers with some': () => [
    withGetter(new Float64Array(300), 'byteLength', 'extra'),
    withGetter(Buffer.from('x'), 'extra'),
    withGetter(new ArrayBuffer(8), 'byteLength'),
  ],
  'a subclass of Array': () => Series.from({ length: 300 }, (_, i) => i),
  'a subclass of Date': () => new Dates(),
  'a URL with some': () => withGetter(new URL('http://x'), 'href', 'toJSON', 'toString'),
  'a function with some': () =>
    withGetter(() => 1, ...NAMES.filter((name) => name !== 'length' && name !== '__proto__')),
  'a class with some': () => withGetter(class {}, 'name', 'length', Symbol.hasInstance),
  'an object whose methods are asked for': () => ({
    toJSON: runs('toJSON'),
    valueOf: runs('valueOf'),
    toString: runs('toString'),
    then: runs('then'),
    [Symbol.toPrimitive]: runs('toPrimitive'),
  }),
  'a Proxy': () => watched({}),
  'a Proxy of a function': () => watched(() => 1),
  'a Proxy of an array, deep inside': () => ({ a: [new Map([['k', { p: watched([]) }]])] }),
  'a Proxy as a prototype': () => Object.create(watched({})) as object,
  'a Proxy as the prototype of many': () => many(() => Object.create(watched({})) as object),
  'a Proxy as the constructor': () => Object.create({ constructor: watched(Plain) }) as object,
  'a Proxy as what a class extends': () => Object.setPrototypeOf(class {}, watched(class {})) as object,
  'a Proxy as a function’s prototype': () => Object.assign(function () {}, { prototype: watched({}) }),
  'a Proxy that a function has': () => Object.assign(() => 1, { own: watched({}), fn: watched(() => 1) }),
  'a Proxy that a class has': () => Object.assign(class {}, { own: watched({}), fn: watched(() => 1) }),
  'a Proxy two classes up': () => {
    const parent = Object.setPrototypeOf(class {}, watched(class {})) as new () => object;
    return class extends parent {};
  },
  'an error whose constructor is a Proxy': () =>
    Object.setPrototypeOf(new Error('e'), { constructor: watched(Plain) }) as object,
  'a Proxy beside': () => [() => 1, watched({})],
  'a Proxy in a Map, as key and value': () => new Map([[watched({}), watched([])]]),
};

it.each(Object.keys(CASES))('%s', (name) => {
  const value = CASES[name]();
  ran = [];
  for (const attempt of [() => encode(() => value, 'fn'), () => encode([() => 1, { value }], 'args')]) {
    let refusal = '';
    try {
      attempt();
    } catch (error) {
      refusal = (error as { code?: string }).code ?? String(error);
    }
    expect(['', 'ERR_SERIALIZATION']).toContain(refusal);
  }
  expect(ran).toEqual([]);
});

it('nor of what was put in the place of JavaScript’s own', () => {
  const value = [
    many((i) => i / 2),
    many((i) => ({ i })),
    Object.fromEntries(many((i) => [`k${i}`, i])),
    new Map([[1, new Plain()]]),
  ];
  const places: [object, PropertyKey][] = [
    [Array.prototype, Symbol.iterator],
    [Map.prototype, Symbol.iterator],
    [Set.prototype, Symbol.iterator],
    [Plain.prototype, 'toString'],
    [Function.prototype, 'toString'],
    [Number.prototype, 'toString'],
  ];
  encode(() => value, 'fn');
  const before = places.map(([object, key]) => Object.getOwnPropertyDescriptor(object, key));
  ran = [];
  try {
    for (const [object, key] of places.filter(([, key]) => key !== Symbol.iterator)) {
      Object.defineProperty(object, key, { value: runs(String(key)), configurable: true, writable: true });
    }
    encode(() => value, 'fn');
  } finally {
    places.forEach(([object, key], i) => {
      if (before[i] === undefined) Reflect.deleteProperty(object, key);
      else Object.defineProperty(object, key, before[i]);
    });
  }
  expect(ran).toEqual([]);
});
