/** At the end of a test file nothing is left of it: no child, no descriptor, no thread's worth of shared memory. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { configure, getAllStartMethods, Lock, Process, Queue } from 'multiproc';
import { childrenOf, descriptorsOf } from './proc';
import { until } from './until';

/** Names in /dev/shm that could be ours. The arena has no name, so there must never be any. */
function namedSharedMemory(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.includes('multiproc'));
}

/**
 * Counts descriptors by what they are: 'pipe', 'socket', 'anon_inode:[pidfd]'... A pipe counts once, however many
 * descriptors of it there are: a thread's bell is a pipe, and who rings it first opens its other end once more, and keeps it.
 */
function counted(descriptors: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  const pipes = new Set(descriptors.filter((target) => target.startsWith('pipe:')));
  for (const target of [...descriptors.filter((target) => !target.startsWith('pipe:')), ...pipes]) {
    const kind = target.replace(/:\[\d+\]$/, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** What there is now and was not `before`, in words. */
function extra(before: readonly string[], children: readonly number[]): string[] {
  const found = childrenOf(process.pid)
    .filter((pid) => !children.includes(pid))
    .map((pid) => `child process ${pid}`);
  const had = counted(before);
  const now = descriptorsOf(process.pid);
  for (const [kind, count] of counted(now)) {
    const more = count - (had.get(kind) ?? 0);
    if (more > 0) found.push(`${more} descriptors more: ${kind}`);
  }
  if (now.length > before.length + ENDS_OF_BELLS) found.push(`${now.length - before.length} descriptors more in all`);
  return found.concat(namedSharedMemory().map((name) => `/dev/shm/${name}`));
}

/** The bell of this thread and that of the supervisor. */
const ENDS_OF_BELLS = 2;

/**
 * Call it once, at the top of a test file.
 *
 * What the library makes once and keeps (the arena, its threads, the bell) is made before the first look, and it is told
 * to keep no spare process.
 */
export function noLeaks(): void {
  let descriptors: string[];
  let children: number[];

  beforeAll(async () => {
    configure({ spares: 0 });
    children = childrenOf(process.pid);
    const lock = new Lock();
    const queue = new Queue<number>();
    await lock.run(async () => {
      // Whatever the default is: a thread makes nothing of what the first process does. The process comes last, when the
      // descriptors of the thread are gone.
      for (const startMethod of getAllStartMethods().reverse()) {
        const target = (q: Queue<number>) => q.putSync(1);
        const child = new Process({ target, args: [queue], startMethod }).start();
        await queue.get();
        await child.join();
      }
    });
    descriptors = descriptorsOf(process.pid);
  });

  afterAll(async () => {
    try {
      await until('nothing is left', () => extra(descriptors, children).length === 0, 10_000);
    } catch {
      const left = extra(descriptors, children);
      if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
    }
  });
}
