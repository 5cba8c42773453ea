/** Waits for a condition that nobody announces: the state of other processes, as /proc shows it. */
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a condition may take before the test fails: a bound against hanging, not a measurement. */
export const PATIENCE_MS = 60_000;

/** Looks every 10 ms until `condition` holds; fails, naming `what`, after `limit` milliseconds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limit: number = PATIENCE_MS,
): Promise<void> {
  const end = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not so after ${limit} ms`);
    await sleep(10);
  }
}
