/** Programs of `__test__/fixtures`, run as a user would run them: with plain node, in a process of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { getStartMethod } from 'multiproc';
import { onTestFinished } from 'vitest';
import { processesWith } from './proc';
import { until } from './until';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly execArgv?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Whether a process of it that aborts writes a core dump, into the current directory where the system's pattern says so. */
  readonly coreDumps?: boolean;
}

const TREE = 'TEST_TREE';

export class Program {
  readonly #child: ChildProcess;
  readonly #assignment: string;
  readonly #waiting: (() => void)[] = [];
  #stdout = '';
  #stderr = '';
  #taken = 0;
  #over = false;
  /** Settles when the program has ended and everyone who had its stdout and stderr has closed them. */
  readonly ended: Promise<Ending>;

  /** @param fixture a file of `__test__/fixtures`; `.mjs` may be left out. */
  constructor(fixture: string, args: readonly unknown[] = [], options: ProgramOptions = {}) {
    const path = fileURLToPath(
      new URL(`../fixtures/${fixture.includes('.') ? fixture : `${fixture}.mjs`}`, import.meta.url),
    );
    const marker = randomUUID();
    this.#assignment = `${TREE}=${marker}`;
    const command = [process.execPath, ...(options.execArgv ?? []), path, ...args.map(String)];
    if (options.coreDumps) command.unshift('sh', '-c', 'ulimit -c unlimited && exec "$0" "$@"');
    this.#child = spawn(command[0], command.slice(1), {
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        TEST_START_METHOD: getStartMethod(),
        ...options.env,
        [TREE]: marker,
      },
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        this.#over = true;
        this.#wake();
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#wake();
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    onTestFinished(() => {
      for (const pid of this.tree()) process.kill(pid, 'SIGKILL');
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next whole line that it prints, from JSON. */
  async json<T = any>(): Promise<T> {
    for (;;) {
      const end = this.#stdout.indexOf('\n', this.#taken);
      if (end >= 0) {
        const line = this.#stdout.slice(this.#taken, end);
        this.#taken = end + 1;
        return JSON.parse(line) as T;
      }
      if (this.#over) throw new Error(`the program ended without a further line; stderr: ${this.#stderr}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The program, and all that descends from it, as far as it runs. */
  tree(): number[] {
    return processesWith(this.#assignment);
  }

  /** Waits until nothing of its tree runs. */
  async gone(): Promise<void> {
    try {
      await until('the whole tree has ended', () => this.tree().length === 0, 20_000);
    } catch (error) {
      throw new Error(`still running: ${this.tree().join(', ')}`, { cause: error });
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Runs a fixture to its end. */
export function run(fixture: string, args: readonly unknown[] = [], options: ProgramOptions = {}): Promise<Ending> {
  return new Program(fixture, args, options).ended;
}

/** Runs a fixture that succeeds and prints one JSON value; returns that. */
export async function result<T = any>(
  fixture: string,
  args: readonly unknown[] = [],
  options: ProgramOptions = {},
): Promise<T> {
  const { code, signal, stdout, stderr } = await run(fixture, args, options);
  if (code !== 0) throw new Error(`${fixture} ${args.join(' ')} ended with ${signal ?? code}: ${stderr}\n${stdout}`);
  return JSON.parse(stdout) as T;
}
