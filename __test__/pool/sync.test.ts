// The blocking twins: no event loop is needed.
import { expect, test } from 'vitest';
import { Pool, TimeoutError } from 'multiproc';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

test('applySync, mapSync, starmapSync', async () => {
  await using pool = new Pool(2);
  expect(pool.applySync((a: number, b: number) => a + b, [1, 2])).toBe(3);
  expect(pool.applySync(() => 'x')).toBe('x');
  expect(pool.mapSync((x) => x * 2, upTo(10_000))).toEqual(upTo(10_000).map((x) => x * 2));
  expect(pool.starmapSync((a: number, b: number) => a - b, [[3, 1]])).toEqual([2]);
});

test('asynchronous functions too', async () => {
  await using pool = new Pool(1);
  expect(pool.applySync(async () => 5)).toBe(5);
  expect(pool.mapSync(async (x) => x + 1, [1, 2])).toEqual([2, 3]);
});

test('they throw what the task threw', async () => {
  await using pool = new Pool(1);
  const fail = () => {
    throw new RangeError('no');
  };
  expect(() => pool.applySync(fail)).toThrow(new RangeError('no'));
  expect(() => pool.mapSync(fail, [1])).toThrow(new RangeError('no'));
});

test('a worker that dies under a blocking call', async () => {
  await using pool = new Pool(1);
  expect(() => pool.applySync(() => process.exit(4))).toThrow(
    expect.objectContaining({ code: 'ERR_WORKER_DIED', exitCode: 4 }),
  );
  expect(pool.applySync(() => 'next')).toBe('next');
});

test('a time limit holds without an event loop', async () => {
  await using pool = new Pool(1);
  const endless = () => {
    for (;;);
  };
  expect(() => pool.applySync(endless, [], { timeout: 50 })).toThrow(
    expect.objectContaining({ code: 'ERR_TASK_TIMEOUT' }),
  );
  expect(pool.applySync(() => 'next')).toBe('next');
});

test('promises submitted before settle once the loop runs', async () => {
  await using pool = new Pool(2);
  const before = pool.apply(() => 'before');
  expect(pool.applySync(() => 'now')).toBe('now');
  expect(await before).toBe('before');
});

test('a short task behind a slow one is not kept waiting by it', async () => {
  await using pool = new Pool(2);
  await Promise.all(upTo(500).map(() => pool.apply(() => 1)));
  const spin = (ms: number) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
    return ms;
  };
  expect(pool.mapSync(spin, [300, ...upTo(40).map(() => 1)])).toHaveLength(41);
});

test('joinSync waits for the workers, or until its timeout', () => {
  const pool = new Pool(2);
  pool.applySync(() => 1);
  const late = pool.apply(() => new Promise((resolve) => setTimeout(resolve, 150)));
  pool.close();
  expect(() => pool.joinSync({ timeout: 10 })).toThrow(TimeoutError);
  pool.joinSync();
  expect(pool.pids).toEqual([]);
  return late;
});
