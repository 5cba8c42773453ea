// Runs that are stopped: by a timeout, by a signal, with the thread that waits for them.
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { parallel, TimeoutError } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const input = Float64Array.of(1, 2, 3, 4);
const ENDLESS: [string, (x: number) => number][] = [
  ['while (true)', (x) => { while (true) x++; }], // prettier-ignore
  ['for (;;) with a loop in it', (x) => { for (;;) for (let j = 0; j < 10; j++) x += j; }], // prettier-ignore
  ['do while (true) that continues', (x) => { do { if (x > 0) continue; x--; } while (x < 1e300); return x; }], // prettier-ignore
  ['a loop after another', (x) => { for (let i = 0; i < 1000; i++) x += i; while (x < Infinity || isNaN(x)) x *= 0.5; return x; }], // prettier-ignore
  ['a loop in a helper', (x) => { const f = (n: number) => { while (n > 0) n += 1; return n; }; return f(x) + f(x); }], // prettier-ignore
];

describe.each(ENDLESS)('%s', (_, f) => {
  test('ends at the timeout', async () => {
    expect(() => parallel.mapSync(f, input, { timeout: 30 })).toThrow(TimeoutError);
    await expect(parallel.map(f, input, { timeout: 30 })).rejects.toThrow(TimeoutError);
    await expect(parallel.reduce((a, b) => f(a) + b, input, 0, { timeout: 30 })).rejects.toThrow(TimeoutError);
  });

  test('ends at the signal, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('on purpose');
    setTimeout(() => controller.abort(reason), 30);
    await expect(parallel.map(f, input, { signal: controller.signal })).rejects.toBe(reason);
  });
});

test('a signal that is aborted rejects at once, also where there is nothing to do', async () => {
  const reason = { any: 'value' };
  const signal = AbortSignal.abort(reason);
  await expect(parallel.map((x) => x, input, { signal })).rejects.toBe(reason);
  await expect(parallel.range((x) => x, 0, { signal })).rejects.toBe(reason);
  await expect(parallel.reduce((a, b) => a + b, input, 0, { signal })).rejects.toBe(reason);
});

test('a signal is let go of', async () => {
  const controller = new AbortController();
  let listening = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => { listening++; add(...args); }; // prettier-ignore
  signal.removeEventListener = (...args: Parameters<typeof remove>) => { listening--; remove(...args); }; // prettier-ignore
  await parallel.map((x) => x * 3, input, { signal });
  await parallel.map(ENDLESS[0][1], input, { signal, timeout: 10 }).catch(() => undefined);
  expect(listening).toBe(0);
});

test('a timeout that is long enough changes nothing', async () => {
  expect(parallel.mapSync((x) => x + 1, input, { timeout: 60_000 })).toEqual(Float64Array.of(2, 3, 4, 5));
  expect(await parallel.map((x) => x + 1, input, { timeout: Infinity })).toEqual(Float64Array.of(2, 3, 4, 5));
});

test('endless runs on all threads keep no other one from ending', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const endless = Array.from({ length: 5 }, () => parallel.map(ENDLESS[0][1], input, { signal }).catch(() => 'ended'));
  const many = new Float64Array(100_000).fill(2);
  expect((await parallel.map((x) => x * x, many, { threads: 4 })).every((x) => x === 4)).toBe(true);
  expect(parallel.reduceSync((a, b) => a + b * 1, many, 0, { threads: 4 })).toBe(200_000);
  controller.abort();
  expect(await Promise.all(endless)).toEqual(['ended', 'ended', 'ended', 'ended', 'ended']);
});

test.each(['map', 'mapSync'])('a worker thread that is ended in an endless %s ends', async (method) => {
  const worker = new Worker(new URL('./programs/endless.mjs', import.meta.url), { workerData: method });
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await worker.terminate()).toBe(1);
});

test('a function that runs by itself ends between two elements', async () => {
  const slow = (x: number): number => { const end = performance.now() + 5; while (performance.now() < end); return x; }; // prettier-ignore
  const many = new Float64Array(1e6);
  expect(() => parallel.mapSync(slow, many, { fallback: 'serial', timeout: 30 })).toThrow(TimeoutError);
  const controller = new AbortController();
  setTimeout(() => controller.abort('enough'), 30);
  await expect(parallel.map(slow, many, { fallback: 'serial', signal: controller.signal })).rejects.toBe('enough');
  await expect(parallel.map(slow, many, { fallback: 'serial', timeout: 30 })).rejects.toThrow(TimeoutError);
});
