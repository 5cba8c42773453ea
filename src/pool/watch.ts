/**
 * Time limits of running tasks: a task's own, and the grace between being told to end and being killed.
 *
 * One timer for all, for the earliest. A blocking call, during which no timer fires, calls poll().
 */

/** Something to be done about a task at a time. @returns the monotonic ms at which to look again; undefined: it is done. */
type Look = (now: number) => number | undefined;

interface Entry {
  due: number;
  readonly look: Look;
}

export class Watch {
  private readonly entries = new Map<number, Entry>();
  private timer: NodeJS.Timeout | undefined;
  private timerDue = Infinity;

  /** Calls `look` at `due`, and again when it says. One for each task: a later one replaces the earlier. */
  set(id: number, due: number, look: Look): void {
    this.entries.set(id, { due, look });
    this.arm(due);
  }

  delete(id: number): void {
    this.entries.delete(id);
    if (this.entries.size === 0) this.disarm();
  }

  /** Does what is due. */
  poll(): void {
    if (this.entries.size === 0) return;
    const now = monotonic();
    let earliest = Infinity;
    for (const [id, entry] of this.entries) {
      if (entry.due <= now) {
        const again = entry.look(now);
        if (this.entries.get(id) === entry) {
          if (again === undefined) this.entries.delete(id);
          else entry.due = again;
        }
      }
    }
    for (const entry of this.entries.values()) earliest = Math.min(earliest, entry.due);
    this.disarm();
    if (earliest < Infinity) this.arm(earliest);
  }

  /** The monotonic time of the next thing to do; Infinity: none. */
  get nextDue(): number {
    let earliest = Infinity;
    for (const entry of this.entries.values()) earliest = Math.min(earliest, entry.due);
    return earliest;
  }

  clear(): void {
    this.entries.clear();
    this.disarm();
  }

  private arm(due: number): void {
    if (due >= this.timerDue) return;
    this.disarm();
    this.timerDue = due;
    const delay = Math.min(2 ** 31 - 1, Math.max(1, Math.ceil(due - monotonic())));
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.timerDue = Infinity;
      this.poll();
    }, delay);
  }

  private disarm(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.timerDue = Infinity;
  }
}

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
