/** The blocks in which plain numbers of maps go to workers and come back: few, and used again while they are hot. */
import { native } from '../native';
import { blockViews, KIND_MESSAGE } from './block';
import { MAX_NUMBERS } from './layout';

/** Unused blocks kept. */
const KEPT = 16;

export class NumberBlocks {
  private readonly free: number[] = [];
  private readonly views = new Map<number, Float64Array>();

  /** A block for MAX_NUMBERS doubles. @throws Error with code ERR_OUT_OF_SHARED_MEMORY */
  take(): number {
    const known = this.free.pop();
    if (known !== undefined) return known;
    const id = native.allocRaw(MAX_NUMBERS * 8, KIND_MESSAGE);
    this.views.set(id, blockViews(id, MAX_NUMBERS * 8).doubles);
    return id;
  }

  doubles(id: number): Float64Array {
    return this.views.get(id)!;
  }

  give(id: number): void {
    if (this.free.length < KEPT) this.free.push(id);
    else this.release(id);
  }

  private release(id: number): void {
    this.views.delete(id);
    native.release(id);
  }

  /** Lets go of all. Those that a worker still has were given back by its death. */
  clear(): void {
    for (const id of this.free) this.release(id);
    this.free.length = 0;
  }
}
