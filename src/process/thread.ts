/**
 * Starting a child that is a worker thread of this process.
 *
 * The thread takes its order from the core (crates/node, threads.rs), and the core tells of its end: neither needs this
 * thread's event loop, so start() and joinSync() work where it never turns. Its output does not pass through here either
 * (worker/output.ts).
 */
import { resolve } from 'node:path';
import type { ResourceLimits, Worker } from 'node:worker_threads';
import { ProcessError } from '../errors';
import { coreFile, native } from '../native';
import { THREAD_BOOT_SCRIPT } from './command-line';
import { keepCode } from './kept-code';
import { adoptionOf, Child, childEnv, hearOfChildren, type Order } from './launch';
import { SIGINT } from './signals';

/** An option of V8 for a whole process that one thread can have for itself. */
const HEAP_LIMIT = /^--max[-_]old[-_]space[-_]size=(\d+)$/;

/** A thread that has not begun is looked for in the system so often. */
const LOOK_MS = 100;

/** A thread that this one started. */
class ThreadChild extends Child {
  private readonly worker: Worker;
  /** When it was last looked for in the system; Infinity: no need to. */
  private looked = performance.now();

  constructor(id: number, slot: number, worker: Worker) {
    super(id, process.pid, slot);
    this.worker = worker;
    worker.unref();
    // The core has told of both: of the error in the child's own words.
    worker.on('error', () => {});
    worker.on('exit', (code) => native.threadGone(id, code));
  }

  /** The core tells of a thread's end at once. */
  override watch(): void {}

  override poll(): void {
    super.poll();
    if (this.exitCode !== null || this.looked > performance.now() - LOOK_MS) return;
    this.looked = native.threadLook(this.id) ? performance.now() : Infinity;
    super.poll();
  }

  /** Signals are for processes: SIGINT is an event where the thread listens for it; every other one ends the thread at once. */
  override kill(signal: number): boolean {
    if (signal === SIGINT && native.threadInterrupt(this.id)) return true;
    if (!native.threadEnd(this.id, signal)) return false;
    void this.worker.terminate();
    return true;
  }
}

/**
 * What a thread can't have of its own.
 *
 * @throws ProcessError where the options ask for it.
 */
export function checkThreadSettings({ cwd }: { readonly cwd?: string }): void {
  if (cwd === undefined || resolve(cwd) === process.cwd()) return;
  throw new ProcessError(
    `options.cwd must be the working directory of the process for the start method 'thread', since its threads share it; got '${cwd}'`,
    'ERR_NOT_SUPPORTED',
  );
}

/** Node's options as a Worker takes them. */
function threadOptions(given: readonly string[] | undefined): { execArgv?: string[]; resourceLimits?: ResourceLimits } {
  if (given === undefined) return {};
  const execArgv = given.filter((option) => !HEAP_LIMIT.test(option));
  const limit = given.findLast((option) => HEAP_LIMIT.test(option));
  if (limit === undefined) return { execArgv };
  return { execArgv, resourceLimits: { maxOldGenerationSizeMb: Number(HEAP_LIMIT.exec(limit)![1]) } };
}

/**
 * Starts a thread.
 *
 * @throws Error with Node's code where it can't be started: ERR_WORKER_INIT_FAILED; ERR_WORKER_INVALID_EXEC_ARGV for an
 * option that is not for threads.
 */
export function launchThread(order: Order): Child {
  checkThreadSettings(order);
  hearOfChildren();
  const { id, slot } = native.threadClaim(adoptionOf(order, undefined, false));
  try {
    for (const ref of order.refs) native.preHold(ref, slot);
    const { Worker } = process.getBuiltinModule('node:worker_threads');
    const worker = new Worker(THREAD_BOOT_SCRIPT, {
      argv: [coreFile ?? '', String(id)],
      env: order.env === undefined ? undefined : definedOf(childEnv(order.env)),
      // Nothing comes that way, and what Node itself might write is not to hold the thread up.
      stdout: true,
      stderr: true,
      name: order.name,
      ...threadOptions(order.execArgv),
    });
    native.threadStarted(id);
    keepCode();
    return new ThreadChild(id, slot, worker);
  } catch (error) {
    native.threadNotStarted(id);
    throw error;
  }
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const defined: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined) defined[name] = value;
  return defined;
}
