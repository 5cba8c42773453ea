// SIGKILLs at random moments: of holders of a lock, of producers, of consumers. No hang, and the account is right.
// MULTIPROC_KILLS=1000 for the long form, MULTIPROC_SEED to repeat a run.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lock, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { randomFrom } from '../support/random.mjs';

noLeaks();

const kills = Number(process.env.MULTIPROC_KILLS ?? 100);
const seed = Number(process.env.MULTIPROC_SEED ?? Date.now() % 1_000_000);
const timeout = 120_000 + kills * 2_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'random-kills-'));
  console.log(`${kills} kills, MULTIPROC_SEED=${seed}`);
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Worker {
  readonly number: number;
  readonly process: Process;
  killed: boolean;
}

/**
 * Keeps one worker of each kind of `starts` per entry running, kills one of them `count` times at a random moment, and
 * puts a new one into its place. A worker that ends by itself meanwhile fails the test.
 *
 * @returns all workers that ever ran; those not killed still run.
 */
async function killAtRandom(
  count: number,
  starts: readonly ((number: number, ready: Queue<number>) => Process)[],
): Promise<Worker[]> {
  const random = randomFrom(seed);
  const ready = new Queue<number>();
  const all: Worker[] = [];
  const start = (kind: number): Worker => {
    const worker = { number: all.length, process: starts[kind](all.length, ready), killed: false };
    all.push(worker);
    return worker;
  };
  const places = starts.map((_, kind) => start(kind));
  for (let i = 0; i < starts.length; i++) await ready.get();
  for (let kill = 0; kill < count; kill++) {
    await sleep(random() * 20);
    const place = Math.floor(random() * places.length);
    const victim = places[place];
    victim.process.kill();
    victim.killed = true;
    expect(await victim.process.join()).toBe(-9);
    for (const { process: worker } of places) if (worker !== victim.process && !worker.isAlive()) throw worker.error;
    places[place] = start(place);
    // Now and then the next kill may hit one that still boots.
    if (random() < 0.85) await ready.get();
  }
  return all;
}

/** Ends those that still run by `stop`; they must end well. */
async function finish(workers: readonly Worker[], stop: () => void): Promise<void> {
  stop();
  for (const { process: worker, killed } of workers) {
    if (killed) continue;
    const code = await worker.join();
    if (code !== 0) throw worker.error ?? new Error(`a worker ended with ${code}`);
  }
}

/**
 * Counts in a file under the lock, in two steps that only the lock keeps together: its own count, then the total.
 * One who takes over an abandoned lock puts the total right. Layout, in 64-bit floats: total, who is inside, own counts.
 */
function countUnderLock(lock: Lock, stop: Queue, ready: Queue<number>, path: string, number: number) {
  const fs = process.getBuiltinModule('node:fs');
  const fd = fs.openSync(path, 'r+');
  const head = new Float64Array(2);
  const one = new Float64Array(1);
  let own = 0;
  let told = false;
  while (stop.empty) {
    let tookOver = false;
    try {
      lock.acquireSync();
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_OWNER_DIED') throw error;
      if (!lock.recover()) continue;
      tookOver = true;
    }
    fs.readSync(fd, head, 0, 16, 0);
    if (tookOver) {
      const counts = new Float64Array(new Uint8Array(fs.readFileSync(path)).buffer).subarray(2);
      head[0] = counts.reduce((sum, count) => sum + count, 0);
    } else if (head[1] !== 0) {
      throw new Error(`${process.pid} and ${head[1]} are inside at once`);
    }
    head[1] = process.pid;
    fs.writeSync(fd, head, 0, 16, 0);
    one[0] = ++own;
    fs.writeSync(fd, one, 0, 8, 16 + 8 * number);
    head[0]++;
    head[1] = 0;
    fs.writeSync(fd, head, 0, 16, 0);
    lock.release();
    if (!told) ready.putSync(number);
    told = true;
  }
}

test('holders of a lock', { timeout }, async () => {
  const lock = new Lock();
  const stop = new Queue();
  const path = join(folder, 'counts');
  const count = Math.ceil(kills / 3);
  const fd = openSync(path, 'w+');
  writeSync(fd, Buffer.alloc(8 * (2 + count + 4)));
  closeSync(fd);
  const start = (number: number, ready: Queue<number>) =>
    new Process({ target: countUnderLock, args: [lock, stop, ready, path, number] }).start();
  const workers = await killAtRandom(count, [start, start, start, start]);
  await finish(workers, () => stop.putSync('stop'));
  // The last one to be killed may have held it.
  try {
    lock.acquireSync();
  } catch {
    expect(lock.recover()).toBe(true);
  }
  lock.release();
  const [total, , ...counts] = new Float64Array(new Uint8Array(readFileSync(path)).buffer);
  expect(total).toBe(counts.reduce((sum, n) => sum + n, 0));
  expect(total).toBeGreaterThan(count);
});

