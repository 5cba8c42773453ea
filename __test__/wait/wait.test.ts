// wait() gives those of many that are ready: processes that ended, connections and queues that can be read.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import { JoinableQueue, Pipe, Process, Queue, SimpleQueue, wait, waitSync } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

/** The very same objects. (A comparison by value would iterate over queues, and wait.) */
function same(got: readonly unknown[], expected: readonly unknown[]): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((item, i) => expect(item === expected[i], `item ${i}`).toBe(true));
}

/** Both forms, as one that is awaited. */
const FORMS = {
  wait,
  waitSync: (async (on: never, options: never) => waitSync(on, options)) as unknown as typeof wait,
};

describe.each(Object.entries(FORMS))('%s()', (_, form) => {
  test('gives those that are ready, in the order given, and leaves them ready', async () => {
    const [a, b] = Pipe();
    const [c] = Pipe();
    const [full, empty] = [new Queue(), new Queue()];
    b.sendSync(1);
    full.putSync(1);
    same(await form([c, full, empty, a]), [full, a]);
    same(await form([c, full, empty, a]), [full, a]);
    expect(a.recvSync()).toBe(1);
    same(await form([a, full]), [full]);
  });

  test('gives none at the timeout; a timeout of 0 looks once', async () => {
    const [a, b] = Pipe();
    same(await form([a, new Queue()], { timeout: 0 }), []);
    same(await form([a, new Queue()], { timeout: 50 }), []);
    b.sendSync(1);
    same(await form([a], { timeout: 0 }), [a]);
  });

  test('of nothing gives nothing', async () => {
    same(await form([]), []);
    same(await form([], { timeout: 10 }), []);
  });

  test('takes any iterable, and each only once', async () => {
    const queue = new Queue();
    queue.putSync(1);
    same(await form(new Set([queue])), [queue]);
    same(await form([queue, queue]), [queue]);
  });

  test('a closed queue and a pipe at its end can be read', async () => {
    const queue = new Queue();
    queue.close();
    const [a, b] = Pipe();
    b.close();
    same(await form([queue, a]), [queue, a]);
  });

  test('queues of every class', async () => {
    const [simple, joinable] = [new SimpleQueue(), new JoinableQueue()];
    simple.putSync(1);
    joinable.putSync(2);
    same(await form([simple, joinable]), [simple, joinable]);
  });

  test('is woken by what another process sends, puts, and by its end', async () => {
    const [a, b] = Pipe();
    const queue = new Queue();
    const go = new Queue();
    const child = new Process({
      target: (conn: Connection, q: Queue, from: Queue) => {
        from.getSync();
        conn.sendSync('sent');
        from.getSync();
        q.putSync('put');
        from.getSync();
      },
      args: [b, queue, go],
    }).start();
    same(await form([a, queue, child], { timeout: 0 }), []);
    go.putSync(1);
    same(await form([a, queue, child]), [a]);
    expect(a.recvSync()).toBe('sent');
    go.putSync(1);
    same(await form([a, queue, child.sentinel]), [queue]);
    expect(queue.getSync()).toBe('put');
    go.putSync(1);
    const { sentinel } = child;
    same(await form([a, queue, sentinel]), [sentinel]);
    same(await form([child, sentinel]), [child, sentinel]);
    expect(sentinel.ready).toBe(true);
    expect(child.exitCode).toBe(0);
  });

  test('is woken by a death', async () => {
    const [a, b] = Pipe();
    const child = new Process({ target: (conn: Connection) => void conn.recvSync(), args: [b] }).start();
    b.close();
    if (form === FORMS.waitSync) child.kill();
    else setTimeout(() => child.kill(), 100);
    const ready = await form([a, child]);
    expect(ready.length).toBeGreaterThan(0);
    expect(await child.join()).toBe(-9);
    same(await form([a]), [a]);
  });

  test('Python: words of five writers, each closed in turn', async () => {
    const readers: Connection[] = [];
    for (let i = 0; i < 5; i++) {
      const [reader, writer] = Pipe({ duplex: false });
      readers.push(reader);
      const target = (conn: Connection, n: number) => {
        for (let j = 0; j < 10; j++) conn.sendSync([j, n]);
        conn.close();
      };
      new Process({ target, args: [writer, i], daemon: true }).start();
      writer.close();
    }
    const messages: number[][] = [];
    let open = readers;
    while (open.length > 0) {
      for (const reader of await form(open)) {
        try {
          messages.push(reader.recvSync());
        } catch {
          open = open.filter((other) => other !== reader);
          reader.close();
        }
      }
    }
    messages.sort(([a, b], [c, d]) => a - c || b - d);
    expect(messages).toEqual(Array.from({ length: 50 }, (_, i) => [Math.floor(i / 5), i % 5]));
  });
});

