import type { MapJob } from './map-job';

/** A run of items of a map that is with a worker as one task. */
export class Chunk {
  readonly job: MapJob;
  /** The position of its first item in the map. */
  readonly first: number;
  readonly count: number;
  /** Items that are settled; the worker settles them in order. */
  received = 0;
  /** The block of plain numbers that the worker reads and writes until the chunk ends; -1: none. */
  numbers: number;
  /** Results from `received` on lie in `numbers`, in place of the items: so it is until the first that comes as an answer. */
  inPlace: boolean;

  constructor(job: MapJob, first: number, count: number, numbers: number) {
    this.job = job;
    this.first = first;
    this.count = count;
    this.numbers = numbers;
    this.inPlace = numbers >= 0;
  }
}
