// Workers that die, in every way and at every stage: their one task fails, the others go on.
import { describe, expect, test } from 'vitest';
import { Pool, Queue, WorkerDiedError } from 'multiproc';
import { runs } from '../support/proc';
import { DEATH, die, threads } from '../support/start-method';
import { until } from '../support/until';
import { noLeaksOfPools, upTo } from './support';

noLeaksOfPools();

const WAYS: [string, () => unknown, { exitCode: number | null; signal: string | null }][] = [
  ['process.exit(0)', () => process.exit(0), { exitCode: 0, signal: null }],
  ['process.exit(3)', () => process.exit(3), { exitCode: 3, signal: null }],
  ['death', die, DEATH],
  [
    'an exception outside of the task’s own promise',
    () => {
      setTimeout(() => {
        throw new Error('nobody catches this (a test wants it so)');
      });
      return new Promise(() => {});
    },
    { exitCode: 1, signal: null },
  ],
];
// A thread can't suffer these alone.
if (!threads) {
  WAYS.push(
    ['process.abort()', () => process.abort(), { exitCode: null, signal: 'SIGABRT' }],
    ['SIGSEGV', () => process.kill(process.pid, 'SIGSEGV'), { exitCode: null, signal: 'SIGSEGV' }],
  );
}

describe.for(WAYS)('%s', ([, die, end]) => {
  test('apply: that task alone fails', async () => {
    await using pool = new Pool(2);
    const others = upTo(50).map((i) => pool.apply((x: number) => x, [i]));
    const doomed = pool.apply(die).catch((error: unknown) => error as WorkerDiedError);
    const later = upTo(50).map((i) => pool.apply((x: number) => x, [i]));
    const error = await doomed;
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', ...end });
    expect((error as WorkerDiedError).pid).toBeGreaterThan(0);
    expect((error as WorkerDiedError).stack).toContain('faults.test');
    expect(await Promise.all([...others, ...later])).toEqual([...upTo(50), ...upTo(50)]);
  });
});

/** What a worker dies of in a map over numbers, over other items, and where promises are awaited. */
const KINDS: [string, (i: number) => unknown][] = [
  ['numbers', (i) => i],
  ['strings', (i) => `item ${i}`],
  ['objects', (i) => ({ i })],
];

describe.for(KINDS)('a map over %s', ([, item]) => {
  test.for([0, 1, 150, 299])('item %i ends its worker: no other one fails', async (victim) => {
    await using pool = new Pool(2);
    const f = (x: unknown) => {
      const n = typeof x === 'number' ? x : Number.parseInt(JSON.stringify(x).replace(/\D/g, ''));
      if (n === victim) die();
      return [n, process.pid] as const;
    };
    const outcomes = await pool.mapSettled(f, upTo(300).map(item));
    outcomes.forEach((outcome, i) => {
      if (i === victim) expect(outcome).toMatchObject({ reason: { code: 'ERR_WORKER_DIED', ...DEATH } });
      else expect(outcome).toMatchObject({ value: [i, expect.any(Number)] });
    });
  });

  test('an asynchronous item ends its worker', async () => {
    await using pool = new Pool(2);
    const f = async (x: unknown) => {
      await null;
      if (JSON.stringify(x).includes('77')) process.exit(5);
      return x;
    };
    const outcomes = await pool.mapSettled(f, upTo(200).map(item));
    expect(outcomes.filter((o) => o.status === 'rejected')).toHaveLength(2); // 77 and 177
    expect(outcomes[77]).toMatchObject({ reason: { exitCode: 5 } });
  });
});

