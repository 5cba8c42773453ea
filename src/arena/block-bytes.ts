/** The bytes of large blocks. Few blocks are hot, and their views are kept: to make one costs as much as to use it. */
import { native } from '../native';

const KEPT = 64;
const views = new Map<number, Buffer>();

/** All bytes of block `id`, which somebody holds for as long as they are used. */
export function blockBytes(id: number): Buffer {
  let bytes = views.get(id);
  if (bytes === undefined) {
    if (views.size === KEPT) views.delete(views.keys().next().value!);
    views.set(id, (bytes = Buffer.from(native.blockBuffer(id))));
  }
  return bytes;
}
