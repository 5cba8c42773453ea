/**
 * How many items go into the next chunk of a map.
 *
 * The first chunk is a guess that a worker cuts short if items turn out slow (it hands a chunk back after BUDGET_MS); then chunks aim at
 * TARGET_US, grow at most 16 times at once, and shrink towards the end so that all workers finish together.
 */

/** What a chunk should take, microseconds. */
const TARGET_US = 1000;
const FIRST = 256;
const GROWTH = 16;
const LARGEST = 1 << 17;

export class ChunkSizer {
  /** Microseconds an item takes, smoothed; 0: not known yet. */
  cost = 0;
  private last = FIRST;
  private readonly fixed: number;

  /** @param fixed the user's chunkSize; 0: adapt. */
  constructor(fixed: number) {
    this.fixed = fixed;
  }

  /**
   * @param rest items that no worker has.
   * @param workers that share them.
   */
  size(rest: number, workers: number): number {
    if (this.fixed > 0) return Math.min(this.fixed, rest);
    const byCost = this.cost === 0 ? FIRST : Math.ceil(TARGET_US / this.cost);
    const size = Math.max(1, Math.min(byCost, this.last * GROWTH, Math.ceil(rest / (2 * workers)), LARGEST));
    this.last = Math.max(size, GROWTH);
    return Math.min(size, rest);
  }

  /** A chunk's items took so many microseconds each. */
  measured(cost: number): void {
    if (!(cost >= 0)) return;
    this.cost = this.cost === 0 ? Math.max(cost, 1e-3) : this.cost * 0.5 + cost * 0.5;
  }

  /** How many chunks a worker should have at a time: one while nothing is known or items are slow, else one more to go on with. */
  depth(): number {
    return this.cost === 0 || this.cost > TARGET_US ? 1 : 2;
  }
}
