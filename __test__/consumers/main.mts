// A user's program in TypeScript.
import { Lock, parallel, Pool, Process, Queue, type ProcessOptions } from 'multiproc';

const lock: Lock = new Lock();
const queue = new Queue<number>(8);

function square(x: number, into: Queue<number>): void {
  lock.runSync(() => into.putSync(x * x));
}

const options: ProcessOptions<[number, Queue<number>]> = { target: square, args: [4, queue] };
const code: number | null = await new Process(options).start().join();
const got: number = await queue.get();

const pool = new Pool({ processes: 1 });
const words: string[] = await pool.map((n: number) => `<${n}>`, [1, 2]);
const sum: number = await pool.apply((a: number, b: number) => a + b, [1, 2]);
await pool.terminate();
const halves: Float64Array = await parallel.zip((x, y) => (x + y) / 2, [Int8Array.of(1), Float32Array.of(2)]);
const bytes: Uint8Array = parallel.mapSync((x) => x + 1, Uint8Array.of(255));

// @ts-expect-error a string is no number
void new Process({ target: square, args: ['4', queue] });

console.log(code, got, words.join(' '), sum, halves[0], bytes[0]);
