/** Large arrays that lie in the shared memory that they came in are the receiver's own, as copies are. */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { getStartMethod, Pool, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

const pool = new Pool(2);
afterAll(() => pool.terminate());

/** Above what is copied. */
const LENGTH = 1 << 20;
const doubles = (): Float64Array => Float64Array.from({ length: LENGTH }, (_, i) => i / 3);

test('what a worker writes into its argument, nobody else sees', async () => {
  const sent = doubles();
  const [before, after] = await pool.apply(
    (array: Float64Array) => {
      const found = array[array.length - 1];
      array.fill(-1);
      return [found, array[array.length - 1]];
    },
    [sent],
  );
  expect([before, after]).toEqual([(LENGTH - 1) / 3, -1]);
  expect(isDeepStrictEqual(sent, doubles())).toBe(true);
});

test('a task that is tried again gets its arguments as they were', async () => {
  const retried = new Pool(1, { retries: 2 });
  const begun = new Queue<number>();
  const target = (array: Float64Array, q: Queue<number>): number[] => {
    const found = [array[0], array[7], array[array.length - 1]];
    array.fill(-1);
    q.putSync(1);
    // The first two attempts end here.
    if (q.size < 3) {
      if (process.getBuiltinModule('node:worker_threads').isMainThread) process.kill(process.pid, 'SIGKILL');
      else process.exit(1);
    }
    return found;
  };
  expect(await retried.apply(target, [doubles(), begun])).toEqual([0, 7 / 3, (LENGTH - 1) / 3]);
  expect(begun.size).toBe(3);
  await retried.terminate();
});

describe('each kind arrives whole, there and back', () => {
  const bytes = new Uint8Array(9 << 20).map((_, i) => i * 7);
  test.each<[string, unknown]>([
    ['Float64Array', doubles()],
    ['BigInt64Array', new BigInt64Array(LENGTH).fill(-5n)],
    ['DataView', new DataView(bytes.buffer.slice(0), 3, 8 << 20)],
    ['a part of a larger buffer', bytes.subarray(1, 8 << 20)],
    ['ArrayBuffer', bytes.buffer],
    ['Buffer', Buffer.from(bytes)],
    ['two views of one buffer, and it', [bytes, new Uint16Array(bytes.buffer), bytes.buffer]],
    ['several, and others between', { a: 'x', first: doubles(), b: ['é', 1.5], second: bytes, c: null }],
  ])('%s', async (_, value) => {
    const back = await pool.apply((x) => x, [value]);
    // vitest compares them element by element.
    expect(isDeepStrictEqual(back, value)).toBe(true);
  });
});

test('what arrived can be transferred, and is detached then', async () => {
  const transferred = (array: Float64Array): unknown[] => {
    const moved = structuredClone(array, { transfer: [array.buffer as ArrayBuffer] });
    return [array.length, moved.length, moved[9]];
  };
  expect(await pool.apply(transferred, [doubles()])).toEqual([0, LENGTH, 3]);
  const back = await pool.apply((array: Float64Array) => array, [doubles()]);
  expect(transferred(back)).toEqual([0, LENGTH, 3]);
});

// The workers are killed, and a thread can't be.
test.runIf(getStartMethod() === 'spawn')(
  'collected ones give their memory back, those of killed workers too; one that is kept stays what it was',
  async () => {
    const { before, after, kept, sum } = await result<Record<string, number>>('large-collected', [40], {
      execArgv: ['--expose-gc'],
    });
    expect(kept).toBe(1);
    expect(sum).toBe(80);
    expect(after).toBeLessThanOrEqual(before + (16 << 20));
  },
);
