/**
 * Runs in a spare, before it waits for its work, what every work begins with: V8 compiles functions when they are first
 * called, and runs them faster after a few calls; so that is done before somebody waits. A process that is to begin at
 * once does not do it.
 */
import { disown } from '../arena/handle';
import { decode, encode, prepare } from '../codec';
import { Queue } from '../queue/queue';
import { Lock } from '../sync/lock';

/** More bring little. */
const ROUNDS = 10;

export function warmUp(): void {
  const queue = new Queue();
  const order = { role: 'process', name: 'warm', identity: [1, 2], daemon: false, argv: process.argv, env: { A: 'b' } };
  // To encode is the parent's part.
  const run = encode({ target: (): number => 1, args: [queue, { a: 'text', b: [1, 2.5] }] }, 'warm').bytes;
  const adoption = encode({ ...order, payload: run, refs: [1] }, 'warm').bytes;
  for (let i = 0; i < ROUNDS; i++) {
    const { payload } = decode(adoption) as { payload: Uint8Array };
    void prepare(payload);
    (decode(payload) as { target(): number }).target();
    queue.putSync('text');
    queue.getSync();
  }
  const lock = new Lock();
  lock.runSync(() => 1);
  disown(queue);
  disown(lock);
}
