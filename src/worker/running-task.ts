/** The task that runs, as currentTask() shows it and as the pool may end it. */
import { setCurrentTask, type CurrentTask } from '../pool/current-task';
import * as L from '../pool/layout';
import type { AnswerWriter } from './answer-writer';

class Task implements CurrentTask {
  readonly id: number;
  readonly attempt: number;
  private readonly owner: RunningTask;
  /** Made when it is asked for. */
  controller: AbortController | undefined;

  constructor(owner: RunningTask, id: number, attempt: number) {
    this.owner = owner;
    this.id = id;
    this.attempt = attempt;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.owner.isAborted(this)) this.controller.abort();
    }
    return this.controller.signal;
  }

  report(value: unknown): void {
    this.owner.report(this, value);
  }
}

export class RunningTask {
  private readonly words: Int32Array;
  private readonly answers: AnswerWriter;
  /** The id in its record: that of a chunk, for an item. */
  private recordId = L.NO_TASK;
  private attempt = 1;
  private index = 0;
  private task: Task | undefined;
  private over = true;

  constructor(words: Int32Array, answers: AnswerWriter) {
    this.words = words;
    this.answers = answers;
    setCurrentTask(() => this.current());
  }

  /** A record was claimed. */
  begin(id: number, attempt: number): void {
    this.recordId = id;
    this.attempt = attempt;
    this.index = 0;
    this.over = false;
    this.task = undefined;
  }

  /** Item `index` of the chunk begins. */
  beginItem(index: number): void {
    this.index = index;
    this.task = undefined;
  }

  end(): void {
    this.over = true;
    this.task = undefined;
    this.recordId = L.NO_TASK;
  }

  /** Whether the pool wants it to end. */
  get aborted(): boolean {
    return Atomics.load(this.words, L.ABORT) === this.recordId && !this.over;
  }

  /** At a bell: tells the task where it is to end. */
  look(): void {
    if (this.aborted) this.task?.controller?.abort();
  }

  isAborted(task: Task): boolean {
    return this.task === task && this.aborted;
  }

  report(task: Task, value: unknown): void {
    if (this.task !== task) return; // it is settled: nobody listens
    this.answers.report(this.recordId, value);
    this.answers.publish();
  }

  private current(): CurrentTask | undefined {
    if (this.over) return undefined;
    return (this.task ??= new Task(this, this.recordId + this.index, this.attempt));
  }
}
