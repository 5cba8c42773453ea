import { ProcessError } from '../errors';
import { identity, isMainProcess } from './current';
import { KNOWN, Process } from './process';

/** A process that this one did not start: itself, or its parent. */
class KnownProcess extends Process {
  readonly #pid: number;
  readonly #name: string | undefined;
  readonly #daemon: boolean | undefined;

  /** @param name undefined: this process itself, whose name may be changed. */
  constructor(pid: number, name: string | undefined, daemon: boolean | undefined) {
    super(KNOWN as never);
    this.#pid = pid;
    this.#name = name;
    this.#daemon = daemon;
  }

  override get pid(): number {
    return this.#pid;
  }

  override get name(): string {
    return this.#name ?? identity.name;
  }
  override set name(name: string) {
    if (this.#name !== undefined) throw new ProcessError('the name of the parent process is its own', 'ERR_PROCESS_FOREIGN');
    super.name = name;
    identity.name = name;
  }

  override get daemon(): boolean {
    return this.#daemon ?? identity.daemon;
  }
  override set daemon(_: boolean) {
    throw new ProcessError('the process runs already: daemon can be set before start() only', 'ERR_PROCESS_STARTED');
  }

  override get exitCode(): null {
    return null;
  }

  override isAlive(): boolean {
    if (this.#pid === process.pid) return true;
    try {
      return process.kill(this.#pid, 0);
    } catch {
      return false;
    }
  }

  override start(): never {
    throw new ProcessError(`process ${this.name} runs already`, 'ERR_PROCESS_STARTED');
  }
}

let self: Process | undefined;
let parent: Process | undefined;

/** The Process that this code runs in. */
export function currentProcess(): Process {
  return (self ??= new KnownProcess(process.pid, undefined, undefined));
}

/** The Process that started this one; undefined in the main process. Its daemon flag is not known here: false. */
export function parentProcess(): Process | undefined {
  if (isMainProcess || identity.parent === undefined) return undefined;
  return (parent ??= new KnownProcess(identity.parent.pid, identity.parent.name, false));
}
