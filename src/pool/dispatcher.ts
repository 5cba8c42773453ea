/**
 * Which worker gets what, and when.
 *
 * Rings are filled deep enough that a worker never waits for this thread. When nothing is left to hand out and a worker is idle, tasks
 * that another one has not begun are taken back and go to the idle one. So costs need not be known, only guessed.
 */
import type { Engine } from './engine';
import { copyRecord, OrderedLane, PlainLane, type Waiting } from './lanes';
import type { MapJob } from './map-job';
import type { PoolWorker } from './pool-worker';
import { ABANDONED, DROPPED, PLACED, QUEUED } from './task-table';
import * as L from './layout';

/** Taking back less work than this (microseconds) costs more than it gains. */
const WORTH_US = 20;
/** A worker that gave no answer for so long (ms) is taken for slow, whatever its tasks cost before. */
const SLOW_MS = 2;
/** While nothing changes, slow workers are looked at ever less often, but at least so (ms). */
const LONGEST_SWEEP_MS = 64;

export class Dispatcher {
  readonly plain = new PlainLane();
  readonly ordered = new OrderedLane();
  /** Maps that run, higher priority first. */
  readonly jobs: MapJob[] = [];
  private readonly engine: Engine;
  private pumping = false;
  /** Tasks just sent that were submitted at `waitedSince`. */
  private waited = 0;
  private waitedSince = 0;
  /** Counts the times that tasks were handed out (PoolWorker.fedIn). */
  private round = 0;
  private sweep: NodeJS.Timeout | undefined;
  private sweepDelay = SLOW_MS;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Tasks of apply that no worker has. */
  get queued(): number {
    return this.plain.count + this.ordered.count;
  }

  addJob(job: MapJob): void {
    let i = this.jobs.length;
    while (i > 0 && this.jobs[i - 1].priority < job.priority) i--;
    this.jobs.splice(i, 0, job);
  }

  removeJob(job: MapJob): void {
    const i = this.jobs.indexOf(job);
    if (i >= 0) this.jobs.splice(i, 1);
  }

  /** A task with a record of its own. */
  addOrdered(task: Waiting): void {
    this.ordered.add(task, () => this.workerForKey());
  }

  private workerForKey(): PoolWorker | undefined {
    this.engine.crew.ensure(this.demand() + 1);
    let best: PoolWorker | undefined;
    let least = Infinity;
    for (const worker of this.engine.crew.workers) {
      if (worker.retired) continue;
      const load = worker.channel.inFlight + this.ordered.ownedBy(worker);
      if (load < least) [best, least] = [worker, load];
    }
    return best;
  }

  /** Tasks that could be given out now. */
  demand(): number {
    let demand = this.queued;
    for (const job of this.jobs) demand += job.waiting();
    return demand;
  }

  /** Gives what waits to the workers that have room; then idle workers get what others have not begun. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    try {
      if (this.demand() > 0) this.handOut();
      this.balance();
    } finally {
      this.pumping = false;
    }
  }

  /** Idle workers first, and of those the ones that run already; one wake each. */
  private handOut(): void {
    const { crew } = this.engine;
    crew.ensure(this.demand());
    const { workers } = crew;
    const count = crew.takers();
    const round = ++this.round;
    let turn = 0;
    this.waited = 0;
    for (let pass = 0; pass < 3; pass++) {
      for (const worker of workers) {
        if (worker.retired || worker.fedIn === round) continue;
        if (pass < 2 && (worker.channel.inFlight > 0 || (pass === 0 && !worker.ready))) continue;
        worker.fedIn = round;
        this.feed(worker, Math.max(1, Math.ceil(this.queued / Math.max(1, count - turn++))), count);
      }
    }
    this.countWaits(0);
  }

  private feed(worker: PoolWorker, share: number, workers: number): void {
    const before = worker.channel.position;
    const topJob = this.topJob(worker);
    const topSingle = this.topSingle(worker);
    if (topSingle >= topJob) this.feedSingles(worker, share);
    if (topSingle <= topJob || this.topSingle(worker) < topJob) this.feedJobs(worker, workers);
    if (topSingle < topJob && this.topJob(worker) <= topSingle) this.feedSingles(worker, share);
    if (worker.channel.position !== before) worker.wake();
  }

