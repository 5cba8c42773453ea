// A producer or consumer that is killed inside of a queue call: no committed item is lost, none comes twice, the queue works.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { DIED, die } from '../support/start-method';

noLeaks();

const folder = mkdtempSync(join(tmpdir(), 'queue-deaths-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
function logFile(): string {
  const path = join(folder, String(files++));
  closeSync(openSync(path, 'w'));
  return path;
}
const logged = (path: string) => readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number);

async function killed(child: Process): Promise<void> {
  child.kill();
  expect(await child.join()).toBe(-9);
}

describe('a consumer killed while it waits for an item', () => {
  test.each(['blocked', 'awaiting'])('%s: the next item goes to another', async (way) => {
    const queue = new Queue<number>();
    const said = new Queue<string>();
    const blocked = (q: Queue<number>, s: Queue<string>) => {
      s.putSync('waiting');
      q.getSync();
    };
    const awaiting = async (q: Queue<number>, s: Queue<string>) => {
      const got = q.get();
      s.putSync('waiting');
      await got;
    };
    const victim = new Process({ target: way === 'blocked' ? blocked : awaiting, args: [queue, said] }).start();
    await said.get();
    const here = queue.get();
    await killed(victim);
    queue.putManySync([1, 2]);
    expect(await here).toBe(1);
    expect(queue.getSync()).toBe(2);
  });
});

describe('a producer killed while it waits for room', () => {
  test.each(['blocked', 'awaiting'])('%s: its item is not in the queue, which works', async (way) => {
    const queue = new Queue<string>(1);
    const said = new Queue<string>();
    queue.putSync('first');
    const blocked = (q: Queue<string>, s: Queue<string>) => {
      s.putSync('waiting');
      q.putSync('never');
    };
    const awaiting = async (q: Queue<string>, s: Queue<string>) => {
      const put = q.put('never');
      s.putSync('waiting');
      await put;
    };
    const victim = new Process({ target: way === 'blocked' ? blocked : awaiting, args: [queue, said] }).start();
    await said.get();
    const here = queue.put('second');
    await killed(victim);
    expect(queue.getSync()).toBe('first');
    await here;
    expect(queue.getManySync(9)).toEqual(['second']);
  });
});

// Small items lie in the ring, those above 16 KiB in blocks of their own.
describe.each([8, 1000, 20_000, 300_000])('items of %i bytes', (size) => {
  test('a producer killed in the middle: all that it had put is there, once, in order', async () => {
    for (let round = 0; round < 4; round++) {
      const queue = new Queue<{ n: number; bytes: Uint8Array }>();
      const log = logFile();
      const target = (q: Queue, path: string, length: number) => {
        const fs = process.getBuiltinModule('node:fs');
        const fd = fs.openSync(path, 'a');
        for (let n = 0; ; n++) {
          q.putSync({ n, bytes: new Uint8Array(length).fill(n) });
          fs.writeSync(fd, `${n}\n`);
          // A backlog that fits into any memory.
          while (q.size > 100) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
      };
      const victim = new Process({ target, args: [queue, log, size] }).start();
      let next = 0;
      const take = ({ n, bytes }: { n: number; bytes: Uint8Array }) => {
        if (n !== next++) throw new Error(`item ${n} came in the place of ${next - 1}`);
        if (bytes.length !== size || bytes[0] !== (n & 255) || bytes.at(-1) !== (n & 255))
          throw new Error(`item ${n} is damaged`);
      };
      for (let i = 0; i < 30 + 10 * round; i++) take(await queue.get());
      await killed(victim);
      while (!queue.empty) take(queue.getSync());
      const confirmed = logged(log).length;
      // The last one may have been put and not written down.
      expect([confirmed, confirmed + 1]).toContain(next);
      queue.putSync({ n: next, bytes: new Uint8Array(size).fill(next) });
      take(await queue.get());
    }
  });

  test('a consumer killed in the middle: what it had not taken is there, once, in order', async () => {
    for (let round = 0; round < 4; round++) {
      const queue = new Queue<{ n: number; bytes: Uint8Array }>(50);
      const log = logFile();
      const target = (q: Queue<{ n: number; bytes: Uint8Array }>, path: string) => {
        const fs = process.getBuiltinModule('node:fs');
        const fd = fs.openSync(path, 'a');
        for (;;) fs.writeSync(fd, `${q.getSync().n}\n`);
      };
      const victim = new Process({ target, args: [queue, log] }).start();
      let put = 0;
      for (; put < 60 + 20 * round; put++) await queue.put({ n: put, bytes: new Uint8Array(size).fill(put) });
      await killed(victim);
      const taken = logged(log);
      expect(taken).toEqual(taken.map((_, i) => i));
      const rest: number[] = [];
      while (!queue.empty) {
        const { n, bytes } = queue.getSync();
        if (bytes.length !== size || bytes[0] !== (n & 255) || bytes.at(-1) !== (n & 255))
          throw new Error(`item ${n} is damaged`);
        rest.push(n);
      }
      // The last one may have been taken and not written down.
      expect([put - taken.length, put - taken.length - 1]).toContain(rest.length);
      expect(rest).toEqual(rest.map((_, i) => put - rest.length + i));
      queue.putSync({ n: 7, bytes: new Uint8Array(1) });
      expect((await queue.get()).n).toBe(7);
    }
  });
});

test('items that hold handles survive the death of the one who put them', async () => {
  const queue = new Queue<{ inner: Queue<number> }>();
  const target = (q: Queue<{ inner: Queue<number> }>, own: Queue<number>) => {
    for (let i = 0; i < 5; i++) own.putSync(i);
    q.putSync({ inner: own });
    die();
  };
  const child = new Process({ target, args: [queue, new Queue<number>()] }).start();
  expect(await child.join()).toBe(DIED);
  const { inner } = queue.getSync();
  expect(inner.getManySync(9)).toEqual([0, 1, 2, 3, 4]);
});
