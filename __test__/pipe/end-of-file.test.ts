// The end of file comes when nobody has the other end any more, however that came about, and after all that was sent.
import { describe, expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import { EndOfFileError, Pipe, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { die, threads } from '../support/start-method';

noLeaks();

async function expectEnd(reader: Connection): Promise<void> {
  await expect(reader.recv()).rejects.toThrow(EndOfFileError);
  expect(() => reader.recvSync()).toThrow(EndOfFileError);
  await expect(reader.recvBytes()).rejects.toMatchObject({ code: 'ERR_EOF' });
  expect(await reader.poll()).toBe(true);
  expect(reader.pollSync()).toBe(true);
}

test('after close() of the other end, once all is read', async () => {
  const [a, b] = Pipe();
  b.sendSync(1);
  b.sendSync(2);
  b.close();
  expect(await a.recv()).toBe(1);
  expect(a.recvSync()).toBe(2);
  await expectEnd(a);
});

test('for those that wait already, blocked or awaiting', async () => {
  const [a, b] = Pipe();
  const awaiting = expect(a.recv()).rejects.toThrow(EndOfFileError);
  const blocked = new Process({
    target: (conn: Connection) => {
      try {
        conn.recvSync();
      } catch (error) {
        process.exitCode = (error as { code: string }).code === 'ERR_EOF' ? 7 : 8;
      }
    },
    args: [a],
  }).start();
  setTimeout(() => b.close(), 300);
  await awaiting;
  expect(await blocked.join()).toBe(7);
});

test('iteration ends', async () => {
  const [a, b] = Pipe<number>();
  for (const n of [1, 2, 3]) b.sendSync(n);
  b.close();
  const got = [];
  for await (const n of a) got.push(n);
  expect(got).toEqual([1, 2, 3]);
});

describe('the last process that had the other end is gone', () => {
  test.each(['return', 'close', 'throw', 'exit', 'death', ...(threads ? [] : ['abort'])])('by %s', async (way) => {
    const [reader, writer] = Pipe<number>({ duplex: false });
    const target = (conn: Connection, how: string) => {
      for (let i = 0; i < 100; i++) conn.sendSync(i);
      if (how === 'close') conn.close();
      if (how === 'throw') throw new Error('after it sent');
      if (how === 'exit') process.exit(3);
      if (how === 'abort') process.abort();
      if (how === 'death') die();
    };
    const child = new Process({ target, args: [writer, way] }).start();
    writer.close();
    const got = [];
    for await (const n of reader) got.push(n);
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => i));
    await child.join();
  });

  test('and not before the last', async () => {
    const [reader, writer] = Pipe({ duplex: false });
    const [go, wait] = [new Queue(), (conn: Connection, q: Queue) => (q.getSync(), conn.sendSync('late'))];
    const children = [1, 2, 3].map(() => new Process({ target: wait, args: [writer, go] }).start());
    writer.close();
    children[0].kill();
    await children[0].join();
    await expect(reader.recv({ timeout: 300 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    go.putSync(1);
    go.putSync(1);
    expect([await reader.recv(), await reader.recv()]).toEqual(['late', 'late']);
    await expectEnd(reader);
    for (const child of children) await child.join();
  });
});

describe('a sender whose reader is gone', () => {
  test('gets EndOfFileError in every form', async () => {
    const [reader, writer] = Pipe({ duplex: false });
    reader.close();
    await expect(writer.send(1)).rejects.toThrow(EndOfFileError);
    await expect(writer.sendBytes(new Uint8Array(1))).rejects.toThrow(EndOfFileError);
    expect(() => writer.sendSync(1)).toThrow(EndOfFileError);
    expect(() => writer.sendBytesSync(new Uint8Array(1))).toThrow(EndOfFileError);
    expect(() => writer.sendSync('x'.repeat(1 << 20))).toThrow(EndOfFileError);
  });

  test.each([1000, 1 << 20])('also where it waits for room, in messages of %i bytes', async (size) => {
    const [reader, writer] = Pipe({ duplex: false });
    const target = (conn: Connection, bytes: number) => {
      try {
        for (;;) conn.sendBytesSync(new Uint8Array(bytes));
      } catch (error) {
        process.exitCode = (error as { code: string }).code === 'ERR_EOF' ? 7 : 8;
      }
    };
    const child = new Process({ target, args: [writer, size] }).start();
    const fill = async () => {
      for (;;) await writer.sendBytes(new Uint8Array(size));
    };
    const filling = expect(fill()).rejects.toThrow(EndOfFileError);
    await reader.recvBytes();
    setTimeout(() => reader.close(), 300);
    await filling;
    expect(await child.join()).toBe(7);
  });

  test('which was killed', async () => {
    const [here, there] = Pipe();
    const child = new Process({ target: (conn: Connection) => void conn.recvSync(), args: [there] }).start();
    there.close();
    child.kill();
    await child.join();
    const send = async () => {
      for (;;) await here.send('x');
    };
    await expect(send()).rejects.toThrow(EndOfFileError);
  });
});

test('of a duplex pipe both directions end', async () => {
  const [a, b] = Pipe();
  a.sendSync('left over');
  a.close();
  expect(b.recvSync()).toBe('left over');
  expect(() => b.sendSync(1)).toThrow(EndOfFileError);
  expect(() => b.recvSync()).toThrow(EndOfFileError);
});
