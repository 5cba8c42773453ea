/** At the end of a test file nothing is left of it: no child, no descriptor, no thread's worth of shared memory. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { configure, Lock, Process, Queue } from 'multiproc';
import { childrenOf, descriptorsOf } from './proc';
import { until } from './until';

/** Names in /dev/shm that could be ours. The arena has no name, so there must never be any. */
function namedSharedMemory(): string[] {
  return readdirSync('/dev/shm').filter((name) => name.includes('multiproc'));
}

/** What there is now and was not `before`, in words. */
function extra(before: Map<string, number>, children: readonly number[]): string[] {
  const found = childrenOf(process.pid)
    .filter((pid) => !children.includes(pid))
    .map((pid) => `child process ${pid}`);
  for (const [kind, count] of descriptorsOf(process.pid)) {
    const more = count - (before.get(kind) ?? 0);
    if (more > 0) found.push(`${more} descriptors more: ${kind}`);
  }
  return found.concat(namedSharedMemory().map((name) => `/dev/shm/${name}`));
}

/**
 * Call it once, at the top of a test file.
 *
 * What the library makes once and keeps (the arena, its threads, the bell) is made before the first look, and it is told
 * to keep no spare process.
 */
export function noLeaks(): void {
  let descriptors: Map<string, number>;
  let children: number[];

  beforeAll(async () => {
    configure({ spares: 0 });
    children = childrenOf(process.pid);
    const lock = new Lock();
    const queue = new Queue<number>();
    await lock.run(async () => {
      const child = new Process({ target: (q: Queue<number>) => q.putSync(1), args: [queue] }).start();
      await queue.get();
      await child.join();
    });
    descriptors = descriptorsOf(process.pid);
  });

  afterAll(async () => {
    try {
      await until('nothing is left', () => extra(descriptors, children).length === 0, 20_000);
    } catch {
      const left = extra(descriptors, children);
      if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
    }
  });
}
