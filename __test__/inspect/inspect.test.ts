import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { configure, Lock, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

configure({ spares: 0 });
const cli = join(dirname(createRequire(import.meta.url).resolve('multiproc')), 'cli.js');
const inspect = (...args: string[]) => execFileSync(process.execPath, [cli, 'inspect', ...args], { encoding: 'utf8' });

interface Snapshot {
  rootPid: number;
  slots: { slot: number; pid: number; name: string; phase: string }[];
  objects: {
    id: number;
    kind: string;
    label: string;
    owner?: number | null;
    size?: number;
    maxSize?: number;
    holders: number[];
  }[];
}

test('inspect shows members by name, who holds a lock and how full a queue is', async () => {
  const lock = new Lock();
  const queue = new Queue(10);
  const held = new Queue();
  queue.putSync('a');
  queue.putSync('b');
  const holder = new Process({
    name: 'holder',
    target: (l: Lock, told: Queue) => {
      l.acquireSync();
      told.putSync(true);
      setTimeout(() => {}, 1e9);
    },
    args: [lock, held],
  }).start();
  try {
    await held.get();
    // Any process of the tree will do.
    for (const pid of [process.pid, holder.pid!]) {
      const tree = JSON.parse(inspect(String(pid), '--json')) as Snapshot;
      expect(tree.rootPid).toBe(process.pid);
      const slot = tree.slots.find((s) => s.name === 'holder')!;
      expect(slot).toMatchObject({ pid: holder.pid, phase: 'alive' });
      const owned = tree.objects.filter((o) => o.kind === 'Mutex' && o.owner === slot.slot);
      expect(owned).toHaveLength(1);
      expect(owned[0].label).toMatch(/^inspect\.test\.ts:\d+$/);
      expect(owned[0].holders).toContain(slot.slot);
      expect(tree.objects.filter((o) => o.kind === 'Queue' && o.size === 2 && o.maxSize === 10)).toHaveLength(1);
    }
    const text = inspect(String(process.pid));
    expect(text).toContain(`held by ${holder.pid}`);
    expect(text).toContain('2 items of 10');
  } finally {
    holder.kill();
    await holder.join();
  }
});

test('inspect of a process without a tree, of none, or without a pid says so and exits with an error', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
  const other = run('inspect', String(process.ppid));
  expect(other.status).toBe(1);
  expect(other.stderr).toMatch(/does not belong to a tree|fd:/);
  expect(run('inspect', '999999999')).toMatchObject({ status: 1 });
  expect(run('inspect')).toMatchObject({ status: 2 });
  expect(run('inspect', 'x')).toMatchObject({ status: 2 });
  expect(run('--help')).toMatchObject({ status: 0 });
});

noLeaks();
