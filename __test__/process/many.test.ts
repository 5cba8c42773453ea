// Many starts in a row: descriptors, processes, threads and memory are back where they were.
// Short: 100; MULTIPROC_LONG=1: 2,000.
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';
import { threads } from '../support/start-method';

noLeaks();

const times = process.env.MULTIPROC_LONG ? 2000 : 100;

interface State {
  readonly descriptors: Record<string, number>;
  readonly children: number;
  readonly threads: number;
  readonly arenaBytes: number;
  readonly privateBytes: number;
}

test.each(threads ? ['fresh'] : ['fresh', 'spares'])(
  `${times} processes, started and joined one after the other: nothing is left (%s)`,
  { timeout: times * 4000 },
  async (kind) => {
    const { before, after, codes } = await result<{ before: State; after: State; codes: number[] }>(
      'row',
      [times, kind],
      {
        execArgv: ['--expose-gc'],
      },
    );
    expect(codes).toEqual([0]);
    expect(after.descriptors).toEqual(before.descriptors);
    expect(after.children).toBe(before.children);
    expect(after.threads).toBe(before.threads);
    expect(after.arenaBytes - before.arenaBytes).toBeLessThan(1 << 20);
    // What V8 keeps of a hundred starts; a leak of 100 kB a start would show.
    expect(after.privateBytes - before.privateBytes).toBeLessThan((10 << 20) + times * 10_000);
  },
);

// 319 slots: those of ended processes must be used again.
test.runIf(process.env.MULTIPROC_LONG)('more processes than there are slots, ten at a time', async () => {
  const { codes } = await result('row', [400, 'batches']);
  expect(codes).toEqual([0]);
});
