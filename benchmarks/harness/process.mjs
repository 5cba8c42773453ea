// A contestant seen from the harness: starts it, sends it rounds, and ends it with all that it started.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { treeCpu } from './cpu.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** A round that takes longer is a hang, and is reported as one. */
const ROUND_LIMIT_MS = 60_000;

const alive = new Set();
process.on('exit', () => {
  for (const contestant of alive) contestant.kill();
});

/** Command and arguments of a contestant of a benchmark file. */
function commandOf(file, name, { command }) {
  if (command === undefined) return [process.execPath, [here('contestant.mjs'), file, name]];
  const [program, ...rest] = command;
  return [program, rest];
}

export class Contestant {
  #process;
  #waiting;

  constructor(file, name, definition) {
    this.name = name;
    this.definition = definition;
    const [program, args] = commandOf(file, name, definition);
    // A process group of its own, so that it can be ended with all of its descendants.
    this.#process = spawn(program, args, {
      cwd: here('..'),
      stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
      detached: true,
    });
    alive.add(this);
    createInterface({ input: this.#process.stdio[3] }).on('line', (line) => this.#waiting?.(JSON.parse(line)));
    this.#process.on('error', (error) => this.#waiting?.({ skipped: error.message }));
    this.#process.on('exit', (code, signal) => this.#waiting?.({ failed: `it ended with ${signal ?? code}` }));
    this.#process.stdin.on('error', () => {});
  }

  #answer() {
    return new Promise((resolve) => {
      const failed = `no answer in ${ROUND_LIMIT_MS} ms`;
      const limit = setTimeout(() => resolve({ failed, hung: true }), ROUND_LIMIT_MS);
      this.#waiting = (value) => {
        clearTimeout(limit);
        this.#waiting = undefined;
        resolve(value);
      };
    });
  }

  /** @returns undefined, or why this contestant does not take part. */
  async opened() {
    const { ready, skipped, failed } = await this.#answer();
    this.methods = ready;
    return ready === undefined ? (skipped ?? failed) : undefined;
  }

  /** One round: { wall, p99, cpu } in nanoseconds per operation. Throws where the contestant failed. */
  async round(call, args) {
    const before = treeCpu(this.#process.pid);
    const answered = this.#answer();
    this.#process.stdin.write(`${JSON.stringify({ call, args })}\n`);
    const { ns, ops = 1, cpuOps = ops, p99, failed, hung } = await answered;
    if (hung) this.kill();
    if (failed !== undefined) throw new Error(`${this.name}: ${failed}`);
    return { wall: ns / ops, p99, cpu: (treeCpu(this.#process.pid) - before) / cpuOps };
  }

  async close() {
    if (!this.ended && this.#process.exitCode === null && this.#process.signalCode === null) {
      const answered = this.#answer();
      this.#process.stdin.write('{"call":"close","args":{}}\n');
      await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
    }
    this.kill();
  }

  /** Ends the whole group, the contestant and what it left behind. */
  kill() {
    this.ended = true;
    alive.delete(this);
    try {
      process.kill(-this.#process.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }
}