  private topJob(worker: PoolWorker): number {
    for (const job of this.jobs) if (this.isFor(job, worker) && job.waiting() > 0) return job.priority;
    return -Infinity;
  }

  private topSingle(worker: PoolWorker): number {
    const task = this.ordered.count > 0 ? this.ordered.peek(worker) : undefined;
    const plain = this.plain.count > 0 ? 0 : -Infinity;
    return task === undefined ? plain : Math.max(plain, task.priority);
  }

  private isFor(job: MapJob, worker: PoolWorker): boolean {
    const { key } = job.settings;
    if (key === undefined) return true;
    const owner = this.ordered.ownerOf(key);
    if (owner === undefined) this.ordered.own(key, worker);
    return owner === undefined || owner === worker;
  }

  private feedJobs(worker: PoolWorker, workers: number): void {
    for (let i = 0; i < this.jobs.length; i++) {
      const job = this.jobs[i];
      if (!this.isFor(job, worker)) continue;
      let placed = false;
      while (worker.chunks < job.depth() && this.jobs[i] === job && job.place(worker, workers)) placed = true;
      if (!placed || this.jobs[i] !== job) continue;
      // Its equals come before it the next time.
      let last = i;
      while (last + 1 < this.jobs.length && this.jobs[last + 1].priority === job.priority) last++;
      if (last > i) {
        this.jobs.splice(i, 1);
        this.jobs.splice(last, 0, job);
        i--;
      }
      if (worker.chunks >= job.depth()) return;
    }
  }

  private feedSingles(worker: PoolWorker, share: number): void {
    const want = worker.want(this.engine.guess);
    const have = worker.channel.inFlight - worker.chunks;
    if (have > want >> 1) return;
    let room = Math.min(want - have, share, worker.tasksLeft);
    const { plain, ordered } = this;
    const { words } = plain.writer;
    while (room > 0) {
      const task = ordered.count > 0 ? ordered.peek(worker) : undefined;
      if (
        task !== undefined &&
        (plain.count === 0 || task.priority > 0 || (task.priority === 0 && task.id < words[plain.front + 1]))
      ) {
        if (!this.send(worker, task.record, 0, task.id)) return;
        ordered.shift(worker, task);
      } else if (plain.count > 0) {
        const at = plain.front;
        if (!this.send(worker, words, at, words[at + 1])) return;
        plain.shift(words[at] & L.LENGTH);
      } else {
        return;
      }
      room--;
    }
  }

  /** Places a record, or drops it if its task is settled already. False: no room. */
  private send(worker: PoolWorker, words: Int32Array, at: number, id: number): boolean {
    const { table } = this.engine;
    if (table.state(id) === DROPPED) {
      this.engine.remove(id);
      return true;
    }
    if (!worker.know(words[at + 2]) || !worker.channel.place(words, at, words[at] & L.LENGTH, id)) return false;
    table.setState(id, PLACED);
    const detail = table.detail(id);
    worker.placed(detail, 1);
    if (detail !== null && detail.timeout >= 0) this.engine.limits.start(id, detail);
    const submitted = table.submittedAt(id);
    if (submitted !== this.waitedSince) this.countWaits(submitted);
    this.waited++;
    return true;
  }

  /** Tasks of one burst have waited equally long: they are counted together. */
  private countWaits(next: number): void {
    if (this.waited > 0) this.engine.waitTimes.add(Math.max(0, performance.now() - this.waitedSince), this.waited);
    this.waited = 0;
    this.waitedSince = next;
  }

  /** Nothing waits: idle workers get what others have not begun. */
  private balance(): void {
    const { workers } = this.engine.crew;
    let idle = 0;
    let deep = 0;
    for (const worker of workers) {
      if (worker.retired) continue;
      if (worker.channel.inFlight === 0) idle += worker.ready ? 1 : 0;
      else if (worker.channel.inFlight > 1 || worker.chunks > 0 || !worker.ready) deep++;
    }
    if (deep === 0) return;
    if (idle > 0 && this.queued === 0) {
      for (const rich of workers) {
        if (idle === 0) break;
        if (rich.channel.inFlight >= (rich.ready ? 2 : 1) && this.relieve(rich) > 0) idle--;
      }
    }
    this.sweepLater();
  }

