/** A function is sent to a worker once, and forgotten when nothing needs it. */
import { expect, test } from 'vitest';
import { Pool } from 'multiproc';
import { noLeaksOfPools } from './support';

noLeaksOfPools();

const COUNT = Number(process.env.FUNCTIONS ?? 20_000);
/** Functions submitted at once. */
const BATCH = 500;

test(`${COUNT} distinct functions through one pool: each is the right one, and memory stays where it was`, async () => {
  await using pool = new Pool(1);
  const heap = () => {
    const { setFlagsFromString } = process.getBuiltinModule('node:v8');
    const { runInNewContext } = process.getBuiltinModule('node:vm');
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    return process.memoryUsage().heapUsed;
  };
  /** A function of its own for each number. */
  const distinct = (number: number) => () => number;
  const sizes: { here: number; there: number }[] = [];
  for (let first = 0; first < COUNT; first += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, i) => first + i);
    expect(await Promise.all(numbers.map((number) => pool.apply(distinct(number))))).toEqual(numbers);
    if (first % (COUNT / 4) === 0) sizes.push({ here: heap(), there: await pool.apply(heap) });
  }
  sizes.push({ here: heap(), there: await pool.apply(heap) });
  // From the second look on, so that what is made once is there. A function takes over a kilobyte.
  const [, before, , , after] = sizes;
  const room = COUNT * 100 + (4 << 20);
  expect(after.here - before.here).toBeLessThan(room);
  expect(after.there - before.there).toBeLessThan(room);
}, 300_000);

test('a function that captures nothing is sent once, however often it is called', async () => {
  await using pool = new Pool(1);
  // The text of the function would not fit the ring if it were sent with each task.
  const large = new Function('x', `return x + 1; /* ${'x'.repeat(100_000)} */`) as (x: number) => number;
  const results = await Promise.all(Array.from({ length: 5000 }, (_, i) => pool.apply(large, [i])));
  expect(results).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1));
});
