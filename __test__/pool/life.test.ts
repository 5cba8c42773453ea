// What a pool means for the life of its program, seen from outside.
import { expect, test } from 'vitest';
import { runs } from '../support/proc';
import { Program, run } from '../support/program';
import { threads } from '../support/start-method';
import { until } from '../support/until';

test.for(['never-used', 'forgotten', 'idle', 'stalled'])('%s: a pool does not keep its program alive', async (kind) => {
  const program = new Program('pool-life', [kind]);
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  await program.gone();
});

test('a running task does, until it is done', async () => {
  expect(await run('pool-life', ['running'])).toEqual({ code: 0, signal: null, stdout: '"done"\n', stderr: '' });
});

test('process.exit ends the workers', async () => {
  const program = new Program('pool-life', ['exit']);
  expect(await program.ended).toMatchObject({ code: 7 });
  await program.gone();
});

test('an uncaught exception ends the workers', async () => {
  const program = new Program('pool-life', ['throws']);
  expect(await program.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('of the program') });
  await program.gone();
});

test.for(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  '%s to the program ends the workers, busy and asleep',
  async (signal) => {
    const program = new Program('pool-life', ['busy']);
    const pids = await program.json<number[]>();
    expect(pids).toHaveLength(2);
    expect(pids.includes(program.pid)).toBe(threads);
    program.kill(signal);
    expect(await program.ended).toMatchObject({ signal });
    await until('the workers have ended', () => !pids.some(runs));
    await program.gone();
  },
);

test('SIGKILL ends the workers of workers too', async () => {
  const program = new Program('pool-life', ['nested']);
  const pids = await program.json<number[]>();
  expect(pids).toHaveLength(2);
  program.kill('SIGKILL');
  await until('all have ended', () => !pids.some(runs));
  await program.gone();
});

// Nobody else can interrupt a thread.
test.skipIf(threads)('SIGINT to a worker alone is ignored: its pool decides', async () => {
  const program = new Program('pool-life', ['busy']);
  const [pid] = await program.json<number[]>();
  process.kill(pid, 'SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(runs(pid)).toBe(true);
  program.kill('SIGTERM');
  await program.gone();
});

test('a pool that nobody refers to any more ends its workers', async () => {
  expect(await run('pool-life', ['dropped'], { execArgv: ['--expose-gc'] })).toMatchObject({
    code: 0,
    stdout: '"ended"\n',
  });
});
