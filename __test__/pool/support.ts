/** What the pool's tests share. */
import { beforeAll } from 'vitest';
import { Pool } from 'multiproc';
import { noLeaks } from '../support/leaks';

/** As many workers as any test here has at a time. */
const SLOTS = 6;

/**
 * noLeaks(), once the bells of as many slots have been rung as these tests use: the ringing end of a bell's pipe is kept until
 * another process has the slot.
 */
export function noLeaksOfPools(): void {
  beforeAll(async () => {
    await using pool = new Pool(SLOTS);
    const wait = () => new Promise((resolve) => setTimeout(resolve, 100));
    await pool.map(
      wait,
      Array.from({ length: SLOTS }, (_, i) => i),
      { chunkSize: 1 },
    );
    await wait();
    await pool.map(
      wait,
      Array.from({ length: SLOTS }, (_, i) => i),
      { chunkSize: 1 },
    );
  });
  noLeaks();
}

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
