// Wrong arguments: a typed error at the call that names the argument, what it was, what is allowed; nothing is queued.
import { describe, expect, test } from 'vitest';
import { Queue, SerializationError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** The error of a call that fails; one that gives a Promise must reject, never throw. */
async function errorOf(call: () => unknown): Promise<Error> {
  const outcome = call();
  if (!(outcome instanceof Promise)) throw new Error('it gave no Promise');
  return outcome.then(
    () => Promise.reject(new Error('it did not reject')),
    (error: Error) => error,
  );
}

describe('new Queue()', () => {
  test.each([-1, 1.5, NaN, Infinity, -0.5, 2 ** 31 - 1])('refuses a maxSize of %s with a RangeError', (maxSize) => {
    expect(() => new Queue(maxSize)).toThrow(RangeError);
    expect(() => new Queue(maxSize)).toThrow(/maxSize/);
    expect(() => new Queue(maxSize)).toThrow(String(maxSize));
  });

  test.each(['1', null, {}, 5n, true])('refuses a maxSize that is no number: %s', (maxSize) => {
    expect(() => new Queue(maxSize as never)).toThrow(TypeError);
    expect(() => new Queue(maxSize as never)).toThrow(/maxSize/);
  });

  test.each([0, -1, 1.5, NaN])('refuses %s producers with a RangeError', (producers) => {
    expect(() => new Queue(0, { producers })).toThrow(RangeError);
    expect(() => new Queue(0, { producers })).toThrow(/producers/);
  });

  test.each(['2', null, {}])('refuses producers that are no number: %s', (producers) => {
    expect(() => new Queue(0, { producers } as never)).toThrow(TypeError);
    expect(() => new Queue(0, { producers } as never)).toThrow(/producers/);
  });

  test.each([null, 5, 'options'])('refuses options that are no object: %s', (options) => {
    expect(() => new Queue(0, options as never)).toThrow(TypeError);
    expect(() => new Queue(0, options as never)).toThrow(/options/);
  });
});

const calls: Record<string, (queue: Queue, options: never) => unknown> = {
  put: (queue, options) => queue.put(1, options),
  get: (queue, options) => queue.get(options),
  putMany: (queue, options) => queue.putMany([1], options),
  getMany: (queue, options) => queue.getMany(1, options),
  putSync: (queue, options) => queue.putSync(1, options),
  getSync: (queue, options) => queue.getSync(options),
  putManySync: (queue, options) => queue.putManySync([1], options),
  getManySync: (queue, options) => queue.getManySync(1, options),
};

describe.each(Object.keys(calls))('%s()', (name) => {
  const awaited = !name.endsWith('Sync');
  const queue = new Queue<number>();

  async function refused(options: unknown, type: Function, text: string): Promise<void> {
    if (awaited) {
      const error = await errorOf(() => calls[name](queue, options as never));
      expect(error).toBeInstanceOf(type);
      expect(error.message).toContain(text);
    } else {
      expect(() => calls[name](queue, options as never)).toThrow(type as never);
      expect(() => calls[name](queue, options as never)).toThrow(text);
    }
    expect(queue.size).toBe(0);
  }

  test.each([-1, -Infinity, NaN])('refuses a timeout of %s', (timeout) => refused({ timeout }, RangeError, 'timeout'));
  test.each(['5', null, {}])('refuses a timeout that is no number: %s', (timeout) =>
    refused({ timeout }, TypeError, 'timeout'),
  );
  test.each([5, null])('refuses options that are no object: %s', (options) => refused(options, TypeError, 'options'));
  if (awaited) {
    test.each([{}, 'signal', null])('refuses a signal that is none: %s', (signal) =>
      refused({ signal }, TypeError, 'signal'),
    );
  }
});

describe('getMany()', () => {
  const queue = new Queue<number>();
  test.each([0, -1, 1.5, NaN, Infinity])('refuses a max of %s', async (max) => {
    expect(() => queue.getManySync(max)).toThrow(RangeError);
    expect(() => queue.getManySync(max)).toThrow(/max/);
    expect(await errorOf(() => queue.getMany(max))).toBeInstanceOf(RangeError);
  });
  test.each([undefined, '3', null])('refuses a max that is no number: %s', async (max) => {
    expect(() => queue.getManySync(max as never)).toThrow(TypeError);
    expect(await errorOf(() => queue.getMany(max as never))).toBeInstanceOf(TypeError);
  });
});

describe('putMany()', () => {
  const queue = new Queue<number>();
  test.each([undefined, null, 5, {}, { length: 1 }])('refuses items that can not be iterated: %s', async (items) => {
    expect(() => queue.putManySync(items as never)).toThrow(TypeError);
    expect(() => queue.putManySync(items as never)).toThrow(/items/);
    expect(await errorOf(() => queue.putMany(items as never))).toBeInstanceOf(TypeError);
  });
});

describe('an item that can not be sent', () => {
  const unsendable: [name: string, item: unknown, path: string][] = [
    ['a promise', Promise.resolve(1), 'item'],
    ['a symbol', Symbol('s'), 'item'],
    ['a WeakMap', new WeakMap(), 'item'],
    ['a promise deep inside', { a: [0, { b: Promise.resolve() }] }, 'item.a[1].b'],
    ['a symbol in a list', [1, Symbol('s')], 'item[1]'],
    ['a timer', { timer: setTimeout(() => {}, 0).unref() }, 'item.timer'],
    ['a running generator', { steps: (function* () {})() }, 'item.steps'],
  ];

  test.each(unsendable)('%s: SerializationError that names the place, and nothing is queued', async (_, item, path) => {
    const queue = new Queue<unknown>();
    for (const put of [() => queue.putSync(item), () => queue.putNoWait(item)]) {
      expect(put).toThrow(SerializationError);
      expect(put).toThrow(expect.objectContaining({ code: 'ERR_SERIALIZATION', path: expect.stringContaining(path) }));
    }
    expect(await errorOf(() => queue.put(item))).toBeInstanceOf(SerializationError);
    expect(queue.size).toBe(0);
    queue.putSync('still works');
    expect(queue.getSync()).toBe('still works');
  });

  test('does not take a place of a bounded queue', () => {
    const queue = new Queue<unknown>(1);
    expect(() => queue.putSync(Symbol('s'))).toThrow(SerializationError);
    queue.putNoWait(true);
    expect(queue.size).toBe(1);
    expect(queue.getSync()).toBe(true);
    expect(queue.empty).toBe(true);
  });

  test('a getter that throws passes its error on, and nothing is queued', () => {
    const queue = new Queue<unknown>();
    const item = {
      get trap() {
        throw new Error('touched');
      },
    };
    expect(() => queue.putSync(item)).toThrow();
    expect(queue.size).toBe(0);
  });
});

test('Queue() without new throws a TypeError', () => {
  expect(() => (Queue as unknown as () => void)()).toThrow(TypeError);
});

test('a method on something else throws a TypeError', () => {
  expect(() => Queue.prototype.getSync.call({} as Queue)).toThrow(TypeError);
  expect(() => Queue.prototype.close.call({} as Queue)).toThrow(TypeError);
});
