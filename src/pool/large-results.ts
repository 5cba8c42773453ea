/** Results that did not fit the answer ring, or that name shared objects: the worker put them into its queue. */
import { native } from '../native';

const NOTHING = -1;
const TOO_LONG = -16;

let scratch = new Uint8Array(64 << 10);

/** The next result of queue `id`, given to `decode` as bytes that are valid during the call. @throws RangeError: there is none. */
export function takeResult<T>(id: number, decode: (bytes: Uint8Array) => T): T {
  let length = native.queuePop(id, scratch, 0);
  if (length <= TOO_LONG) {
    scratch = new Uint8Array(2 ** Math.ceil(Math.log2(TOO_LONG - length + 1)));
    length = native.queuePop(id, scratch, 0);
  }
  if (length <= NOTHING) throw new RangeError('the worker announced a result that it did not send');
  const refs = native.takenRefs();
  try {
    return decode(scratch.subarray(0, length));
  } finally {
    if (refs !== null) for (const ref of refs) native.release(ref);
    if (scratch.length > KEPT) scratch = new Uint8Array(KEPT);
  }
}

/** A larger buffer is not kept. */
const KEPT = 4 << 20;
