// What `multiproc inspect` shows of the primitives: holders, waiters, state.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Barrier, BoundedSemaphore, Condition, Event, Process, Queue, RLock, RWLock, Semaphore } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { until } from '../support/until';

noLeaks();

const cli = join(dirname(createRequire(import.meta.url).resolve('multiproc')), 'cli.js');

/** The lines of the objects made in this file, by their kind and the line where they were made. */
function lines(): string[] {
  const text = execFileSync(process.execPath, [cli, 'inspect', String(process.pid)], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line.includes('primitives.test.ts:'));
}
const of = (kind: string) => lines().filter((line) => line.split(/\s+/)[2] === kind);

test('inspect shows who holds and who waits, of each primitive', async () => {
  const rlock = new RLock();
  const rw = new RWLock();
  const written = new RWLock();
  const semaphore = new Semaphore(3);
  const bounded = new BoundedSemaphore(1);
  const condition = new Condition();
  const event = new Event();
  const barrier = new Barrier(3);
  const told = new Queue<string>();
  const target = async (
    l: RLock,
    r: RWLock,
    w: RWLock,
    s: Semaphore,
    b: BoundedSemaphore,
    c: Condition,
    e: Event,
    p: Barrier,
    q: Queue<string>,
  ) => {
    l.acquireSync();
    r.readSync();
    w.writeSync();
    s.acquireSync();
    b.acquireSync();
    await c.acquire();
    void c.wait();
    void e.wait();
    p.wait().catch(() => {});
    q.putSync('ready');
  };
  const args = [rlock, rw, written, semaphore, bounded, condition, event, barrier, told] as const;
  const child = new Process({ target, args }).start();
  const { pid } = child;
  try {
    await told.get();
    const aborter = new AbortController();
    const waits = [
      rlock.acquire({ signal: aborter.signal }),
      bounded.acquire({ signal: aborter.signal }),
      rw.write({ signal: aborter.signal }),
    ].map((wait) => wait.catch(() => {}));
    const me = process.pid;
    await until('all is seen', () => of('Event')[0]?.includes('awaited'));
    expect(of('RLock').find((line) => line.includes('held'))).toContain(`held by ${pid}, awaited by ${me}`);
    expect(of('RWLock').find((line) => line.includes('read'))).toContain(`read by ${pid}`);
    expect(of('RWLock').find((line) => line.includes('written'))).toContain(`written by ${pid}`);
    expect(of('Semaphore')[0]).toContain(`2 permits, 3 at first, held by ${pid}`);
    expect(of('BoundedSemaphore')[0]).toContain(`0 permits, 1 at first, held by ${pid}, awaited by ${me}`);
    expect(of('Condition')[0]).toMatch(new RegExp(`lock [0-9a-f]+, awaited by ${pid}`));
    expect(of('Event')[0]).toContain(`not set, awaited by ${pid}`);
    expect(of('Barrier')[0]).toContain(`1 of 3 parties, awaited by ${pid}`);
    aborter.abort();
    await Promise.all(waits);
    event.set();
    barrier.abort();
    expect(of('Event')[0]).toMatch(/ set$/);
    expect(of('Barrier')[0]).toContain('broken');
  } finally {
    child.kill();
    await child.join();
  }
});
