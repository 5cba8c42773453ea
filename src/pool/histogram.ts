import { checkNumber } from '../validate';
import type { Histogram } from './stats';
import { showsAs } from '../inspect/shown';

/** Buckets grow by an eighth of a power of two: a percentile is right to 9 %. */
const STEPS = 8;
/** The lowest bucket ends at 2^-14 ms. */
const LOWEST = -14;
const BUCKETS = 48 * STEPS;

/** Times in milliseconds, counted in buckets. */
export class Times implements Histogram {
  count = 0;
  min = 0;
  max = 0;
  #sum = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  /** `count` of them were `time` ms. */
  add(time: number, count: number): void {
    this.min = this.count === 0 ? time : Math.min(this.min, time);
    this.max = Math.max(this.max, time);
    this.count += count;
    this.#sum += time * count;
    const bucket = Math.floor((Math.log2(time) - LOWEST) * STEPS);
    this.#buckets[Math.max(0, Math.min(BUCKETS - 1, bucket))] += count;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.#sum / this.count;
  }

  /** The time that `p` percent (0 to 100) did not exceed; 0 where none was counted. @throws TypeError, RangeError */
  percentile(p: number): number {
    checkNumber(p, 'p', 0, 100);
    let left = (this.count * p) / 100;
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#buckets[i];
      if (left <= 0) return Math.min(this.max, Math.max(this.min, 2 ** ((i + 1) / STEPS + LOWEST)));
    }
    return this.max;
  }
}

showsAs(Times, (times) => ({ mean: times.mean, p50: times.percentile(50), p95: times.percentile(95) }), 'Histogram');
