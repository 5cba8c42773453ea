// What Python's own tests of connections and of wait() show (Lib/test/_test_multiprocessing.py), by the same names.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import { EndOfFileError, Pipe, Process, Semaphore, wait, waitSync } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (of: string) => new TextEncoder().encode(of);

/** Sends back what it gets, until it gets nothing. */
const echo = (conn: Connection) => {
  for (let got = conn.recvBytesSync(); got.length > 0; got = conn.recvBytesSync()) conn.sendBytesSync(got);
  conn.close();
};

test('connection', async () => {
  const [conn, there] = Pipe();
  const child = new Process({ target: echo, args: [there] }).start();
  there.close();
  await conn.sendBytes(bytes('hello world'));
  expect(text(await conn.recvBytes())).toBe('hello world');
  for (const timeout of [undefined, 0, 50]) {
    const begun = performance.now();
    expect(conn.pollSync({ timeout })).toBe(false);
    expect(await conn.poll({ timeout })).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * (timeout ?? 0) - 2);
  }
  conn.sendBytesSync(bytes('x'));
  expect(conn.pollSync({ timeout: 60_000 })).toBe(true);
  expect(text(conn.recvBytesSync())).toBe('x');
  const large = new Uint8Array(16 << 20).fill(88);
  conn.sendBytesSync(large);
  expect(Buffer.compare(conn.recvBytesSync(), large)).toBe(0);
  conn.sendBytesSync(new Uint8Array());
  expect([conn.readable, conn.writable]).toEqual([true, true]);
  expect(() => conn.recvSync()).toThrow(EndOfFileError);
  expect(() => conn.recvBytesSync()).toThrow(EndOfFileError);
  expect(await child.join()).toBe(0);
});

test('send gives nothing; null and undefined are items', async () => {
  const [a, b] = Pipe();
  expect(await a.send([1, 2.25, null])).toBeUndefined();
  expect(a.sendSync(null)).toBeUndefined();
  a.sendSync(undefined);
  expect([b.recvSync(), await b.recv(), await b.recv()]).toEqual([[1, 2.25, null], null, undefined]);
});

test('duplex_false', async () => {
  const [reader, writer] = Pipe<number>({ duplex: false });
  writer.sendSync(1);
  expect(reader.recvSync()).toBe(1);
  expect([reader.readable, reader.writable, writer.readable, writer.writable]).toEqual([true, false, false, true]);
  expect(() => reader.sendSync(2 as never)).toThrow(expect.objectContaining({ code: 'ERR_NOT_WRITABLE' }));
  expect(() => writer.recvSync()).toThrow(expect.objectContaining({ code: 'ERR_NOT_READABLE' }));
  expect(() => writer.pollSync()).toThrow(expect.objectContaining({ code: 'ERR_NOT_READABLE' }));
  await expect(writer.poll()).rejects.toMatchObject({ code: 'ERR_NOT_READABLE' });
});

test('a closed connection is refused for every use', async () => {
  const [a] = Pipe();
  a.close();
  a.close();
  expect(a.closed).toBe(true);
  for (const use of [() => a.sendSync(1), () => a.recvSync(), () => a.pollSync(), () => a.recvBytesSync()]) {
    expect(use).toThrow(expect.objectContaining({ code: 'ERR_CONNECTION_CLOSED' }));
  }
});

describe('poll', () => {
  test('empty_string', async () => {
    const [a, b] = Pipe();
    expect(a.pollSync()).toBe(false);
    b.sendBytesSync(new Uint8Array());
    expect(a.pollSync()).toBe(true);
    expect(await a.poll()).toBe(true);
    expect(a.recvBytesSync()).toHaveLength(0);
    expect(await a.poll()).toBe(false);
  });

  test('strings', async () => {
    const strings = ['hello', '', 'a', 'b', '', 'bye', '', 'lop'];
    const [a, b] = Pipe();
    const target = async (conn: Connection, all: string[]) => {
      for (const one of all) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        conn.sendBytesSync(new TextEncoder().encode(one));
      }
      conn.close();
    };
    const child = new Process({ target, args: [b, strings] }).start();
    for (const one of strings) {
      for (let i = 0; i < 2000 && !a.pollSync({ timeout: 10 }); i++);
      expect(text(a.recvBytesSync())).toBe(one);
    }
    expect(await child.join()).toBe(0);
  });

  test('boundaries: one that polls takes nothing', async () => {
    const [reader, writer] = Pipe({ duplex: false });
    const target = (conn: Connection) => void conn.pollSync({ timeout: 60_000 });
    const child = new Process({ target, args: [reader as Connection] }).start();
    await sleep(200);
    writer.sendBytesSync(bytes('first'));
    writer.sendBytesSync(bytes('second'));
    writer.close();
    expect(await child.join()).toBe(0);
    expect([text(reader.recvBytesSync()), text(reader.recvBytesSync())]).toEqual(['first', 'second']);
  });

  test('dont_merge', async () => {
    const [a, b] = Pipe();
    const target = (conn: Connection) => {
      for (const one of ['a', 'b', 'cd']) conn.sendBytesSync(new TextEncoder().encode(one));
    };
    const child = new Process({ target, args: [b] }).start();
    for (const one of ['a', 'b', 'cd']) {
      expect(a.pollSync({ timeout: 60_000 })).toBe(true);
      expect(await a.poll({ timeout: 60_000 })).toBe(true);
      expect(text(a.recvBytesSync())).toBe(one);
    }
    expect(await child.join()).toBe(0);
  });

  test('is true at the end of file', async () => {
    const [a, b] = Pipe();
    b.close();
    expect(a.pollSync()).toBe(true);
    expect(await a.poll({ timeout: 60_000 })).toBe(true);
    expect(() => a.recvSync()).toThrow(EndOfFileError);
  });
});

/** The very same objects. */
const same = (got: readonly unknown[], expected: readonly unknown[]) =>
  expect(got.map((one) => expected.indexOf(one))).toEqual(expected.map((_, i) => i));

describe('wait', () => {
  test('wait_timeout', async () => {
    const [a, b] = Pipe();
    const begun = performance.now();
    expect(waitSync([a, b], { timeout: 100 })).toEqual([]);
    expect(await wait([a, b], { timeout: 100 })).toEqual([]);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(198);
    b.sendSync(null);
    same(waitSync([a, b], { timeout: 60_000 }), [a]);
    same(await wait([a, b], { timeout: 60_000 }), [a]);
  });

  test('wait_integer: a sentinel among connections', async () => {
    const began = new Semaphore(0);
    const target = (sem: Semaphore) => {
      sem.release();
      return new Promise((resolve) => setTimeout(resolve, 300));
    };
    const child = new Process({ target, args: [began] }).start();
    const [a, b] = Pipe();
    await began.acquire();
    same(await wait([a, child.sentinel, b], { timeout: 60_000 }), [child.sentinel]);
    a.sendSync(null);
    same(await wait([a, child.sentinel, b], { timeout: 60_000 }), [child.sentinel, b]);
    b.sendSync(null);
    same(waitSync([a, child.sentinel, b], { timeout: 60_000 }), [a, child.sentinel, b]);
    expect(await child.join()).toBe(0);
  });
});
