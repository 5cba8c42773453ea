import { native } from '../native';
import * as bell from '../arena/bell';
import { handleOf, registerKind } from '../arena/handle';
import { TimeoutError } from '../errors';
import { checkSignal, checkSyncTimeout, checkTimeout } from '../validate';
import { ADOPT, KIND, Queue } from './queue';
import type { WaitOptions, WaitSyncOptions } from '../types';

/**
 * A queue whose items are also reported as done: join() waits until all that were put are.
 *
 * An item that was got by a process that died before its taskDone() stays unfinished: nobody can know whether it was done.
 *
 * @example
 * for await (const job of queue) {
 *   await work(job);
 *   queue.taskDone();
 * }
 */
export class JoinableQueue<T = any> extends Queue<T> {
  /** @internal */
  static override readonly [KIND]: string = 'JoinableQueue';

  /** Reports one item that was got as done. @throws RangeError where it is called more often than items were put. */
  taskDone(): void {
    if (native.queueTaskDone(this.#id)) return;
    throw Object.assign(new RangeError('taskDone() was called more often than items were put'), {
      code: 'ERR_OUT_OF_RANGE',
    });
  }

  /** Waits until taskDone() was called for every item that was put. @throws TimeoutError */
  async join(options?: WaitOptions): Promise<void> {
    const timeout = checkTimeout(options);
    const signal = checkSignal(options);
    const joined = await bell.wait(`join ${joins++}`, () => this.#joined(), timeout, signal);
    if (joined === bell.TIMED_OUT) throw unfinishedAfter(timeout);
  }

  /** {@link join}, blocking. */
  joinSync(options?: WaitSyncOptions): void {
    const timeout = checkSyncTimeout(options);
    if (bell.waitSync(() => this.#joined(), timeout) === bell.TIMED_OUT) throw unfinishedAfter(timeout);
  }

  get #id(): number {
    return handleOf(this)!.id;
  }

  #joined(): true | undefined {
    return native.queueJoinedOrArm(this.#id) || undefined;
  }
}

let joins = 0;

function unfinishedAfter(timeout: number): TimeoutError {
  return new TimeoutError(`items of the queue were unfinished after ${timeout} ms`);
}

registerKind('JoinableQueue', (id) => Reflect.construct(JoinableQueue, [ADOPT, id]) as JoinableQueue);
