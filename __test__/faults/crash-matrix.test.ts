// Every way to die at every stage of a child's life: its exit code is right, and what it shared with others still works.
import { describe, expect, test } from 'vitest';
import { Lock, OwnerDiedError, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { threads } from '../support/start-method';

noLeaks();

const ways: [way: string, code: number][] = [
  ['exit', 3],
  ['throw', 1],
  ['rejection', 1],
];
// A thread can't suffer these alone; but it may run out of heap alone.
if (threads) ways.push(['heap', 1]);
else ways.push(['abort', -6], ['SIGSEGV', -11], ['SIGKILL', -9]);
const stages = [
  'at once',
  'holding the lock',
  'between puts',
  'between gets',
  'in a timer',
  'in an exit handler',
  'while an awaited get is pending',
  'while an awaited acquire is pending',
];

function work(lock: Lock, input: Queue<number>, output: Queue<unknown>, never: Queue, way: string, stage: string) {
  const die = (): void => {
    if (way === 'exit') process.exit(3);
    if (way === 'throw') throw new Error('dies');
    if (way === 'rejection') return void Promise.reject(new Error('dies'));
    if (way === 'abort') process.abort();
    if (way === 'heap') for (const all: unknown[] = []; ;) all.push(new Array(10_000).fill(all.length));
    process.kill(process.pid, way as NodeJS.Signals);
    for (;;);
  };
  switch (stage) {
    case 'at once':
      return die();
    case 'holding the lock':
      lock.acquireSync();
      return die();
    case 'between puts':
      output.putSync('small');
      output.putSync(new Uint8Array(100_000));
      return die();
    case 'between gets':
      input.getSync();
      return die();
    case 'in a timer':
      setTimeout(die, 1);
      return;
    case 'in an exit handler':
      process.on('exit', die);
      return;
    case 'while an awaited get is pending':
      never.get().catch(() => {});
      setTimeout(die, 1);
      return;
    default:
      // The parent holds that lock.
      lock.acquire().catch(() => {});
      setTimeout(die, 1);
  }
}

describe.each(stages)('%s', (stage) => {
  test.each(ways)('by %s: %i', async (way, code) => {
    const lock = new Lock();
    const input = new Queue<number>();
    const output = new Queue<unknown>();
    input.putManySync([1, 2, 3]);
    const parentHolds = stage.includes('acquire');
    if (parentHolds) lock.acquireSync();
    const child = new Process({
      target: work,
      args: [lock, input, output, new Queue(), way, stage],
      execArgv: way === 'heap' ? ['--max-old-space-size=24'] : undefined,
    }).start();
    const joined = await child.join();
    // Whether a rejection that an exit handler leaves behind is still seen depends on Node's version.
    expect(stage === 'in an exit handler' && way === 'rejection' ? [0, code] : [code]).toContain(joined);

    if (stage === 'holding the lock') {
      await expect(lock.acquire()).rejects.toBeInstanceOf(OwnerDiedError);
      expect(lock.recover()).toBe(true);
      lock.release();
    }
    if (parentHolds) lock.release();
    expect(lock.acquireSync()).toBe(true);
    lock.release();
    expect(input.getManySync(9)).toEqual(stage === 'between gets' ? [2, 3] : [1, 2, 3]);
    expect(output.size).toBe(stage === 'between puts' ? 2 : 0);
    output.putSync('last');
    while (output.size > 1) output.getSync();
    expect(await output.get()).toBe('last');
  });
});
