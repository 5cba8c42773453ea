// share(): encoded once, decoded once in each process that reads it, freed when nobody wants it.
import { describe, expect, test } from 'vitest';
import { Lock, Pool, Process, Queue, SerializationError, share, Shared } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';
import { self } from '../support/start-method';

noLeaks();

test('the value is itself where it was shared, and a copy elsewhere', async () => {
  const value = { list: [1, 2], map: new Map([['a', 1]]) };
  const shared = share(value);
  expect(shared).toBeInstanceOf(Shared);
  expect(shared.value).toBe(value);
  const queue = new Queue();
  const target = (s: Shared<typeof value>, q: Queue) => {
    q.putSync([s.value, s.value === s.value]);
  };
  expect(await new Process({ target, args: [shared, queue] }).start().join()).toBe(0);
  expect(queue.getSync()).toEqual([value, true]);
});

test('a change after share() is not seen elsewhere', async () => {
  const value = { n: 1 };
  const shared = share(value);
  value.n = 2;
  const target = () => {
    process.exitCode = shared.value.n;
  };
  expect(await new Process({ target }).start().join()).toBe(1);
});

test.each([undefined, null, 5, 'text', () => 7, [new Lock()], new Error('e')])('of any value: %s', async (value) => {
  const shared = share(value);
  const queue = new Queue();
  const target = (s: Shared<unknown>, q: Queue) => q.putSync({ s: s.value });
  expect(await new Process({ target, args: [shared, queue] }).start().join()).toBe(0);
  const got = queue.getSync().s;
  if (typeof value === 'function') expect(got()).toBe(7);
  else expect(got).toEqual(value);
});

test('handles in it live as long as it does', async () => {
  const inner = () => share({ queue: new Queue<number>() });
  const shared = inner();
  const target = (s: typeof shared) => s.value.queue.putSync(4);
  expect(await new Process({ target, args: [shared] }).start().join()).toBe(0);
  expect(shared.value.queue.getSync()).toBe(4);
});

test('tasks that capture it get the object that their process has decoded', async () => {
  const shared = share({ big: 'x'.repeat(100_000), seen: 0 });
  const pool = new Pool(2);
  try {
    const counts = await pool.map(
      () => {
        const { value } = shared;
        value.seen++;
        return [self(), value.seen] as const;
      },
      Array.from({ length: 200 }),
      { chunkSize: 1 },
    );
    const most = new Map<string, number>();
    for (const [who, seen] of counts) most.set(who, Math.max(most.get(who) ?? 0, seen));
    // Had a task decoded it anew, its count would begin again.
    expect([...most.values()].reduce((sum, n) => sum + n, 0)).toBe(200);
  } finally {
    await pool.terminate();
  }
});

test('1,000 tasks that capture 50 MB', async () => {
  const { sum, used, milliseconds } = await result('share-large', [50 << 20, 1000]);
  expect(sum).toBe(1000);
  // Once in shared memory, and not once a task.
  expect(used).toBeLessThan(2 * (64 << 20));
  expect(milliseconds).toBeLessThan(60_000);
});

describe('disposal', () => {
  test('the value is gone here, and can not be sent', () => {
    const shared = share({ n: 1 });
    shared[Symbol.dispose]();
    shared[Symbol.dispose]();
    expect(() => shared.value).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
    expect(() => new Queue().putSync(shared)).toThrow(SerializationError);
  });

  test('who has it already goes on', async () => {
    const [queue, done] = [new Queue(), new Queue()];
    const shared = share({ n: 5 });
    const target = async (q: Queue, end: Queue) => {
      const s = await q.get();
      await end.get();
      process.exitCode = s.value.n;
    };
    const child = new Process({ target, args: [queue, done] }).start();
    queue.putSync(shared);
    shared[Symbol.dispose]();
    done.putSync(1);
    expect(await child.join()).toBe(5);
  });

  test('its memory is freed, also in processes that have decoded it', async () => {
    const { before, shared, after } = await result('share-freed', [], { execArgv: ['--expose-gc'] });
    expect(shared).toBeGreaterThan(before + (30 << 20));
    expect(after).toBeLessThan(before + (4 << 20));
  });
});

test('what can not be sent is refused at the call', () => {
  expect(() => share(Promise.resolve())).toThrow(SerializationError);
  expect(() => share({ a: [new WeakMap()] })).toThrow(/value\.a\[0\]/);
  expect(() => new (Shared as any)()).toThrow(TypeError);
});
