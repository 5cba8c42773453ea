// A queue between two processes: round trips, where both sides sleep while they wait, and a stream one way.
import { fork } from 'node:child_process';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { multiproc, pythonPeer, workerFile } from './harness/peer.mjs';
import { rawPeer } from './harness/raw.mjs';

export const title = 'Queue';
export const about =
  'Between two processes (MessagePort: two threads). A round trip is an item put by one side, got by the other and put back; a stream flows one way, ' +
  'timed by its reader from the order to send until the last item. 8 B is the number 0.1, else strings of one byte per character, or a Uint8Array where it says bytes.';

const roundTrip = (label, args, ...goals) => ({
  title: `round trip, ${label}`,
  call: 'roundTrip',
  args: { n: 2_000, ...args },
  unit: 'µs',
  goals,
});
const stream = (label, args) => ({
  title: `one way, ${label}`,
  call: 'stream',
  args,
  bytes: args.size,
  unit: 'µs',
  rounds: 9,
});

export const cases = [
  roundTrip('8 B', { size: 8 }),
  roundTrip(
    '64 B',
    { size: 64 },
    {
      atMost: 1.3,
      times: 'raw futex',
      by: { metric: 'cpu' },
      obstacle:
        'Alone, without a wake, an item costs 156 ns to encode, 407 to put and get, 110 to decode: two of each, with the entry into native code and V8, ' +
        'are what a round trip has over the futex.',
    },
  ),
  roundTrip('64 B of bytes', { size: 64, binary: true }),
  roundTrip('1 KB', { size: 1024 }),
  stream('8 B', { size: 8, n: 30_000 }),
  stream('64 B', { size: 64, n: 30_000 }),
  stream('1 KB', { size: 1024, n: 20_000 }),
  stream('16 KB of bytes', { size: 16 << 10, binary: true, n: 4_000 }),
  stream('64 KB of bytes', { size: 64 << 10, binary: true, n: 1_500 }),
  stream('1 MB of bytes', { size: 1 << 20, binary: true, n: 120 }),
];

const since = (begin, ops) => ({ ns: (performance.now() - begin) * 1e6, ops });

/** What travels. */
function payload({ size, binary }) {
  if (size === 8) return 0.1;
  return binary ? new Uint8Array(size).fill(120) : 'x'.repeat(size);
}

async function openOurs() {
  const { Process, Queue } = await multiproc();
  const there = new Queue();
  const back = new Queue();
  new Process({
    target: (there, back) => {
      for (let item = there.getSync(); item !== null; item = there.getSync()) {
        if (item?.times === undefined) back.putSync(item);
        else for (let i = 0; i < item.times; i++) back.putSync(item.item);
      }
    },
    args: [there, back],
    daemon: true,
  }).start();
  return {
    roundTrip(args) {
      const item = payload(args);
      const begin = performance.now();
      for (let i = 0; i < args.n; i++) {
        there.putSync(item);
        back.getSync();
      }
      return since(begin, args.n);
    },
    stream(args) {
      const begin = performance.now();
      there.putSync({ item: payload(args), times: args.n });
      for (let i = 0; i < args.n; i++) back.getSync();
      return since(begin, args.n);
    },
    close: () => there.putSync(null),
  };
}

async function openOursAwaited() {
  const { Process, Queue } = await multiproc();
  const there = new Queue();
  const back = new Queue();
  new Process({
    target: async (there, back) => {
      for await (const item of there) {
        if (item?.times === undefined) await back.put(item);
        else for (let i = 0; i < item.times; i++) await back.put(item.item);
      }
    },
    args: [there, back],
    daemon: true,
  }).start();
  return {
    async roundTrip(args) {
      const item = payload(args);
      const begin = performance.now();
      for (let i = 0; i < args.n; i++) {
        await there.put(item);
        await back.get();
      }
      return since(begin, args.n);
    },
    async stream(args) {
      const begin = performance.now();
      await there.put({ item: payload(args), times: args.n });
      for (let i = 0; i < args.n; i++) await back.get();
      return since(begin, args.n);
    },
  };
}

/** Anything that sends with a function and receives with an event. */
function openEvents({ send, listen }) {
  let arrived;
  listen((item) => arrived(item));
  return {
    async roundTrip(args) {
      const item = payload(args);
      const begin = performance.now();
      for (let i = 0; i < args.n; i++) {
        await new Promise((resolve) => {
          arrived = resolve;
          send(item);
        });
      }
      return since(begin, args.n);
    },
    async stream(args) {
      const begin = performance.now();
      await new Promise((resolve) => {
        let left = args.n;
        arrived = () => --left === 0 && resolve();
        send({ item: payload(args), times: args.n });
      });
      return since(begin, args.n);
    },
  };
}

function openPort() {
  const worker = new Worker(workerFile('echo-thread.mjs'));
  return openEvents({ send: (item) => worker.postMessage(item), listen: (on) => worker.on('message', on) });
}

/** Both threads sleep in Atomics.wait; the message comes by receiveMessageOnPort. */
function openPortBlocking() {
  const { port1, port2 } = new MessageChannel();
  const words = new Int32Array(new SharedArrayBuffer(8));
  new Worker(workerFile('echo-thread.mjs'), { workerData: { port: port2, words }, transferList: [port2] });
  let seen = 0;
  return {
    roundTrip(args) {
      const item = payload(args);
      const begin = performance.now();
      for (let i = 0; i < args.n; i++) {
        port1.postMessage(item);
        Atomics.add(words, 0, 1);
        Atomics.notify(words, 0);
        Atomics.wait(words, 1, seen);
        seen = Atomics.load(words, 1);
        receiveMessageOnPort(port1);
      }
      return since(begin, args.n);
    },
  };
}

function openFork(serialization) {
  const child = fork(workerFile('echo-fork.mjs'), { serialization, stdio: ['ignore', 2, 2, 'ipc'] });
  return openEvents({ send: (item) => child.send(item), listen: (on) => child.on('message', on) });
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  'multiproc, awaited': { ours: true, open: openOursAwaited },
  'raw futex': { floor: true, ...rawPeer('futex') },
  'Python Pipe': pythonPeer('queues.py', 'pipe'),
  'Python SimpleQueue': pythonPeer('queues.py', 'simple'),
  'Python Queue': { ...pythonPeer('queues.py', 'queue'), scale: 0.5 },
  MessagePort: { open: openPort },
  'MessagePort, blocking': { open: openPortBlocking },
  'fork, advanced': { open: () => openFork('advanced'), scale: 0.5 },
  'fork, json': { open: () => openFork('json'), scale: 0.5, without: 'binary' },
};
