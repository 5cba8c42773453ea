/** What can't be sent is refused by name and place, before anything is sent, and without running code of the user. */
import { EventEmitter } from 'node:events';
import { createServer, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { encode } from '../../dist/internals.js';
import { SerializationError } from 'multiproc';

function refusal(value: unknown, path = 'args[0]'): SerializationError {
  try {
    encode(value, path);
  } catch (error) {
    expect(error).toBeInstanceOf(SerializationError);
    return error as SerializationError;
  }
  throw new Error('it was sent');
}

const timer = setTimeout(() => {}, 0);
clearTimeout(timer);
const generator = (function* () {})();
const detached = new ArrayBuffer(8);
structuredClone(detached, { transfer: [detached] });

const CASES: [string, unknown, string, RegExp][] = [
  ['a Proxy', [{}, new Proxy({}, {})], 'args[0][1]', /Proxy/],
  ['a Promise', { 'odd key': Promise.resolve() }, 'args[0]["odd key"]', /await/],
  ['a WeakMap', { w: new WeakMap() }, 'args[0].w', /WeakMap/],
  ['a WeakRef', { w: new WeakRef({}) }, 'args[0].w', /WeakRef/],
  ['a generator', [generator], 'args[0][0]', /generator/],
  ['an iterator', [new Map().keys()], 'args[0][0]', /iterator/],
  ['a symbol', { s: Symbol('mine') }, 'args[0].s', /Symbol\(mine\)/],
  ['a socket', { socket: new Socket() }, 'args[0].socket', /Socket/],
  ['a server', [createServer()], 'args[0][0]', /Server/],
  ['a timer', { t: timer }, 'args[0].t', /Timeout/],
  ['an EventEmitter', new EventEmitter(), 'args[0]', /EventEmitter/],
  ['what a URL has', { u: new URL('http://x').searchParams }, 'args[0].u', /send the URL/],
  ['an AbortSignal', { s: new AbortController().signal }, 'args[0].s', /AbortSignal/],
  ['in a Map', new Map([['k', [Symbol('x')]]]), 'args[0]["k"][0]', /symbol/],
  ['a key of a Map', new Map([[Symbol('x'), 1]]), 'args[0][key 0]', /symbol/],
  ['in a Set', new Set([1, Symbol('x')]), 'args[0][item 1]', /symbol/],
  ['in an error', Object.assign(new Error('x'), { detail: Symbol('x') }), 'args[0].detail', /symbol/],
  ['a cause', new Error('x', { cause: Symbol('y') }), 'args[0].cause', /symbol/],
  ['shared memory of threads', new SharedArrayBuffer(8), 'args[0]', /SharedArrayBuffer/],
  ['a view of it', { v: new Uint8Array(new SharedArrayBuffer(8)) }, 'args[0].v', /SharedArrayBuffer/],
  ['a detached buffer', { b: detached }, 'args[0].b', /detached/],
  [
    'deep in much',
    { rows: [...Array.from({ length: 999 }, (_, i) => ({ i })), { i: Symbol('x') }] },
    'args[0].rows[999].i',
    /symbol/,
  ],
  ['a symbol object', [Object(Symbol('x'))], 'args[0][0]', /Symbol/],
];

describe('refused, with the way to it', () => {
  it.each(CASES)('%s', (_, value, path, reason) => {
    const error = refusal(value);
    expect(error).toMatchObject({ name: 'SerializationError', code: 'ERR_SERIALIZATION', path });
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`cannot send ${path}: `);
  });

  it('what nests too deeply', () => {
    let deep: unknown = null;
    for (let i = 0; i < 1e5; i++) deep = { deep };
    expect(refusal(deep).message).toMatch(/deep/);
  });

  it('the codec works after a refusal', () => {
    refusal(Symbol('x'));
    expect(encode(1, 'value').refs).toEqual([]);
  });
});

it('runs no code of the user', () => {
  const ran: string[] = [];
  const trap = (name: string) => () => {
    ran.push(name);
    return undefined;
  };
  class Tricky {
    toJSON = undefined;
    get constructorName() {
      return trap('prototype getter')();
    }
  }
  Object.defineProperty(Tricky.prototype, 'constructor', { get: trap('constructor') });
  class OddBytes extends Uint8Array {
    override get buffer(): ArrayBuffer {
      trap('buffer')();
      return super.buffer as ArrayBuffer;
    }
    override get length(): number {
      trap('length')();
      return super.length;
    }
  }
  class OddExpression extends RegExp {
    override get flags(): string {
      trap('flags')();
      return super.flags;
    }
  }
  class OddMap extends Map {
    override forEach = trap('forEach');
    override [Symbol.iterator] = trap('iterator') as never;
  }
  const value = [
    new Tricky(),
    { toJSON: 1, valueOf: 1 },
    new OddBytes(3),
    new OddExpression('a', 'g'),
    Reflect.construct(OddMap, [[[1, 2]]]) as OddMap,
    Object.defineProperty(new Error('x'), 'hidden', { get: trap('error getter') }),
  ];
  delete (value[4] as any).forEach;
  delete (value[4] as any)[Symbol.iterator];
  encode(value, 'value');
  const proxy = new Proxy({}, new Proxy({}, { get: (_, name) => trap(String(name)) }));
  expect(() => encode({ proxy }, 'value')).toThrow(/Proxy/);
  expect(() =>
    encode(
      Array.from({ length: 500 }, () => proxy),
      'value',
    ),
  ).toThrow(/Proxy/);
  expect(ran).toEqual([]);
});
