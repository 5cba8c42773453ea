/** A worker that sleeps, or has no pause, starves nothing of what its event loop and V8 have to do beside its tasks. */
import { createHash, randomBytes } from 'node:crypto';
import { get } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test, describe } from 'vitest';
import { Pool, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { threads } from '../support/start-method';

noLeaks();

/** Against hanging only. */
const BOUND = { timeout: 10_000 };

/** What a task leaves behind: it puts something into the queue when its time has come. */
const LEFT_BEHIND: [string, (queue: Queue<string>) => void][] = [
  ['a timer', (queue) => void setTimeout(() => queue.putSync('done'), 5)],
  ['an unreferenced timer', (queue) => void setTimeout(() => queue.putSync('done'), 5).unref()],
  ['an immediate', (queue) => void setImmediate(() => queue.putSync('done'))],
  [
    'Atomics.waitAsync',
    (queue) => {
      const words = new Int32Array(new SharedArrayBuffer(4));
      const { value } = (Atomics as any).waitAsync(words, 0, 0, 5) as { value: Promise<string> };
      void value.then(() => queue.putSync('done'));
    },
  ],
  [
    'WebAssembly.compile',
    (queue) => {
      const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
      const { WebAssembly } = globalThis as any;
      void (WebAssembly.compile(empty) as Promise<unknown>).then(() => queue.putSync('done'));
    },
  ],
  [
    'a FinalizationRegistry',
    (queue) => {
      const { setFlagsFromString } = process.getBuiltinModule('node:v8');
      const { runInNewContext } = process.getBuiltinModule('node:vm');
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const registry = new FinalizationRegistry(() => queue.putSync('done'));
      (() => registry.register({}, 1))();
      Object.assign(globalThis, { registry });
      setTimeout(collect, 1).unref();
    },
  ],
];
// Signals are the process's: in a thread none arrives.
if (!threads) {
  LEFT_BEHIND.push([
    'a signal handler',
    (queue) => {
      process.once('SIGUSR2', () => queue.putSync('done'));
      const kill = `setTimeout(() => process.kill(${process.pid}, 'SIGUSR2'), 50)`;
      process.getBuiltinModule('node:child_process').spawn(process.execPath, ['-e', kill], { stdio: 'ignore' }).unref();
    },
  ]);
}

describe('while a worker has nothing to do', () => {
  test.each(LEFT_BEHIND)('%s', async (_, leave) => {
    await using pool = new Pool(1);
    const queue = new Queue<string>();
    await pool.apply(leave, [queue]);
    expect(await queue.get(BOUND)).toBe('done');
  });
});

describe('while tasks come without a pause', () => {
  test.each(LEFT_BEHIND)('%s', async (_, leave) => {
    await using pool = new Pool(1);
    const queue = new Queue<string>();
    const work = () => {
      let sum = 0;
      for (let i = 0; i < 20_000; i++) sum += i;
      return sum;
    };
    let goesOn = true;
    const flood = async () => {
      while (goesOn) await Promise.all(Array.from({ length: 100 }, () => pool.apply(work)));
    };
    const floods = [flood(), flood()];
    try {
      await pool.apply(leave, [queue]);
      expect(await queue.get(BOUND)).toBe('done');
    } finally {
      goesOn = false;
      await Promise.all(floods);
    }
  });
});

/** Says one thing to an inspector and gives what it answers: a WebSocket, as far as that needs one. */
function ask(url: string, message: object): Promise<string> {
  const key = randomBytes(16).toString('base64');
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': key,
      'Sec-WebSocket-Version': '13',
    };
    const request = get(url.replace('ws:', 'http:'), { headers });
    request.on('error', reject);
    request.on('upgrade', (response, socket: Socket) => {
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      if (response.headers['sec-websocket-accept'] !== accept) reject(new Error('no WebSocket'));
      const text = Buffer.from(JSON.stringify(message));
      // One masked frame of text; the mask is 0.
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString());
      });
    });
  });
}

test('a debugger that attaches to a worker with nothing to do', async () => {
  await using pool = new Pool(1);
  const url = await pool.apply(() => {
    const inspector = process.getBuiltinModule('node:inspector');
    inspector.open(0, '127.0.0.1', false);
    return inspector.url()!;
  });
  const answer = await ask(url, { id: 1, method: 'Runtime.evaluate', params: { expression: '6 * 7' } });
  expect(answer).toContain('"value":42');
  // The worker would wait for the debugger to leave.
  await pool.apply(() => process.getBuiltinModule('node:inspector').close());
});

test('terminate() ends a worker that sleeps and one that computes', async () => {
  const pool = new Pool(2);
  await pool.apply(() => 1);
  const endless = pool.apply(() => {
    for (;;);
  });
  endless.catch(() => {});
  await pool.apply(() => 1);
  await pool.terminate();
  await expect(endless).rejects.toMatchObject({ code: 'ERR_POOL_TERMINATED' });
  expect(pool.pids).toEqual([]);
});
