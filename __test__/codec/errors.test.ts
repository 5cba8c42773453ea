/** Errors as data: in values, and as what a task threw. */
import { describe, expect, it } from 'vitest';
import { decode, decodeError, encode, encodeError, errorClasses } from '../../dist/internals.js';
import * as errors from 'multiproc';

const there = (value: unknown): any => decode(encode(value, 'value').bytes);
const thrown = (value: unknown): any => decodeError(encodeError(value));

describe.each([
  ['in a value', there],
  ['as thrown', thrown],
])('an error %s', (_, send) => {
  it.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    '%o keeps its class',
    (Type) => {
      const error = new Type('message');
      const got = send(error);
      expect(got).toBeInstanceOf(Type);
      expect([got.name, got.message, got.stack]).toEqual([error.name, 'message', error.stack]);
      expect(Object.keys(got)).toEqual([]);
    },
  );

  it('keeps cause, errors and own data', () => {
    const error = Object.assign(new AggregateError([new TypeError('one'), 2], 'all', { cause: { why: [1n] } }), {
      code: 'E',
    });
    const got = send(error);
    expect(got).toBeInstanceOf(AggregateError);
    expect(got.errors[0]).toBeInstanceOf(TypeError);
    expect([got.errors[1], got.cause, got.code]).toEqual([2, { why: [1n] }, 'E']);
    expect(Object.keys(got)).toEqual(['code']);
  });

  it("of Node's is of the class of JavaScript's that it extends", () => {
    let error: unknown;
    try {
      Buffer.from(5 as never);
    } catch (thrown) {
      error = thrown;
    }
    const got = send(error);
    expect(got).toBeInstanceOf(TypeError);
    expect([got.name, got.code]).toEqual(['TypeError', 'ERR_INVALID_ARG_TYPE']);
  });

  it('may be its own cause', () => {
    const error = new Error('loop');
    error.cause = error;
    const got = send(error);
    expect(got.cause).toBe(got);
  });

  it('of an unknown class runs no constructor, and keeps its name', () => {
    class Custom extends Error {
      extra: number;
      constructor(extra: number) {
        super('custom');
        if (typeof extra !== 'number') throw new Error('constructed again');
        this.extra = extra;
        this.name = 'Custom';
      }
    }
    const got = send(new Custom(7));
    expect(got).toBeInstanceOf(Error);
    expect([got.name, got.extra, got.message]).toEqual(['Custom', 7, 'custom']);
    expect(String(got)).toBe('Custom: custom');
  });

  it('of a global class gets it back', () => {
    class GlobalFailure extends Error {}
    (globalThis as any).GlobalFailure = GlobalFailure;
    expect(send(new GlobalFailure('x'))).toBeInstanceOf(GlobalFailure);
    delete (globalThis as any).GlobalFailure;
  });

  it('that is a DOMException', () => {
    const got = send(new DOMException('stop', 'AbortError'));
    expect(got).toBeInstanceOf(DOMException);
    expect([got.name, got.message]).toEqual(['AbortError', 'stop']);
  });
});

describe('errors of this library', () => {
  it.each([...errorClasses.keys()])('%s keeps its class and code', (name) => {
    const Type = errorClasses.get(name) as new (...args: any[]) => errors.ProcessError;
    const detail = { pid: 5, exitCode: null, signal: 'SIGKILL' };
    const error = new Type('what', detail);
    const got = thrown(error);
    expect(got).toBeInstanceOf(Type);
    expect(got).toBeInstanceOf(errors.ProcessError);
    expect({ ...got, name: got.name }).toEqual({ ...error, name });
  });

  it('have the codes of the contract', () => {
    expect(new errors.TimeoutError('x').code).toBe('ERR_TIMEOUT');
    expect(new errors.TaskTimeoutError('x').code).toBe('ERR_TASK_TIMEOUT');
    expect(new errors.TaskTimeoutError('x')).toBeInstanceOf(errors.TimeoutError);
    expect(new errors.OwnerDiedError('x', 5)).toMatchObject({ code: 'ERR_OWNER_DIED', pid: 5 });
    expect(new errors.SerializationError('x', 'a.b')).toMatchObject({ code: 'ERR_SERIALIZATION', path: 'a.b' });
  });
});

describe('whatever was thrown arrives', () => {
  it.each([[null], [undefined], [0], ['text'], [Symbol.for('x')], [{ a: 1 }], [[1, 2]], [Object.freeze({ a: 1 })]])(
    '%o',
    (value) => {
      expect(thrown(value)).toEqual(value);
    },
  );

  it('with its unsendable parts as texts', () => {
    const error = Object.assign(new Error('request failed'), {
      callback: function done() {},
      promise: Promise.resolve(),
      symbol: Symbol('x'),
      proxy: new Proxy({}, {}),
      nested: { map: new Map<unknown, unknown>([[1, () => {}]]), fine: [1, 2] },
    });
    const got = thrown(error);
    expect(got.message).toBe('request failed');
    expect(got.callback).toBe('[Function: done]');
    expect(got.symbol).toBe('Symbol(x)');
    expect(got.proxy).toBe('[Proxy]');
    expect(got.nested.fine).toEqual([1, 2]);
    expect(got.nested.map.get(1)).toBe('[Function: (anonymous)]');
    expect(got.promise).toMatch(/Promise/);
  });

  it('without running getters', () => {
    const hostile = new Error('x');
    for (const key of ['stack', 'message', 'name', 'cause', 'constructor', 'errors']) {
      Object.defineProperty(hostile, key, {
        get() {
          throw new Error(`read ${key}`);
        },
      });
    }
    expect(thrown(hostile)).toBeInstanceOf(Error);
    class Unnamed extends Error {
      override get name(): string {
        throw new Error('read name');
      }
    }
    expect(thrown(new Unnamed('x')).message).toBe('x');
    expect(
      thrown({
        get a() {
          throw new Error('read');
        },
        b: 1,
      }),
    ).toEqual({ b: 1 });
  });

  it('a Proxy, a function, a class, a symbol', () => {
    expect(thrown(new Proxy(new Error('x'), {}))).toBe('[Proxy]');
    expect(thrown(() => {})).toMatch(/Function/);
    expect(thrown(class Odd {})).toMatch(/Odd/);
    expect(thrown(Symbol('x'))).toBe('Symbol(x)');
  });

  it('cut down where it holds half the program', () => {
    let deep: any = {};
    for (let i = 0; i < 1e5; i++) deep = { deep };
    expect(thrown(Object.assign(new Error('deep'), { deep })).message).toBe('deep');
    const wide = Array.from({ length: 1e5 }, (_, i) => ({ i }));
    expect(thrown(Object.assign(new Error('wide'), { wide })).message).toBe('wide');
  });
});
