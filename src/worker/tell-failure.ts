import { encodeError } from '../codec';
import { native } from '../native';
import { FAILED } from '../process/messages';

/** How long an ending child waits for its last message to be taken. */
const FLUSH_MS = 1000;

let told = false;

/** Tells the parent what this child fails of. The first one counts. */
export function tellFailure(error: unknown): void {
  if (told) return;
  told = true;
  native.parentSend(FAILED, encodeError(error));
  native.parentFlush(FLUSH_MS);
}
