// An end can be handed on. It is open as long as anybody has it, be it a message that nobody has taken yet.
import { describe, expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import { EndOfFileError, Pipe, Pool, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';
import { DIED, die } from '../support/start-method';

noLeaks();

/** Takes an end out of a queue or pipe, and answers through it. */
async function answer(from: Queue<Connection> | Connection<never, Connection>): Promise<void> {
  const conn = 'get' in from ? await from.get() : await from.recv();
  conn.sendSync('answer');
}

describe('an end whose sender has closed it is open', () => {
  test('in a queue', async () => {
    const queue = new Queue<Connection>();
    const [a, b] = Pipe();
    queue.putSync(b);
    b.close();
    await expect(a.recv({ timeout: 300 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const child = new Process({ target: answer, args: [queue] }).start();
    expect(await a.recv()).toBe('answer');
    await expect(a.recv()).rejects.toThrow(EndOfFileError);
    expect(await child.join()).toBe(0);
  });

  test('in a pipe', async () => {
    const [near, far] = Pipe<Connection, never>();
    const [a, b] = Pipe();
    near.sendSync(b);
    b.close();
    expect(await a.poll({ timeout: 300 })).toBe(false);
    const child = new Process({ target: answer, args: [far as never] }).start();
    expect(await a.recv()).toBe('answer');
    await expect(a.recv()).rejects.toThrow(EndOfFileError);
    expect(await child.join()).toBe(0);
  });

  test('on its way to a child, which has not booted yet', async () => {
    const [a, b] = Pipe();
    const child = new Process({ target: (conn: Connection) => conn.sendSync(1), args: [b] }).start();
    b.close();
    expect(await a.recv()).toBe(1);
    await expect(a.recv()).rejects.toThrow(EndOfFileError);
    expect(await child.join()).toBe(0);
  });

  test('captured by a function', async () => {
    const [a, b] = Pipe();
    const child = new Process({ target: () => b.sendSync('captured') }).start();
    b.close();
    expect(await a.recv()).toBe('captured');
    await expect(a.recv()).rejects.toThrow(EndOfFileError);
    expect(await child.join()).toBe(0);
  });

  test('through many hands, each of which closes it', async () => {
    const hops = Array.from({ length: 4 }, () => new Queue<Connection>());
    const pass = async (from: Queue<Connection>, to: Queue<Connection>) => {
      const conn = await from.get();
      to.putSync(conn);
      conn.close();
    };
    const children = hops.slice(1).map((to, i) => new Process({ target: pass, args: [hops[i], to] }).start());
    const [a, b] = Pipe();
    hops[0].putSync(b);
    b.close();
    for (const child of children) expect(await child.join()).toBe(0);
    // All that had it are gone. It is in the last queue.
    expect(await a.poll({ timeout: 300 })).toBe(false);
    const last = await hops[3].get();
    last.sendSync('still open');
    last.close();
    expect(await a.recv()).toBe('still open');
    await expect(a.recv()).rejects.toThrow(EndOfFileError);
  });
});

test('what was sent before an end was handed on is read by the one that gets it', async () => {
  const queue = new Queue<Connection>();
  const results = new Queue();
  const [a, b] = Pipe();
  a.sendSync(1);
  a.sendSync('x'.repeat(100_000));
  queue.putSync(b);
  b.close();
  a.close();
  const target = async (q: Queue<Connection>, out: Queue) => {
    const conn = await q.get();
    for await (const item of conn) out.putSync(item);
    out.close();
  };
  const child = new Process({ target, args: [queue, results] }).start();
  expect([await results.get(), (await results.get()).length]).toEqual([1, 100_000]);
  expect(await child.join()).toBe(0);
  expect(results.closed).toBe(true);
});

test('an end that lay in a queue which nobody has any more is gone', async () => {
  const [a, b] = Pipe();
  const target = (conn: Connection) => {
    new Queue().putSync(conn);
  };
  const child = new Process({ target, args: [b] }).start();
  b.close();
  expect(await child.join()).toBe(0);
  await expect(a.recv()).rejects.toThrow(EndOfFileError);
});

test('an end whose sender was killed after it was put is open, and arrives', async () => {
  const queue = new Queue<Connection>();
  const [a, b] = Pipe();
  const target = (q: Queue<Connection>, conn: Connection) => {
    q.putSync(conn);
    die();
  };
  const child = new Process({ target, args: [queue, b] }).start();
  b.close();
  expect(await child.join()).toBe(DIED);
  const conn = await queue.get();
  await conn.send('made it');
  conn.close();
  expect(await a.recv()).toBe('made it');
  await expect(a.recv()).rejects.toThrow(EndOfFileError);
});

test('a taker that is killed at once closes it', async () => {
  const queue = new Queue<Connection>();
  const [a, b] = Pipe();
  queue.putSync(b);
  b.close();
  const target = (q: Queue<Connection>) => {
    q.getSync();
    die();
  };
  const child = new Process({ target, args: [queue] }).start();
  await expect(a.recv()).rejects.toThrow(EndOfFileError);
  await child.join();
});

test('a process that only passes an end on, and then is busy elsewhere, does not keep it open', async () => {
  const queue = new Queue<Connection>();
  const [a, b] = Pipe();
  const done = new Queue();
  // Sends it on, closes it, and lives on without another call of the library.
  const pass = (q: Queue<Connection>, conn: Connection, until: Queue) => {
    q.putSync(conn);
    conn.close();
    return until.get();
  };
  const passer = new Process({ target: pass, args: [queue, b, done] }).start();
  b.close();
  const taker = new Process({ target: answer, args: [queue] }).start();
  expect(await a.recv()).toBe('answer');
  await expect(a.recv()).rejects.toThrow(EndOfFileError);
  done.putSync(1);
  expect(await passer.join()).toBe(0);
  expect(await taker.join()).toBe(0);
});

test('as arguments and results of tasks', async () => {
  const pool = new Pool(2);
  try {
    const [a, b] = Pipe<number>();
    await Promise.all([1, 2, 3].map((n) => pool.apply((conn: Connection, x: number) => conn.sendSync(x), [b, n])));
    expect([await a.recv(), await a.recv(), await a.recv()].sort()).toEqual([1, 2, 3]);
    const made = await pool.apply((conn: Connection) => ({ same: conn }), [b]);
    await made.same.send(4);
    expect(await a.recv()).toBe(4);
  } finally {
    await pool.terminate();
  }
});

test('the same end twice in one process is one object', () => {
  const queue = new Queue<Connection>();
  const [a, b] = Pipe();
  queue.putSync(a);
  queue.putSync(b);
  expect([queue.getSync(), queue.getSync()]).toEqual([a, b]);
});

test('a closed end can not be sent', async () => {
  const queue = new Queue<Connection>();
  const [a] = Pipe();
  a.close();
  expect(() => queue.putSync(a)).toThrow(/closed/);
  expect(queue.size).toBe(0);
});

test('both ends dropped and collected: the pipe is freed, and a reader hears of it', async () => {
  const { made, left, received } = await result('pipes-dropped', [], { execArgv: ['--expose-gc'] });
  expect(received).toBe('ERR_EOF');
  expect(made).toBeGreaterThanOrEqual(4 * 199);
  expect(left).toBeLessThanOrEqual(4);
});
