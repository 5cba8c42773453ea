// Processes that use every primitive at random and are SIGKILLed at random: no hang, and everything is whole afterwards.
// MULTIPROC_KILLS=1000 for the long form, MULTIPROC_SEED to repeat a run.
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

const kills = Number(process.env.MULTIPROC_KILLS ?? 30);
const seed = Number(process.env.MULTIPROC_SEED ?? Date.now() % 1_000_000);

test.each([2, 4, 16])(
  '%d processes',
  async (processes) => {
    console.log(`${processes} processes, ${kills} kills, MULTIPROC_SEED=${seed}`);
    const { operations, ...end } = await result('sync-stress', [processes, kills, seed]);
    expect(end).toEqual({
      codes: [],
      errors: [],
      permits: [2, 3],
      held: [true, true],
      written: true,
      passed: [0, 1],
    });
    expect(operations).toBeGreaterThan(0);
  },
  120_000 + kills * 2_000,
);
