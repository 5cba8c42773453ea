// Where a microsecond goes: the parts of an item's way through a queue and of a task's through a pool, each by itself.
import { createRequire } from 'node:module';
import { multiproc } from './harness/peer.mjs';

export const title = 'Pieces';
export const about =
  'CPU time of the parts of a message, each measured by itself in one process, nobody asleep. What is missing to a round trip is the kernel: a thread that sleeps, and one that wakes it (raw futex, above). ' +
  'An item is 64 characters; a task is x + 1.';

export const cases = [
  {
    title: 'an item of 64 B in a queue',
    call: 'item',
    unit: 'ns',
    args: { n: 100_000 },
    rounds: 9,
    by: { metric: 'cpu' },
  },
  {
    title: 'a task, x + 1',
    about: 'CPU of the whole tree of processes, a task.',
    call: 'task',
    unit: 'ns',
    args: { n: 10_000 },
    rounds: 9,
    by: { metric: 'cpu' },
  },
  { title: 'a graph of 1 MB', call: 'graph', unit: 'µs', args: { n: 20 }, rounds: 9, by: { metric: 'cpu' } },
];

const require = createRequire(import.meta.url);

/** A part: what is done for an item, and for a graph. */
async function part(prepare) {
  await multiproc();
  const { native, ...codec } = require('../dist/internals.js');
  const { graph } = await import('./workers/values.mjs');
  const { Queue } = await multiproc();
  const parts = await prepare({ codec, native, Queue });
  const loop = (f, n) => {
    const begin = performance.now();
    for (let i = 0; i < n; i++) f();
    return { ns: (performance.now() - begin) * 1e6, ops: n };
  };
  const text = 'x'.repeat(64);
  const large = graph();
  return {
    item: ({ n }) => loop(parts(text), n),
    graph: ({ n }) => loop(parts(large), n),
  };
}

/** A part of a task: `make` gives a function that does it once, awaited if `awaited`, all at once if not. */
const partOfTask = (make, awaited = true) => ({
  ours: true,
  open: async () => {
    const { run, close } = await make(await multiproc());
    return {
      async task({ n }) {
        const begin = performance.now();
        if (awaited) for (let i = 0; i < n; i++) await run(i);
        else await Promise.all(Array.from({ length: n }, (_, i) => run(i)));
        return { ns: (performance.now() - begin) * 1e6, ops: n };
      },
      close,
    };
  },
});

const tasks = ({ Pool }) => {
  const pool = new Pool(1);
  const inc = (x) => x + 1;
  return { run: (x) => pool.apply(inc, [x]), close: () => pool.terminate() };
};

/** Two processes, each asleep until the other one's item is there. */
const wakes = ({ Process, Queue }) => {
  const [there, back] = [new Queue(), new Queue()];
  const target = (from, to) => {
    for (let x = from.getSync(); x !== null; x = from.getSync()) to.putSync(x + 1);
  };
  new Process({ target, args: [there, back] }).start();
  const run = (x) => {
    there.putSync(x);
    return back.getSync();
  };
  return { run, close: () => there.putSync(null) };
};

const piece = (prepare) => ({ ours: true, open: () => part(prepare) });

export const contestants = {
  encode: piece(
    ({ codec }) =>
      (value) =>
      () =>
        codec.encodeView(value, 'item'),
  ),
  decode: piece(({ codec }) => (value) => {
    const bytes = Buffer.from(codec.encode(value, 'item').bytes);
    return () => codec.decodeAt(bytes, 0, bytes.length);
  }),
  'put, bytes that are ready, and take out again': piece(({ codec, native, Queue }) => {
    const queue = new Queue();
    const id = Object.getOwnPropertyDescriptor(queue, Symbol.for('multiproc.handle')).value.id;
    const buffer = Buffer.allocUnsafeSlow(64 << 10);
    return (value) => {
      const { bytes } = codec.encode(value, 'item');
      return () => {
        native.queuePush(id, bytes, bytes.length, null, -1);
        if (native.queuePop(id, buffer, 0) < 0) native.release(native.queueTaken().block);
        return queue;
      };
    };
  }),
  'a call of the core': piece(
    ({ native }) =>
      () =>
      () =>
        native.bellSeen(),
  ),
  'all of it: putSync and getSync': piece(({ Queue }) => {
    const queue = new Queue();
    return (value) => () => {
      queue.putSync(value);
      queue.getSync();
    };
  }),
  'a promise, settled and awaited': partOfTask(() => {
    let settle;
    const executor = (resolve) => (settle = resolve);
    return {
      run: (x) => {
        const promise = new Promise(executor);
        settle(x);
        return promise;
      },
    };
  }),
  'the stack of the caller, remembered': partOfTask(() => ({ run: () => Error.captureStackTrace({}) })),
  'two processes wake each other, through queues': partOfTask(wakes),
  'all of it, awaited one by one': partOfTask(tasks),
  'all of it, many at once': partOfTask(tasks, false),
};
