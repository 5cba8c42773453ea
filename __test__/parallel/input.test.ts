// Bad arguments: a typed error at the call, which names the argument, what it was and what is allowed.
import { describe, expect, test } from 'vitest';
import { parallel } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const f = (x: number) => x;
const input = new Float64Array(3);

/** Both forms fail with the same error: one throws, the other rejects. */
async function fails(
  name: 'map' | 'zip' | 'range' | 'reduce',
  args: unknown[],
  type: Function,
  message: RegExp,
): Promise<void> {
  const sync = parallel[`${name}Sync`] as (...args: unknown[]) => unknown;
  const async = parallel[name] as unknown as (...args: unknown[]) => Promise<unknown>;
  let thrown: unknown;
  try {
    sync(...args);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(type);
  expect((thrown as Error).message).toMatch(message);
  const rejected: unknown = await async(...args).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(rejected).toBeInstanceOf(type);
  expect((rejected as Error).message).toBe((thrown as Error).message);
  expect((rejected as { code?: string }).code).toBe((thrown as { code?: string }).code);
}

describe.each([undefined, null, 5, 'x => x', {}])('%s for f', (bad) => {
  test('is refused', async () => {
    await fails('map', [bad, input], TypeError, /^f must be a function/);
    await fails('zip', [bad, [input]], TypeError, /^f must be a function/);
    await fails('range', [bad, 3], TypeError, /^f must be a function/);
    await fails('reduce', [bad, input, 0], TypeError, /^f must be a function/);
    expect(() => parallel.explain(bad as never)).toThrow(TypeError);
  });
});

test.each([undefined, null, [1, 2], new BigInt64Array(1), new DataView(new ArrayBuffer(8)), new ArrayBuffer(8), 'abc'])(
  '%s for an array is refused',
  async (bad) => {
    await fails('map', [f, bad], TypeError, /^input must be a typed array of numbers/);
    await fails('reduce', [f, bad, 0], TypeError, /^input must be/);
    await fails('zip', [f, [input, bad]], TypeError, /^inputs\[1\] must be/);
    if (bad !== undefined) await fails('map', [f, input, { into: bad }], TypeError, /^options\.into must be/);
  },
);

test('lengths that differ are refused', async () => {
  const four = new Float64Array(4);
  await fails('map', [f, input, { into: four }], RangeError, /^options\.into must have 3 elements/);
  await fails('zip', [f, [input, four]], RangeError, /^inputs\[1\] must have 3 elements/);
  await fails('range', [f, 3, { into: four }], RangeError, /^options\.into must have 3 elements/);
});

test('inputs that are none are refused', async () => {
  await fails('zip', [f, input], TypeError, /^inputs must be an array/);
  await fails('zip', [f, []], RangeError, /^inputs must be 1 to 64 arrays/);
});

test.each([-1, 1.5, NaN, Infinity])('%s for a length is refused', async (bad) => {
  await fails('range', [f, bad], RangeError, /^length must be an integer/);
});

test('an initial value that is no number is refused', async () => {
  await fails('reduce', [f, input], TypeError, /^initial must be a number, got undefined/);
  await fails('reduce', [f, input, 1n], TypeError, /^initial must be a number, got 1n/);
});

test.each([0, -1, 1.5, 1025, NaN])('%s threads are refused', async (threads) => {
  await fails('map', [f, input, { threads }], RangeError, /^options\.threads must be an integer from 1 to 1024/);
});

test('other options are refused', async () => {
  await fails('map', [f, input, { threads: '2' }], TypeError, /^options\.threads/);
  await fails('map', [f, input, { timeout: -1 }], RangeError, /^options\.timeout/);
  await fails('map', [f, input, { timeout: 'x' }], TypeError, /^options\.timeout/);
  await fails('map', [f, input, { fallback: 'slow' }], TypeError, /^options\.fallback must be 'error' or 'serial'/);
  await fails('map', [f, input, 5], TypeError, /^options must be/);
  await expect(parallel.map(f, input, { signal: {} as never })).rejects.toThrow(/^options\.signal/);
});

test('nothing is written where a function is refused', async () => {
  const into = Float64Array.of(1, 2, 3);
  expect(() => parallel.mapSync((x) => `${x}` as never, input, { into })).toThrow();
  const throwing = (x: number): number => { if (x === 0) throw new Error('on purpose'); return x; }; // prettier-ignore
  expect(() => parallel.mapSync(throwing, Float64Array.of(5, 0, 1), { into, fallback: 'serial' })).toThrow(
    'on purpose',
  );
  await expect(parallel.map(throwing, Float64Array.of(5, 0, 1), { into, fallback: 'serial' })).rejects.toThrow(
    'on purpose',
  );
  expect([...into]).toEqual([1, 2, 3]);
});
