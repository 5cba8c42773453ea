/** What a started Process runs: its target, or the run() of its class. */
import { release, runnable } from '../process/payload';
import { native } from '../native';
import { encodeError } from '../codec';
import { becomeChild } from '../process/current';
import { FAILED } from '../process/messages';
import type { Adoption } from '../process/launch';
import { showError } from './show-error';

/** How long an ending child waits for its last message to be taken. */
const FLUSH_MS = 1000;

export async function main(adoption: Adoption): Promise<void> {
  becomeChild(adoption);
  let told = false;
  const tell = (error: unknown) => {
    if (told) return;
    told = true;
    native.parentSend(FAILED, encodeError(error));
    native.parentFlush(FLUSH_MS);
  };
  // What the program handles itself is not what it failed of.
  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback()) tell(error);
  });
  try {
    const run = await runnable(adoption.payload);
    release(adoption.refs);
    await run();
  } catch (error) {
    tell(error);
    showError(adoption.name, error);
    process.exitCode = 1;
  }
}
