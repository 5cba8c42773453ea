/** Results that did not fit the answer ring, or that name shared objects: the worker put them into its queue. */
import { pop } from '../queue/transport';

/** The next result of queue `id`. @throws RangeError: there is none. */
export function takeResult(id: number): unknown {
  const item = pop(id, 0);
  if (typeof item === 'number') throw new RangeError('the worker announced a result that it did not send');
  return item.open();
}
