// What a pool says of itself.
import { expect, test } from 'vitest';
import { Pool } from 'multiproc';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

test('tasks are counted as they wait, run and end', async () => {
  await using pool = new Pool(1);
  expect(pool.stats).toMatchObject({
    queued: 0,
    running: 0,
    done: 0,
    failed: 0,
    retried: 0,
    workersStarted: 0,
    workersDied: 0,
  });
  const tasks = upTo(5).map(() => pool.apply(() => new Promise((resolve) => setTimeout(resolve, 20))));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(pool.stats.queued + pool.stats.running).toBeGreaterThan(0);
  await Promise.all(tasks);
  await pool.apply(() => process.exit(1)).catch(() => {});
  expect(pool.stats).toMatchObject({ queued: 0, running: 0, done: 5, failed: 1, workersStarted: 1, workersDied: 1 });
  expect(pool.stats.utilization).toBeGreaterThan(0);
  expect(pool.stats.utilization).toBeLessThanOrEqual(1);
});

test('times, ms: a histogram of waiting, and one of running', async () => {
  await using pool = new Pool(1);
  await Promise.all(upTo(6).map(() => pool.apply(() => new Promise((resolve) => setTimeout(resolve, 30)))));
  const { waitTime, runTime } = pool.stats;
  expect(runTime.count).toBe(6);
  expect(runTime.min).toBeGreaterThan(20);
  expect(runTime.percentile(50)).toBeGreaterThan(20);
  expect(runTime.percentile(100)).toBe(runTime.max);
  expect(runTime.mean).toBeGreaterThanOrEqual(runTime.min);
  expect(waitTime.count).toBe(6);
  expect(waitTime.max).toBeGreaterThan(60);
  await pool.map((x) => x, upTo(1000));
  expect(pool.stats.runTime.count).toBe(1006);
});

test('a percentile is from 0 to 100; the figures can be printed as JSON', async () => {
  await using pool = new Pool(1);
  await pool.map((x) => x, upTo(10));
  const { runTime } = pool.stats;
  for (const wrong of [-1, 101, NaN]) expect(() => runTime.percentile(wrong)).toThrow(RangeError);
  expect(() => runTime.percentile('50' as never)).toThrow(TypeError);
  expect(() => runTime.percentile(101)).toThrow('p must be a number from 0 to 100, got 101');
  expect(JSON.parse(JSON.stringify(pool.stats)).runTime).toEqual({ count: 10, min: runTime.min, max: runTime.max });
});
