// Wrong arguments and uses: a typed error at the call, and nothing is sent or taken.
import { describe, expect, test } from 'vitest';
import { Connection, Pipe, ProcessError, SerializationError } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

test.each([null, 5, 'options'])('Pipe() refuses options that are no object: %s', (options) => {
  expect(() => Pipe(options as never)).toThrow(TypeError);
});
test.each([1, 'no', null])('Pipe() refuses a duplex that is no boolean: %s', (duplex) => {
  expect(() => Pipe({ duplex } as never)).toThrow(/duplex/);
});
test('a Connection is made by Pipe() alone', () => {
  expect(() => new (Connection as any)()).toThrow(TypeError);
});

const calls: Record<string, (conn: Connection, options?: never) => unknown> = {
  send: (conn, options) => conn.send(1, options),
  sendSync: (conn, options) => conn.sendSync(1, options),
  sendBytes: (conn, options) => conn.sendBytes(new Uint8Array(1), options),
  sendBytesSync: (conn, options) => conn.sendBytesSync(new Uint8Array(1), options),
  recv: (conn, options) => conn.recv(options),
  recvSync: (conn, options) => conn.recvSync(options),
  recvBytes: (conn, options) => conn.recvBytes(options),
  recvBytesSync: (conn, options) => conn.recvBytesSync(options),
  poll: (conn, options) => conn.poll(options),
  pollSync: (conn, options) => conn.pollSync(options),
};

/** The error of a call. One that gives a Promise must reject, never throw. */
async function errorOf(name: string, call: () => unknown): Promise<any> {
  if (name.endsWith('Sync')) {
    try {
      call();
    } catch (error) {
      return error;
    }
    throw new Error('it did not throw');
  }
  const outcome = call();
  expect(outcome).toBeInstanceOf(Promise);
  return (outcome as Promise<unknown>).then(
    () => Promise.reject(new Error('it did not reject')),
    (error) => error,
  );
}

describe.each(Object.keys(calls))('%s()', (name) => {
  const [a, b] = Pipe();
  b.sendSync('there');

  test.each([-1, NaN, -Infinity])('refuses a timeout of %s', async (timeout) => {
    expect(await errorOf(name, () => calls[name](a, { timeout } as never))).toBeInstanceOf(RangeError);
  });
  test.each(['5', null, {}])('refuses a timeout that is no number: %s', async (timeout) => {
    expect(await errorOf(name, () => calls[name](a, { timeout } as never))).toBeInstanceOf(TypeError);
  });
  test.each([5, null])('refuses options that are no object: %s', async (options) => {
    expect(await errorOf(name, () => calls[name](a, options as never))).toBeInstanceOf(TypeError);
  });
  if (!name.endsWith('Sync')) {
    test.each([{}, 'signal', null])('refuses a signal that is none: %s', async (signal) => {
      expect(await errorOf(name, () => calls[name](a, { signal } as never))).toBeInstanceOf(TypeError);
    });
  }

  test('refuses the end that can not do it, and a closed one', async () => {
    const [reader, writer] = Pipe({ duplex: false });
    const wrong = name.startsWith('send') ? reader : writer;
    const error = await errorOf(name, () => calls[name](wrong as Connection));
    expect(error).toBeInstanceOf(ProcessError);
    expect(error.code).toBe(name.startsWith('send') ? 'ERR_NOT_WRITABLE' : 'ERR_NOT_READABLE');
    for (const end of [reader, writer]) {
      end.close();
      end.close();
      expect(end.closed).toBe(true);
      expect(await errorOf(name, () => calls[name](end as Connection))).toMatchObject({
        code: 'ERR_CONNECTION_CLOSED',
      });
    }
  });

  test('has sent and taken nothing by all that', () => {
    expect(b.pollSync()).toBe(false);
    expect(a.recvSync()).toBe('there');
    b.sendSync('there');
  });
});

test('what can not be sent is refused within the call, with its path', async () => {
  const [a, b] = Pipe();
  const bad = { list: [1, new WeakMap()] };
  expect(() => a.sendSync(bad)).toThrow(SerializationError);
  await expect(a.send(bad)).rejects.toMatchObject({ path: 'item.list[1]' });
  expect(b.pollSync()).toBe(false);
});

test.each([undefined, null, 'text', [1], new ArrayBuffer(1), new Float64Array(1), 5])(
  'what is no Uint8Array is no bytes: %s',
  async (bytes) => {
    const [a, b] = Pipe();
    expect(() => a.sendBytesSync(bytes as never)).toThrow(TypeError);
    await expect(a.sendBytes(bytes as never)).rejects.toThrow(/bytes/);
    expect(b.pollSync()).toBe(false);
  },
);

test('a handle of another tree is refused', async () => {
  expect(await result('foreign-handles')).toEqual(['ERR_SERIALIZATION', 'ERR_SERIALIZATION', 'ERR_FOREIGN_HANDLE']);
});
