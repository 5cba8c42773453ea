// inspect shows pipes, their ends, joinable queues and shared data, each with its place and who uses it.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { JoinableQueue, Pipe, share, sharedArray, SynchronizedArray, Value } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const cli = join(dirname(createRequire(import.meta.url).resolve('multiproc')), 'cli.js');
const lines = () =>
  execFileSync(process.execPath, [cli, 'inspect', String(process.pid)], { encoding: 'utf8' }).split('\n');

test('each has a line', () => {
  const [a, b] = Pipe({ duplex: false });
  b.sendSync(1);
  const queue = new JoinableQueue<number>();
  queue.putManySync([1, 2, 3]);
  queue.getSync();
  queue.taskDone();
  const value = new Value('float32', 1);
  const array = new SynchronizedArray('int16', 4);
  const large = sharedArray(Uint8Array, 3 << 20);
  const shared = share('x'.repeat(1 << 20));
  const shown = lines();
  const line = (kind: string, state: string) =>
    shown.filter((l) => new RegExp(`^ +[0-9a-f]+ +${kind} .*${state}$`).test(l)).length;
  expect(line('Pipe', 'shared.test.ts:\\d+ .*1 items')).toBe(1);
  expect(line('End', 'shared.test.ts:\\d+ .*')).toBeGreaterThanOrEqual(3);
  expect(line('Queue', '2 items, 2 unfinished')).toBe(1);
  expect(line('Value', 'shared.test.ts:\\d+ .*float32')).toBe(1);
  expect(line('SynchronizedArray', 'shared.test.ts:\\d+ .*int16')).toBe(1);
  // The locks of the two: made where they were.
  expect(line('RLock', 'shared.test.ts:\\d+ .*free')).toBe(2);
  expect(line('Array', '3.0 MiB')).toBe(1);
  expect(line('Shared', '2.0 MiB')).toBe(1);
  a.close();
  expect(lines().filter((l) => / Pipe .*at its end$/.test(l))).toHaveLength(1);
  expect([a, b, queue, value, array, large, shared]).toHaveLength(7);
});
