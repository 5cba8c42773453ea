/**
 * Runs once in a spare, before it waits for its work, what every work begins with: V8 compiles functions when they are
 * first called, and so they are compiled before somebody waits. A process that is to begin at once does not do it.
 */
import { disown } from '../arena/handle';
import { decode, encode, prepare } from '../codec';
import { Queue } from '../queue/queue';
import { Lock } from '../sync/lock';

export function warmUp(): void {
  const queue = new Queue();
  const { bytes } = encode({ target: (): number => 1, args: [queue, { a: 'text', b: [1, 2.5] }] }, 'warm');
  void prepare(bytes);
  (decode(bytes) as { target(): number }).target();
  queue.putSync('text');
  queue.getSync();
  const lock = new Lock();
  lock.runSync(() => 1);
  disown(queue);
  disown(lock);
}
