// Many processes, one counter, no atomics: only the lock keeps the count right.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lock, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exclusion-'));
  file = join(folder, 'counter');
  writeFileSync(file, Buffer.alloc(8));
});
afterEach(() => rmSync(folder, { recursive: true }));

function counted(): number {
  const fd = openSync(file, 'r');
  const value = new Float64Array(1);
  readSync(fd, value, 0, 8, 0);
  closeSync(fd);
  return value[0];
}

/** Adds 1 to the number in the file, `times` times: read, add, write, which only the lock keeps together. */
function add(lock: Lock, path: string, times: number) {
  const fs = process.getBuiltinModule('node:fs');
  const fd = fs.openSync(path, 'r+');
  const value = new Float64Array(1);
  for (let i = 0; i < times; i++) {
    lock.acquireSync();
    fs.readSync(fd, value, 0, 8, 0);
    value[0] += 1;
    fs.writeSync(fd, value, 0, 8, 0);
    lock.release();
  }
}

/** The same with an awaited acquire(), and with a turn of the event loop inside now and then. */
async function addAsync(lock: Lock, path: string, times: number) {
  const fs = process.getBuiltinModule('node:fs');
  const fd = fs.openSync(path, 'r+');
  const value = new Float64Array(1);
  for (let i = 0; i < times; i++) {
    await lock.acquire();
    fs.readSync(fd, value, 0, 8, 0);
    if (i % 64 === 0) await new Promise(setImmediate);
    value[0] += 1;
    fs.writeSync(fd, value, 0, 8, 0);
    lock.release();
  }
  fs.closeSync(fd);
}

test('4 processes add 1 to a number in a file 1,000,000 times: exact', async () => {
  const lock = new Lock();
  const children = Array.from({ length: 4 }, () => new Process({ target: add, args: [lock, file, 250_000] }).start());
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  expect(counted()).toBe(1_000_000);
  expect(lock.locked()).toBe(false);
});

test('blocking and awaiting processes together: exact', async () => {
  const lock = new Lock();
  const children = [add, addAsync, add, addAsync].map((target) =>
    new Process({ target, args: [lock, file, 5_000] }).start(),
  );
  await addAsync(lock, file, 2_000);
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  expect(counted()).toBe(22_000);
  expect(lock.locked()).toBe(false);
});

test('timeouts and aborts among the waiters lose no increment', async () => {
  const lock = new Lock();
  const told = new Queue<number>();
  const impatient = async (l: Lock, path: string, q: Queue<number>) => {
    const fs = process.getBuiltinModule('node:fs');
    const fd = fs.openSync(path, 'r+');
    const value = new Float64Array(1);
    let had = 0;
    for (let i = 0; i < 2_000; i++) {
      let acquired = false;
      if (i % 3 === 0) acquired = l.acquireSync({ timeout: 0.2 });
      else if (i % 3 === 1) acquired = await l.acquire({ timeout: 1 });
      else {
        const controller = new AbortController();
        setImmediate(() => controller.abort());
        acquired = await l.acquire({ signal: controller.signal }).catch(() => false);
      }
      if (!acquired) continue;
      had++;
      fs.readSync(fd, value, 0, 8, 0);
      value[0] += 1;
      fs.writeSync(fd, value, 0, 8, 0);
      l.release();
    }
    q.putSync(had);
  };
  const children = [
    ...Array.from({ length: 3 }, () => new Process({ target: impatient, args: [lock, file, told] }).start()),
    new Process({ target: add, args: [lock, file, 20_000] }).start(),
  ];
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  const had = told.getSync() + told.getSync() + told.getSync();
  expect(counted()).toBe(had + 20_000);
  expect(lock.locked()).toBe(false);
});