/** An item: who put it, its number, and bytes that can be checked; every 20th too large for the ring. */
type Item = [producer: number, n: number, bytes: Uint8Array];

/** Puts items for ever; writes each number into its log before (negative, less one) and after the put. */
function produce(queue: Queue<Item>, stop: Queue, ready: Queue<number>, folder: string, number: number) {
  const fs = process.getBuiltinModule('node:fs');
  const fd = fs.openSync(`${folder}/${number}`, 'a');
  const record = new Int32Array(1);
  for (let n = 0; stop.empty; n++) {
    record[0] = -n - 1;
    fs.writeSync(fd, record);
    queue.putSync([number, n, new Uint8Array(n % 20 === 0 ? 20_000 : n % 300).fill(n)]);
    record[0] = n;
    fs.writeSync(fd, record);
    if (n === 0) ready.putSync(number);
  }
}

/** Gets items until the queue is closed; writes into its log -1 before, and producer and number after each get. */
function consume(queue: Queue<Item>, ready: Queue<number>, folder: string, number: number) {
  const fs = process.getBuiltinModule('node:fs');
  const fd = fs.openSync(`${folder}/${number}`, 'a');
  const before = new Int32Array([-1, -1]);
  const record = new Int32Array(2);
  ready.putSync(number);
  for (;;) {
    fs.writeSync(fd, before);
    let item: Item;
    try {
      item = queue.getSync();
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_QUEUE_CLOSED') throw error;
      return;
    }
    const [producer, n, bytes] = item;
    if (bytes.length !== (n % 20 === 0 ? 20_000 : n % 300))
      throw new Error(`item ${n} of ${producer} has ${bytes.length} bytes`);
    for (const byte of bytes) if (byte !== (n & 255)) throw new Error(`item ${n} of ${producer} is damaged`);
    record[0] = producer;
    record[1] = n;
    fs.writeSync(fd, record);
  }
}

test.each([0, 50])('producers and consumers of a queue, maxSize %i', { timeout }, async (maxSize) => {
  const queue = new Queue<Item>(maxSize);
  const stop = new Queue();
  const producing = (number: number, ready: Queue<number>) =>
    new Process({ target: produce, args: [queue, stop, ready, folder, number], name: 'producer' }).start();
  const consuming = (number: number, ready: Queue<number>) =>
    new Process({ target: consume, args: [queue, ready, folder, number], name: 'consumer' }).start();
  const workers = await killAtRandom(Math.ceil(kills / 3), [producing, producing, consuming, consuming]);
  const producers = workers.filter((worker) => worker.process.name === 'producer');
  const consumers = workers.filter((worker) => worker.process.name === 'consumer');
  await finish(producers, () => stop.putSync('stop'));
  await finish(consumers, () => queue.close());
  expect(queue.size).toBe(0);

  const logOf = ({ number }: Worker): Int32Array => {
    try {
      return new Int32Array(new Uint8Array(readFileSync(join(folder, String(number)))).buffer);
    } catch {
      // Killed before it had opened its log.
      return new Int32Array(0);
    }
  };
  /** How many items of each producer are known to have been put; one more may have been where it was killed. */
  const put = new Map<number, { sure: number; perhaps: number }>();
  for (const worker of producers) {
    const log = logOf(worker);
    const sure = log.filter((record) => record >= 0).length;
    put.set(worker.number, { sure, perhaps: log.length > 0 && log.at(-1)! < 0 && worker.killed ? 1 : 0 });
  }
  /** Consumers that were killed between the beginning of a get and the note of what came: each may have taken one item along. */
  let mayHaveTaken = 0;
  const got = new Map<number, Uint8Array>(
    [...put].map(([number, { sure, perhaps }]) => [number, new Uint8Array(sure + perhaps)]),
  );
  for (const worker of consumers) {
    const log = logOf(worker);
    const last = new Map<number, number>();
    for (let i = 0; i < log.length; i += 2) {
      const [producer, n] = [log[i], log[i + 1]];
      if (producer < 0) continue;
      if (n <= (last.get(producer) ?? -1)) throw new Error(`item ${n} of ${producer} came after a later one`);
      last.set(producer, n);
      const seen = got.get(producer)!;
      if (n >= seen.length) throw new Error(`item ${n} of ${producer} was never put`);
      if (seen[n]++ > 0) throw new Error(`item ${n} of ${producer} came twice`);
    }
    if (worker.killed && log.length > 0 && log.at(-2)! < 0) mayHaveTaken++;
  }
  let missing = 0;
  let items = 0;
  for (const [number, { sure }] of put) {
    const seen = got.get(number)!;
    items += sure;
    for (let n = 0; n < sure; n++) if (seen[n] === 0) missing++;
  }
  expect(missing).toBeLessThanOrEqual(mayHaveTaken);
  expect(items).toBeGreaterThan(kills);
});
