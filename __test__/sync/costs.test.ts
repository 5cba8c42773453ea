// What waiting and idle objects cost: no thread, little memory, no CPU; and nothing stays of those that are dropped.
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

const execArgv = ['--expose-gc'];

test.each(['Event', 'Semaphore', 'Condition', 'Barrier', 'RLock', 'RWLock'])(
  '1,000 pending waits of a %s take no thread, less than 5 MB, and next to no CPU',
  async (name) => {
    const { threads, bytes, cpu } = await result('pending-waits', [name], { execArgv });
    expect(threads).toBe(0);
    expect(bytes).toBeLessThan(5e6);
    expect(cpu).toBeLessThan(0.2);
  },
);

test('100,000 idle objects take no CPU', async () => {
  const { objects, cpu } = await result('pending-waits', ['idle'], { execArgv });
  expect(objects).toBe(100_000);
  expect(cpu).toBeLessThan(0.05);
});

test('of 60,000 that were made and dropped nearly nothing is left', async () => {
  expect(await result('churn-primitives', [], { execArgv })).toBeLessThan(5_000);
});
