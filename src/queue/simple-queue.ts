import { registerKind } from '../arena/handle';
import { ADOPT, KIND, Queue } from './queue';

/** A queue without a limit and without options: Python's SimpleQueue. */
export class SimpleQueue<T = any> extends Queue<T> {
  /** @internal */
  static override readonly [KIND]: string = 'SimpleQueue';

  constructor();
  constructor(...internal: readonly unknown[]) {
    super(...((internal[0] === ADOPT ? internal : []) as []));
  }
}

registerKind('SimpleQueue', (id) => Reflect.construct(SimpleQueue, [ADOPT, id]) as SimpleQueue);
