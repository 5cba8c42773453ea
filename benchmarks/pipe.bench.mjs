// A pipe and a joinable queue between two processes, against Python's.
import { multiproc, pythonPeer } from './harness/peer.mjs';
import { rawPeer } from './harness/raw.mjs';

export const title = 'Pipe and JoinableQueue';
export const about =
  'Between two processes, blocking. A round trip is an item sent by one side, received by the other and sent back. 8 B is the number 0.1, 1 KB a string ' +
  'of one byte per character, 1 MB bytes by sendBytes() and recvBytes(). JoinableQueue: items put by one process, got and reported as done by another, until join() returns; per item. Floor: a copy into shared memory and out of it, and a futex.';

const goals = [{ atMost: 0.33, times: 'Python', by: { metric: 'cpu' } }];

const roundTrip = (label, args) => ({
  title: `Pipe round trip, ${label}`,
  call: 'roundTrip',
  args,
  unit: 'µs',
  goals,
});

export const cases = [
  roundTrip('8 B', { size: 8, n: 2_000 }),
  roundTrip('1 KB', { size: 1024, n: 2_000 }),
  roundTrip('1 MB', { size: 1 << 20, n: 50 }),
  {
    title: 'JoinableQueue, put to join',
    call: 'joinable',
    args: { n: 5_000 },
    unit: 'µs',
    goals,
  },
];

const since = (begin, ops) => ({ ns: (performance.now() - begin) * 1e6, ops });

async function open() {
  const { JoinableQueue, Pipe, Process } = await multiproc();
  const [here, there] = Pipe();
  const jobs = new JoinableQueue();
  const echo = (conn) => {
    for (;;) {
      const { size, n } = conn.recvSync();
      for (let i = 0; i < n; i++) {
        if (size > 1024) conn.sendBytesSync(conn.recvBytesSync());
        else conn.sendSync(conn.recvSync());
      }
    }
  };
  const work = (queue) => {
    for (;;) {
      queue.getSync();
      queue.taskDone();
    }
  };
  new Process({ target: echo, args: [there], daemon: true }).start();
  new Process({ target: work, args: [jobs], daemon: true }).start();
  return {
    roundTrip({ size, n }) {
      here.sendSync({ size, n });
      const bytes = new Uint8Array(size).fill(120);
      const item = size === 8 ? 0.1 : 'x'.repeat(size);
      const begin = performance.now();
      for (let i = 0; i < n; i++) {
        if (size > 1024) {
          here.sendBytesSync(bytes);
          here.recvBytesSync();
        } else {
          here.sendSync(item);
          here.recvSync();
        }
      }
      return since(begin, n);
    },
    joinable({ n }) {
      const begin = performance.now();
      for (let i = 0; i < n; i++) jobs.putSync(i);
      jobs.joinSync();
      return since(begin, n);
    },
  };
}

export const contestants = {
  multiproc: { ours: true, open },
  Python: pythonPeer('pipes.py'),
  'raw futex': { floor: true, ...rawPeer('futex') },
};
