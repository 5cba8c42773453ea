// Timeouts, aborts, polls, close while waiting: none of them loses or takes a message.
import { describe, expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import { Pipe, Process, TimeoutError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

/** Fills a pipe to the last byte; how many messages it took. */
function fill(conn: Connection): number {
  let sent = 0;
  for (const size of [1024, 0]) {
    try {
      for (;;) {
        conn.sendBytesSync(new Uint8Array(size), { timeout: 0 });
        sent++;
      }
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
  return sent;
}

describe('timeouts', () => {
  test('of recv in every form', async () => {
    const [a] = Pipe();
    await expect(a.recv({ timeout: 0 })).rejects.toThrow(TimeoutError);
    await expect(a.recv({ timeout: 30 })).rejects.toThrow(TimeoutError);
    await expect(a.recvBytes({ timeout: 30 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(() => a.recvSync({ timeout: 30 })).toThrow(TimeoutError);
    expect(() => a.recvBytesSync({ timeout: 0 })).toThrow(TimeoutError);
  });

  test('of send in every form, where the pipe is full; then there is room again', async () => {
    const [a, b] = Pipe();
    const sent = fill(a);
    expect(sent).toBeGreaterThanOrEqual(64);
    expect(sent).toBeLessThan(4096);
    await expect(a.send(1, { timeout: 0 })).rejects.toThrow(TimeoutError);
    await expect(a.send('x'.repeat(1024), { timeout: 30 })).rejects.toThrow(TimeoutError);
    await expect(a.sendBytes(new Uint8Array(1 << 20), { timeout: 30 })).rejects.toThrow(TimeoutError);
    expect(() => a.sendSync('x'.repeat(1024), { timeout: 30 })).toThrow(TimeoutError);
    for (let i = 0; i < sent; i++) b.recvBytesSync({ timeout: 0 });
    expect(b.pollSync()).toBe(false);
    await a.send('after', { timeout: 0 });
    expect(await b.recv({ timeout: 0 })).toBe('after');
  });

  test('that a send comes in time for', async () => {
    const [a, b] = Pipe();
    const sent = fill(a);
    const waiting = a.send('late', { timeout: 60_000 });
    for (let i = 0; i < sent; i++) await b.recvBytes();
    await waiting;
    expect(await b.recv()).toBe('late');
  });
});

describe('poll', () => {
  test.each(['poll', 'pollSync'] as const)('%s() without a timeout looks now', async (name) => {
    const [a, b] = Pipe();
    expect(await a[name]()).toBe(false);
    expect(await a[name]({})).toBe(false);
    expect(await a[name]({ timeout: 20 })).toBe(false);
    b.sendSync(1);
    expect(await a[name]()).toBe(true);
    expect(await a[name]({ timeout: Infinity })).toBe(true);
    expect(a.recvSync()).toBe(1);
    expect(await a[name]({ timeout: 0 })).toBe(false);
  });

  test('waits until something comes', async () => {
    const [a, b] = Pipe();
    const polls = Promise.all([a.poll({ timeout: Infinity }), a.poll({ timeout: 60_000 })]);
    const target = (conn: Connection) => {
      const readable = conn.pollSync({ timeout: Infinity });
      conn.sendSync(readable);
    };
    const child = new Process({ target, args: [b] }).start();
    a.sendSync('go');
    expect(await polls).toEqual([true, true]);
    expect(await a.recv()).toBe(true);
    expect(await child.join()).toBe(0);
  });
});

describe('aborts', () => {
  test('of recv leave the message to others', async () => {
    const [a, b] = Pipe();
    const controller = new AbortController();
    const aborted = expect(a.recv({ signal: controller.signal })).rejects.toBe('no more');
    const next = a.recv();
    controller.abort('no more');
    await aborted;
    b.sendSync('for the next');
    expect(await next).toBe('for the next');
  });

  test('of send send nothing', async () => {
    const [a, b] = Pipe();
    const sent = fill(a);
    const controller = new AbortController();
    const aborted = expect(a.send('never', { signal: controller.signal })).rejects.toBe('no more');
    const after = a.send('after');
    controller.abort('no more');
    await aborted;
    for (let i = 0; i < sent; i++) b.recvBytesSync();
    await after;
    expect(b.recvSync()).toBe('after');
    expect(b.pollSync()).toBe(false);
  });

  test('before the call reject, also where it could be done at once', async () => {
    const [a, b] = Pipe();
    b.sendSync(1);
    const signal = AbortSignal.abort('before');
    for (const call of [a.recv({ signal }), a.send(1, { signal }), a.poll({ signal }), a.recvBytes({ signal })]) {
      await expect(call).rejects.toBe('before');
    }
    expect(a.recvSync()).toBe(1);
    expect(b.pollSync()).toBe(false);
  });
});

test('close() rejects what is pending here', async () => {
  const [a, b] = Pipe();
  fill(a);
  const pending = [a.recv(), a.poll({ timeout: Infinity }), a.send(1), a.recvBytes()].map((call) =>
    expect(call).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' }),
  );
  a.close();
  await Promise.all(pending);
  expect(b.recvBytesSync()).toHaveLength(1024);
});

test('1,000 pending receives take no thread, and get what comes in order', async () => {
  const [a, b] = Pipe<number>();
  const received = Promise.all(Array.from({ length: 1000 }, () => a.recv()));
  for (let i = 0; i < 1000; i++) await b.send(i);
  expect(await received).toEqual(Array.from({ length: 1000 }, (_, i) => i));
});
