/** 64 MB on their way are in memory twice: as the sender's value, and in the shared memory that the receiver's array lies in. */
import { readFileSync } from 'node:fs';
import { getStartMethod, Pool } from 'multiproc';
import { afterAll, expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

const pool = new Pool(1);
afterAll(() => pool.terminate());

const MB = 1 << 20;
const LENGTH = 64 * MB;
/** What else happens in a process meanwhile. */
const SLACK = LENGTH / 2;

/** Bytes of private memory that this process has in fact. */
function privateMemory(): number {
  const { readFileSync: read } = process.getBuiltinModule('node:fs');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(read('/proc/self/status', 'latin1'))![1]) * 1024;
}

// A thread's arrays are copies: its memory could be handed on to a thread that lives longer.
test.runIf(getStartMethod() === 'spawn')('no process has a copy of its own, there or back', async () => {
  expect(readFileSync('/proc/self/status', 'latin1')).toMatch(/^RssAnon:/m);
  const look = (bytes: Uint8Array): number => {
    let sum = 0;
    for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i];
    return sum;
  };
  const grows = async (sent: Uint8Array): Promise<{ there: number; sum: number; back: Uint8Array; here: number }> => {
    const before = privateMemory();
    const worker = await pool.apply(privateMemory);
    const [sum, after] = await pool.apply((bytes: Uint8Array) => [look(bytes), privateMemory()], [sent]);
    const here = privateMemory() - before;
    const back = await pool.apply((bytes: Uint8Array) => bytes, [sent]);
    look(back);
    return { there: after - worker, sum, back, here: Math.max(here, privateMemory() - before) };
  };
  const sent = new Uint8Array(LENGTH).fill(1);
  const { there, sum, back, here } = await grows(sent);
  expect(sum).toBe(LENGTH / 4096);
  expect(back.length).toBe(LENGTH);
  expect(there).toBeLessThan(SLACK);
  expect(here).toBeLessThan(SLACK);
});
