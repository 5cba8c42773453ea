// What console.log shows of objects of ours: their state, under the names of their classes.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import * as M from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

test.for<[string, () => object]>([
  ['Lock { locked: true }', () => held(new M.Lock())],
  ['RLock { locked: true }', () => held(new M.RLock())],
  ['RWLock { written: false, readers: 1 }', () => reading(new M.RWLock())],
  ['Semaphore { value: 3 }', () => new M.Semaphore(3)],
  ['BoundedSemaphore { value: 1 }', () => new M.BoundedSemaphore()],
  ['Condition { lock: RLock { locked: false } }', () => new M.Condition()],
  ['Event { set: false }', () => new M.Event()],
  ['Barrier { parties: 3, nWaiting: 0, broken: false }', () => new M.Barrier(3)],
  ['Queue { size: 1, maxSize: 5, closed: false }', () => filled(new M.Queue(5))],
  ['SimpleQueue { size: 1, maxSize: 0, closed: false }', () => filled(new M.SimpleQueue())],
  ['JoinableQueue { size: 1, maxSize: 0, closed: false }', () => filled(new M.JoinableQueue())],
  ['Connection { readable: true, writable: false, closed: false }', () => M.Pipe({ duplex: false })[0]],
  ['Value { value: 5n }', () => new M.Value('bigint64', 5n)],
  ['SynchronizedArray { array: Int8Array(2) [ 1, 2 ] }', () => new M.SynchronizedArray('int8', [1, 2])],
  ['Shared { value: { a: 1 } }', () => M.share({ a: 1 })],
  [
    "Process { name: 'one', pid: undefined, exitCode: null, daemon: true }",
    () => new M.Process({ name: 'one', daemon: true }),
  ],
  ['Pool { processes: 2, pids: [] }', () => new M.Pool(2)],
])('%s', ([expected, make]) => {
  const object = make();
  expect(inspect(object, { breakLength: Infinity })).toBe(expected);
  expect(inspect([[[object]]], { depth: 1 })).toContain('[Array]');
  expect(inspect({ object }, { depth: 0 })).toBe(`{ object: [${object.constructor.name}] }`);
});

test('of a subclass: its name and its own properties too', () => {
  class Counted extends M.Lock {
    uses = 7;
  }
  expect(inspect(new Counted())).toBe('Counted { locked: false, uses: 7 }');
});

test('a prototype and a closed process are shown without a state', async () => {
  for (const type of Object.values(M)) {
    if (typeof type === 'function' && typeof type.prototype === 'object') inspect(type.prototype);
  }
  const process = new M.Process({ target() {} }).start();
  await process.join();
  expect(inspect(process)).toContain(`pid: ${process.pid}, exitCode: 0`);
  process.close();
  expect(inspect(process)).toBe('Process {}');
});

test('times of a pool as a histogram', () => {
  const { waitTime } = new M.Pool(1).stats;
  expect(inspect(waitTime, { breakLength: Infinity })).toBe(
    'Histogram { mean: 0, p50: 0, p95: 0, count: 0, min: 0, max: 0 }',
  );
});

function held<L extends M.Lock>(lock: L): L {
  lock.acquireSync();
  return lock;
}

function reading(lock: M.RWLock): M.RWLock {
  lock.readSync();
  return lock;
}

function filled<Q extends M.Queue>(queue: Q): Q {
  queue.putSync(1);
  return queue;
}