test('hundreds of pipes, one of which becomes ready: no thread each', async () => {
  const pipes = Array.from({ length: 400 }, () => Pipe());
  const threads = () => readdirSync('/proc/self/task').length;
  const before = threads();
  const ends = pipes.map(([a]) => a);
  const pending = wait(ends);
  const many = Array.from({ length: 100 }, () => wait(ends));
  expect(threads()).toBeLessThanOrEqual(before);
  setTimeout(() => pipes[333][1].sendSync('x'), 20);
  expect(await pending).toEqual([ends[333]]);
  for (const ready of await Promise.all(many)) same(ready, [ends[333]]);
});

test('waiting costs no polling', async () => {
  const { milliseconds } = await result('wait-idle', [2000]);
  // CPU time of 2 s of waiting for 300 pipes, beside what the program costs itself.
  expect(milliseconds).toBeLessThan(200);
});

test('an abort rejects with the reason, and leaves no trace', async () => {
  const [a, b] = Pipe();
  const controller = new AbortController();
  const aborted = expect(wait([a], { signal: controller.signal })).rejects.toBe('stop');
  controller.abort('stop');
  await aborted;
  b.sendSync(1);
  same(await wait([a], { timeout: 1000 }), [a]);
  await expect(wait([a], { signal: AbortSignal.abort('before') })).rejects.toBe('before');
});

test('a connection that is closed during the wait rejects it', async () => {
  const [a] = Pipe();
  const waiting = expect(wait([a])).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' });
  a.close();
  await waiting;
});

describe('bad arguments', () => {
  const closed = Pipe()[0];
  closed.close();
  const wrong: [name: string, on: unknown, type: Function | string][] = [
    ['no iterable', 5, TypeError],
    ['undefined', undefined, TypeError],
    ['a foreign object', [{}], TypeError],
    ['something that looks like a sentinel', [{ ready: true }], TypeError],
    ['null', [null], TypeError],
    ['a closed connection', [closed], 'ERR_CONNECTION_CLOSED'],
    ['the writing end of a pipe', [Pipe({ duplex: false })[1]], 'ERR_NOT_READABLE'],
    ['a process that was not started', [new Process({ target: () => {} })], 'ERR_PROCESS_NOT_STARTED'],
  ];
  test.each(wrong)('%s', async (_, on, type) => {
    const expected = typeof type === 'string' ? expect.objectContaining({ code: type }) : type;
    await expect(wait(on as never)).rejects.toThrow(expected as never);
    expect(() => waitSync(on as never)).toThrow(expected as never);
  });
  test.each([-1, NaN, -Infinity])('a timeout of %s', async (timeout) => {
    await expect(wait([new Queue()], { timeout })).rejects.toThrow(RangeError);
    expect(() => waitSync([new Queue()], { timeout })).toThrow(RangeError);
  });
  test('a signal that is none', async () => {
    await expect(wait([new Queue()], { signal: {} as never })).rejects.toThrow(TypeError);
  });
});
