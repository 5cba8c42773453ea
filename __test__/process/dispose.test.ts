// `await using`: ends what still runs, SIGTERM first, and joins it.
import { expect, test } from 'vitest';
import { activeChildren, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { threads } from '../support/start-method';

noLeaks();

test('ends a process that still runs with SIGTERM', async () => {
  let child: Process;
  {
    await using running = new Process({
      target: () => {
        for (;;);
      },
    }).start();
    child = running;
    expect(child.isAlive()).toBe(true);
  }
  expect(child.exitCode).toBe(-15);
  expect(activeChildren()).toEqual([]);
});

test('leaves one that has ended as it is', async () => {
  const child = new Process({ target: () => process.exit(4) }).start();
  await child.join();
  await child[Symbol.asyncDispose]();
  expect(child.exitCode).toBe(4);
});

test('does nothing to one that was never started', async () => {
  await new Process({ target: () => {} })[Symbol.asyncDispose]();
});

// A thread is ended at once, whatever it listens for.
test.skipIf(threads)('lets one that handles SIGTERM end in its own way', async () => {
  const said = new Queue<string>();
  const target = (q: Queue<string>) => {
    const timer = setInterval(() => {}, 1000);
    process.on('SIGTERM', () => {
      clearInterval(timer);
      process.exitCode = 6;
    });
    q.putSync('ready');
  };
  const child = new Process({ target, args: [said] }).start();
  await said.get();
  await child[Symbol.asyncDispose]();
  expect(child.exitCode).toBe(6);
});

// A thread is ended at once, whatever it listens for.
test.skipIf(threads)('kills one that ignores SIGTERM', async () => {
  const said = new Queue<string>();
  const target = (q: Queue<string>) => {
    process.on('SIGTERM', () => q.putSync('ignored'));
    setInterval(() => {}, 1000);
    q.putSync('ready');
  };
  const child = new Process({ target, args: [said] }).start();
  await said.get();
  await child[Symbol.asyncDispose]();
  expect(child.exitCode).toBe(-9);
  expect(said.getNoWait()).toBe('ignored');
});
