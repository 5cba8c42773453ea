// What is sent into one end of a pipe comes out at the other, whole and in order.
import { describe, expect, test } from 'vitest';
import { Connection, Pipe, Process, SerializationError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

describe('the flags of the ends', () => {
  test('of a duplex pipe: both read and write', () => {
    for (const end of Pipe()) {
      expect(end).toBeInstanceOf(Connection);
      expect([end.readable, end.writable, end.closed]).toEqual([true, true, false]);
    }
    expect(Pipe({ duplex: true })).toHaveLength(2);
  });

  test('of one that is not: a reader and a writer', () => {
    const [reader, writer] = Pipe({ duplex: false });
    expect([reader.readable, reader.writable]).toEqual([true, false]);
    expect([writer.readable, writer.writable]).toEqual([false, true]);
  });
});

test('objects arrive as copies, in order, both ways', async () => {
  const [a, b] = Pipe<unknown>();
  const items = [null, 0, 'text', { deep: [1, { x: 2n }] }, new Map([[1, new Set('ab')]]), [, 1], new Error('e')];
  for (const item of items) a.sendSync(item);
  for (const item of items) await b.send(item);
  for (const item of items) {
    expect(await b.recv()).toEqual(item);
    expect(a.recvSync()).toEqual(item);
  }
  const [sent] = [{ n: 1 }];
  a.sendSync(sent);
  sent.n = 2;
  expect(b.recvSync()).toEqual({ n: 1 });
});

test('bytes arrive as they were sent, empty ones too', async () => {
  const [a, b] = Pipe();
  for (const length of [0, 1, 7, 8, 1000, 16_383, 16_384, 65_535, 65_536, 1 << 20]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    a.sendBytesSync(bytes);
    const got = await b.recvBytes();
    expect(got.constructor).toBe(Uint8Array);
    expect(Buffer.compare(got, bytes)).toBe(0);
    await b.sendBytes(Buffer.from(bytes));
    expect(Buffer.compare(a.recvBytesSync(), bytes)).toBe(0);
  }
  a.sendBytesSync(new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
  expect([...b.recvBytesSync()]).toEqual([2, 3]);
});

test('what was received does not change when more is', () => {
  const [a, b] = Pipe();
  for (let i = 0; i < 10; i++) a.sendBytesSync(new Uint8Array(50).fill(i));
  const got = Array.from({ length: 10 }, () => b.recvBytesSync());
  got.forEach((bytes, i) => expect(bytes.every((byte) => byte === i)).toBe(true));
});

test('bytes are no item, and an item is no bytes: a typed error, and the next message comes', async () => {
  const [a, b] = Pipe();
  a.sendBytesSync(new Uint8Array([1]));
  a.sendSync('item');
  a.sendSync('last');
  await expect(b.recv()).rejects.toThrow(SerializationError);
  expect(() => b.recvBytesSync()).toThrow(SerializationError);
  expect(b.recvSync()).toBe('last');
});

test('functions travel', async () => {
  const [a, b] = Pipe();
  const factor = 3;
  a.sendSync((n: number) => n * factor);
  expect((await b.recv())(7)).toBe(21);
});

test('a child echoes, in each of the forms', async () => {
  const [here, there] = Pipe();
  const child = new Process({
    target: async (conn: Connection) => {
      for (;;) {
        const item = await conn.recv();
        if (item === null) break;
        await conn.send(item);
        conn.sendBytesSync(conn.recvBytesSync());
      }
    },
    args: [there],
  }).start();
  for (let i = 0; i < 50; i++) {
    here.sendSync({ i });
    expect(await here.recv()).toEqual({ i });
    await here.sendBytes(new Uint8Array([i]));
    expect([...here.recvBytesSync()]).toEqual([i]);
  }
  here.sendSync(null);
  expect(await child.join()).toBe(0);
});

test('a pipe holds at least 64 KiB, in messages of any size, and any one message', () => {
  for (const size of [8, 100, 1000, 16 << 10, 30_000, 64 << 10]) {
    const [a, b] = Pipe();
    const bytes = new Uint8Array(size);
    for (let sent = 0; sent + size <= 64 << 10; sent += size) a.sendBytesSync(bytes, { timeout: 0 });
    expect(b.recvBytesSync()).toHaveLength(size);
  }
  const [a, b] = Pipe();
  a.sendBytesSync(new Uint8Array(20 << 20), { timeout: 0 });
  expect(b.recvBytesSync()).toHaveLength(20 << 20);
});

test('items of one sender stay in order, awaited and not, while the pipe is full again and again', async () => {
  const [a, b] = Pipe<{ i: number; text: string }>();
  const target = async (conn: Connection) => {
    for (let i = 0; i < 600; i++) {
      const item = await conn.recv();
      if (item.i !== i) throw new Error(`${item.i} in the place of ${i}`);
    }
  };
  const child = new Process({ target, args: [b] }).start();
  const sends = [];
  for (let i = 0; i < 600; i++) sends.push(a.send({ i, text: 'x'.repeat((i * 997) % 40_000) }));
  await Promise.all(sends);
  expect(await child.join()).toBe(0);
});

test('many writers and readers of one pipe: each message comes once', async () => {
  const [reader, writer] = Pipe<number>({ duplex: false });
  const [results, result] = Pipe<number[]>({ duplex: false });
  const write = (conn: Connection, from: number) => {
    for (let i = 0; i < 300; i++) conn.sendSync(from + i);
  };
  const read = async (conn: Connection, out: Connection) => {
    const got = [];
    for await (const item of conn) got.push(item);
    out.sendSync(got);
  };
  const writers = [0, 300, 600].map((from) => new Process({ target: write, args: [writer, from] }).start());
  const readers = [1, 2].map(() => new Process({ target: read, args: [reader, result] }).start());
  writer.close();
  reader.close();
  result.close();
  const all: number[] = [];
  for await (const got of results) {
    expect([...got].filter((n) => n < 300)).toEqual([...got].filter((n) => n < 300).sort((x, y) => x - y));
    all.push(...got);
  }
  expect(all.sort((x, y) => x - y)).toEqual(Array.from({ length: 900 }, (_, i) => i));
  for (const child of [...writers, ...readers]) expect(await child.join()).toBe(0);
});