  /** Takes back what a worker has not begun, where that pays. @returns how many tasks. */
  private relieve(rich: PoolWorker): number {
    const unbegun = rich.channel.unbegun();
    if (unbegun === 0) return 0;
    const slow = rich.channel.inFlight > 0 && performance.now() - rich.lastAnswer > SLOW_MS;
    const cost = Math.max(rich.cost, rich.chunks > 0 ? 1000 : 1);
    let count = unbegun >> 1;
    if (slow || !rich.ready) count = Math.ceil(unbegun / 2);
    else if (unbegun === 1 && cost > WORTH_US) count = 1;
    if (count === 0 || (!slow && rich.ready && count * cost < WORTH_US)) return 0;
    const taken = this.takeBack(rich, count);
    if (taken > 0) this.handOut();
    return taken;
  }

  /** Takes back up to `count` tasks that `worker` has not begun; they wait again. */
  takeBack(worker: PoolWorker, count: number, keyedToo = false): number {
    const { table } = this.engine;
    const may = (id: number) => keyedToo || table.detail(id)?.key === undefined;
    return worker.channel.takeBack(count, may, (id, at) => this.requeue(worker, id, worker.channel.words, at));
  }

  /** A record that `worker` has not begun waits again. */
  requeue(worker: PoolWorker, id: number, words: Int32Array, at: number): void {
    const { table } = this.engine;
    const detail = table.detail(id);
    worker.unplaced(detail, detail?.chunk?.count ?? 1);
    if (detail?.chunk != null) detail.chunk.job.giveBack(id, detail.chunk, detail.attempt > 1, detail.attempt);
    if (detail?.chunk != null || table.state(id) === ABANDONED) {
      this.engine.remove(id);
      return;
    }
    if (detail !== null) this.engine.limits.stop(id);
    table.setState(id, QUEUED);
    const record = copyRecord(words, at, id, detail?.attempt ?? 1);
    this.addOrdered({ id, record, priority: detail?.priority ?? 0, key: detail?.key });
  }

  /**
   * A worker has more than one task: the one that it runs may take long, and then the answers to those before it are not published,
   * and those after it are better off elsewhere. Nothing would tell.
   */
  private sweepLater(): void {
    if (this.sweep !== undefined) return;
    this.sweep = setTimeout(() => this.sweepNow(), this.sweepDelay);
    this.sweep.unref();
  }

  /** Looks at slow workers; a blocking call, during which no timer fires, calls it itself. */
  sweepNow(): void {
    if (this.sweep === undefined) return;
    clearTimeout(this.sweep);
    this.sweep = undefined;
    const { answers, crew } = this.engine;
    const before = performance.now() - SLOW_MS;
    let any = false;
    for (const worker of [...crew.workers])
      if (worker.lastAnswer < before) any = answers.drainUnpublished(worker) || any;
    this.sweepDelay = any ? SLOW_MS : Math.min(LONGEST_SWEEP_MS, this.sweepDelay * 2);
    this.engine.changed();
  }

  /** Workers answer: it is worth looking soon again. */
  awake(): void {
    this.sweepDelay = SLOW_MS;
  }

  /** Milliseconds until sweepNow() is due; Infinity: it is not needed. */
  get sweepDueIn(): number {
    return this.sweep === undefined ? Infinity : this.sweepDelay;
  }

  stop(): void {
    if (this.sweep !== undefined) clearTimeout(this.sweep);
    this.sweep = undefined;
  }

  /** Forgets what waits: all of it is settled. */
  drop(): void {
    const { table } = this.engine;
    for (const id of table.all()) if (table.state(id) === DROPPED) this.engine.remove(id);
    this.plain.clear();
    this.ordered.clear();
  }
}