test('no item runs twice when a worker dies in a chunk', async () => {
  const { mkdtempSync, readFileSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'once-'));
  try {
    await using pool = new Pool(2);
    const file = join(folder, 'log');
    for (const strings of [false, true]) {
      const items = upTo(400).map((i) => (strings ? `${i}` : i));
      const f = (x: number | string) => {
        process.getBuiltinModule('node:fs').appendFileSync(file, `${x}\n`);
        if (Number(x) % 100 === 37) die();
        return x;
      };
      const outcomes = await pool.mapSettled(f, items);
      expect(outcomes.filter((o) => o.status === 'rejected')).toHaveLength(4);
    }
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.length).toBe(800);
    expect(new Set(lines).size).toBe(400);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a value that ends the worker as it is read there', async () => {
  // The worker ends before f is called: nothing of the chunk had begun, or just that item.
  const initializer = () => {
    (globalThis as { Date: unknown }).Date = function () {
      process.exit(6);
    };
  };
  await using pool = new Pool(2, { initializer });
  const outcomes = await pool.mapSettled((x) => String(x), [1, 'a', new Date(5), 2, 3]);
  expect(outcomes.map((o) => o.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(outcomes[2]).toMatchObject({ reason: { exitCode: 6 } });
  await expect(pool.apply((x: unknown) => x, [new Date()])).rejects.toMatchObject({ exitCode: 6 });
});

test('a function that ends workers as it is made there', async () => {
  const initializer = () => {
    const { Script } = process.getBuiltinModule('node:vm');
    Script.prototype.runInThisContext = () => process.exit(8);
  };
  await using pool = new Pool(2, { initializer, retries: 1 });
  await expect(pool.apply(() => 1)).rejects.toMatchObject({ code: 'ERR_WORKER_DIED', exitCode: 8 });
  const outcomes = await pool.mapSettled((x) => x, upTo(20)).catch((error: unknown) => error);
  expect(outcomes).toMatchObject({ code: 'ERR_WORKER_DIED', exitCode: 8 });
  expect(pool.stats.workersStarted).toBeLessThan(20);
});

test('workers that end before they do anything: the tasks reject, without a storm of processes', async () => {
  const initializer = () => void setTimeout(() => process.exit(9));
  await using pool = new Pool(2, { initializer });
  const tasks = upTo(3).map(() => pool.apply(() => new Promise((resolve) => setTimeout(resolve, 5000))));
  for (const outcome of await Promise.allSettled(tasks)) {
    expect(outcome).toMatchObject({ reason: { code: 'ERR_WORKER_DIED', exitCode: 9 } });
  }
  expect(pool.stats.workersStarted).toBeLessThanOrEqual(20);
});

test('a result that ends the worker as it is written', async () => {
  await using pool = new Pool(2);
  const outcomes = await pool.mapSettled(
    (x) => (x === 3 ? new Proxy({}, { ownKeys: () => process.exit(7) }) : x),
    upTo(6),
  );
  expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(5);
  expect(outcomes[3].status).toBe('rejected');
});

// Nobody else can end a thread.
test.skipIf(threads)('killed from outside: idle, busy, asleep; the worker is replaced', async () => {
  await using pool = new Pool(1);
  // Tells when a task runs: one that only waits in a worker that is killed goes to the next.
  const begun = new Queue<number>();
  const idle = await pool.apply(() => process.pid);
  process.kill(idle, 'SIGKILL');
  await until('it is gone', () => !runs(idle));
  const busy = pool.apply(() => {
    begun.putSync(process.pid);
    for (;;);
  });
  process.kill(await begun.get(), 'SIGKILL');
  await expect(busy).rejects.toMatchObject({ signal: 'SIGKILL' });
  const asleep = pool.apply(() => {
    begun.putSync(process.pid);
    return new Promise(() => {});
  });
  process.kill(await begun.get(), 'SIGKILL');
  await expect(asleep).rejects.toMatchObject({ signal: 'SIGKILL' });
  expect(await pool.apply(() => 'well')).toBe('well');
});

test('a death is told soon, on a machine that does other things too', async () => {
  await using pool = new Pool(2);
  await pool.map((x) => x, upTo(4), { chunkSize: 1 });
  const begun = performance.now();
  await expect(pool.apply(die)).rejects.toThrow(WorkerDiedError);
  expect(performance.now() - begun).toBeLessThan(20_000);
});

// A thread ends without its process giving memory back, and not by a signal.
test.skipIf(threads)('the death of a worker that has much memory is told before the system has it back', async () => {
  await using pool = new Pool(1);
  const fill = (end: string) => {
    (globalThis as { memory?: unknown }).memory = new Uint8Array(300 << 20).fill(1);
    if (end === 'exit') process.exit(3);
    if (end === 'abort') process.abort();
    process.kill(process.pid, end);
  };
  for (const [end, as] of [
    ['SIGKILL', { signal: 'SIGKILL', exitCode: null }],
    ['SIGTERM', { signal: 'SIGTERM', exitCode: null }],
    ['abort', { signal: 'SIGABRT', exitCode: null }],
    ['exit', { signal: null, exitCode: 3 }],
  ] as const) {
    const pid = await pool.apply(() => process.pid);
    await expect(pool.apply(fill, [end])).rejects.toMatchObject({ code: 'ERR_WORKER_DIED', pid, ...as });
  }
  expect(await pool.apply(() => 'well')).toBe('well');
});

test('an exception after its task settled ends the worker, and blames no other task', async () => {
  await using pool = new Pool(1);
  for (const leave of [
    () => void Promise.reject(new Error('left behind (a test wants it so)')),
    () =>
      void setTimeout(() => {
        throw new Error('left behind (a test wants it so)');
      }),
  ]) {
    const { workersDied } = pool.stats;
    await pool.apply(leave);
    await until('the worker has ended', () => pool.stats.workersDied > workersDied);
    expect(await pool.apply((x: number) => x + 1, [1])).toBe(2);
  }
});

test('10,000 tasks under deaths at random: each settles once, and right', async () => {
  await using pool = new Pool(3);
  const count = { kills: 0, done: -1 };
  let settled = 0;
  let died = 0;
  const failed = (error: unknown) => {
    if (!(error instanceof WorkerDiedError)) throw error;
    died++;
  };
  let dying: Promise<void> | undefined;
  /** A thread can only end itself, in a task of its own; one at a time, as such a task waits as others do. */
  const endThread = () => {
    dying ??= pool
      .apply(die)
      .catch(failed)
      .then(() => {
        count.kills++;
        settled++;
        dying = undefined;
      });
  };
  const killProcess = () => {
    const { pids } = pool;
    // On a machine where workers take longer to boot than they are left alive, nothing would ever get done.
    if (pids.length === 0 || pool.stats.done === count.done) return;
    count.done = pool.stats.done;
    try {
      process.kill(pids[Math.floor(Math.random() * pids.length)], 'SIGKILL');
      count.kills++;
    } catch {
      // It has ended meanwhile.
    }
  };
  const killer = setInterval(threads ? endThread : killProcess, 150);
  try {
    for (let round = 0; settled < 10_000 || count.kills < 20; round++) {
      if (round % 3 === 0) {
        const counts = new Uint8Array(500);
        const check = (i: number, value: unknown) => {
          counts[i]++;
          if (value !== -1) expect(value).toBe(i * 2);
        };
        await Promise.all(
          upTo(500).map((i) =>
            pool
              .apply((x: number) => x * 2, [i])
              .then(
                (value) => check(i, value),
                (error: unknown) => (failed(error), check(i, -1)),
              ),
          ),
        );
        expect(counts.every((count) => count === 1)).toBe(true);
        settled += 500;
      } else if (round % 3 === 1) {
        const outcomes = await pool.mapSettled((x) => x + 1, upTo(2000));
        outcomes.forEach((o, i) => (o.status === 'fulfilled' ? expect(o.value).toBe(i + 1) : failed(o.reason)));
        settled += outcomes.length;
      } else {
        let seen = 0;
        for await (const o of pool.imapSettled(async (x) => `r${x}`, upTo(300))) {
          seen++;
          if (o.status === 'fulfilled') expect(o.value).toBe(`r${o.index}`);
          else failed(o.reason);
        }
        expect(seen).toBe(300);
        settled += seen;
      }
    }
  } finally {
    clearInterval(killer);
  }
  await dying;
  expect(died).toBeLessThanOrEqual(count.kills);
  expect(pool.stats).toMatchObject({ queued: 0, running: 0, failed: died, done: settled - died });
});

test('the cause is what the worker threw uncaught, with its class', async () => {
  class Late extends Error {}
  const later = () => {
    setTimeout(() => {
      throw new Late('late');
    });
    return new Promise(() => {});
  };
  const rejecting = () => {
    void Promise.reject(new Late('nobody catches this (a test wants it so)'));
    return new Promise((resolve) => setTimeout(resolve, 60_000));
  };
  await using pool = new Pool(1);
  const { cause } = (await pool.apply(later).catch((error: unknown) => error)) as Error;
  expect(cause).toBeInstanceOf(Late);
  expect(cause).toMatchObject({ message: 'late' });
  const [outcome] = await pool.mapSettled(rejecting, [1]);
  expect(outcome).toMatchObject({
    reason: { code: 'ERR_WORKER_DIED', cause: { message: expect.stringContaining('nobody catches') } },
  });
  const exited = await pool.apply(() => process.exit(3)).catch((error: unknown) => error);
  expect(exited).not.toHaveProperty('cause');
});
