// SIGKILLs at random moments, of those who send, receive, and hand ends on. No message is lost or comes twice, no reader hangs.
// MULTIPROC_KILLS=1000 for the long form, MULTIPROC_SEED to repeat a run.
import { expect, test } from 'vitest';
import type { Connection } from 'multiproc';
import { EndOfFileError, Pipe, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { randomFrom } from '../support/random.mjs';

noLeaks();

const kills = Number(process.env.MULTIPROC_KILLS ?? 10);
const seed = Number(process.env.MULTIPROC_SEED ?? Date.now() % 1_000_000);
const timeout = 120_000 + kills * 3_000;

test(
  'writers that are killed: what each has sent comes whole, in order, once; then the end of file',
  async () => {
    console.log(`${kills} kills, MULTIPROC_SEED=${seed}`);
    const random = randomFrom(seed);
    const target = (conn: Connection, ready: Queue) => {
      ready.putSync(1);
      for (let i = 0; ; i++) conn.sendSync({ i, text: 'x'.repeat(i % 7 === 0 ? 40_000 : i % 100) });
    };
    for (let round = 0; round < kills; round++) {
      const [reader, writer] = Pipe<{ i: number; text: string }>({ duplex: false });
      const ready = new Queue();
      const child = new Process({ target, args: [writer, ready] }).start();
      writer.close();
      await ready.get();
      setTimeout(() => child.kill(), random() * 30);
      let expected = 0;
      for await (const { i, text } of reader) {
        expect(i).toBe(expected++);
        expect(text).toHaveLength(i % 7 === 0 ? 40_000 : i % 100);
      }
      reader.close();
      expect(await child.join()).toBe(-9);
    }
  },
  timeout,
);

test(
  'readers that are killed: the others get all but the one message that each may have had in hand',
  async () => {
    const random = randomFrom(seed + 1);
    const [reader, writer] = Pipe<number>({ duplex: false });
    const results = new Queue<number>();
    const target = (conn: Connection, out: Queue<number>) => {
      for (;;) out.putSync(conn.recvSync());
    };
    const rounds = Math.ceil(kills / 2);
    let sent = 0;
    for (let round = 0; round < rounds; round++) {
      const child = new Process({ target, args: [reader, results] }).start();
      const end = performance.now() + 100 + random() * 200;
      while (performance.now() < end) await writer.send(sent++);
      child.kill();
      await child.join();
    }
    while (await reader.poll()) results.putSync(await reader.recv());
    const got: number[] = [];
    while (!results.empty) got.push(results.getSync());
    expect(new Set(got).size).toBe(got.length);
    expect(sent - got.length).toBeLessThanOrEqual(rounds);
    expect(got.every((n, i) => i === 0 || n > got[i - 1])).toBe(true);
  },
  timeout,
);

test(
  'hands that pass ends on, and are killed: every pipe ends',
  async () => {
    const random = randomFrom(seed + 2);
    const ends = new Queue<Connection>();
    const target = async (q: Queue<Connection>) => {
      for (;;) {
        const conn = await q.get();
        try {
          await conn.send(process.pid);
        } catch {
          // Its reader has gone.
        }
        // On to another hand, three times in four.
        if (Math.random() < 0.75) q.putSync(conn);
        conn.close();
      }
    };
    const hands = [1, 2].map(() => new Process({ target, args: [ends] }).start());
    const readers: Promise<number>[] = [];
    const read = async (conn: Connection) => {
      let messages = 0;
      try {
        for (;;) {
          await conn.recv();
          messages++;
        }
      } catch (error) {
        if (!(error instanceof EndOfFileError)) throw error;
      }
      conn.close();
      return messages;
    };
    for (let round = 0; round < kills; round++) {
      for (let i = 0; i < 20; i++) {
        const [a, b] = Pipe();
        ends.putSync(b);
        b.close();
        readers.push(read(a));
      }
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 60));
      const victim = round % 2;
      hands[victim].kill();
      await hands[victim].join();
      hands[victim] = new Process({ target, args: [ends] }).start();
    }
    // Those that are left come to their end by the hands that are.
    const counts = await Promise.all(readers);
    expect(counts).toHaveLength(kills * 20);
    expect(counts.some((n) => n > 0)).toBe(true);
    for (const hand of hands) {
      hand.kill();
      await hand.join();
    }
  },
  timeout,
);
