/** What a started Process runs: its target, or the run() of its class. */
import { release, runnable } from '../process/payload';
import { becomeChild } from '../process/current';
import type { Adoption } from '../process/launch';
import { showError } from './show-error';
import { tellFailure } from './tell-failure';
import { onUncaught } from './uncaught';

export async function main(adoption: Adoption): Promise<void> {
  becomeChild(adoption);
  // What the program handles itself is not what it failed of.
  onUncaught(tellFailure);
  try {
    const run = await runnable(adoption.payload);
    release(adoption.refs);
    await run();
  } catch (error) {
    tellFailure(error);
    showError(adoption.name, error);
    process.exitCode = 1;
  }
}
