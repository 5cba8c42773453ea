// However a parent ends, its children end with it, non-daemons too; its own exit code is its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { getStartMethod } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { Program } from '../support/program';
import { runs } from '../support/proc';
import { threads } from '../support/start-method';
import { until } from '../support/until';

noLeaks();

describe('children, busy and asleep, with children of their own, end with a parent that', () => {
  const endings: [way: string, code: number | null, signal: NodeJS.Signals | null][] = [
    ['calls process.exit(7)', 7, null],
    ['calls process.exit() in a timer', 0, null],
    ['throws', 1, null],
    ['rejects', 1, null],
    ['throws from a timer', 1, null],
    ['aborts', null, 'SIGABRT'],
    ['gets SIGTERM', null, 'SIGTERM'],
    ['gets SIGINT', null, 'SIGINT'],
    ['gets SIGHUP', null, 'SIGHUP'],
    ['gets SIGTERM and calls process.exit(4)', 4, null],
  ];

  test.each(endings)('%s', async (way, code, signal) => {
    const program = new Program('ending', [way]);
    expect(await program.json()).toBe('running');
    expect(program.tree().length).toBeGreaterThanOrEqual(threads ? 1 : 5);
    if (way.startsWith('gets')) program.kill(/SIG[A-Z]+/.exec(way)![0] as NodeJS.Signals);
    else program.kill('SIGUSR2');
    const ending = await program.ended;
    expect([ending.code, ending.signal]).toEqual([code, signal]);
    await program.gone();
  });
});

test('an uncaught exception of the parent is printed once, and is the whole of stderr', async () => {
  const program = new Program('ending', ['throws']);
  await program.json();
  program.kill('SIGUSR2');
  const { stderr } = await program.ended;
  expect(stderr.match(/the parent failed/g)?.length).toBe(2);
  expect(stderr).not.toMatch(/multiproc:/);
});

test('Ctrl-C, which goes to all of a terminal’s processes at once, ends them all', async () => {
  const path = fileURLToPath(new URL('../fixtures/ending.mjs', import.meta.url));
  const program = spawn(process.execPath, [path, 'gets SIGINT'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TEST_START_METHOD: getStartMethod() },
    detached: true,
  });
  const [line] = await once(program.stdout.setEncoding('utf8'), 'data');
  expect(line).toContain('running');
  process.kill(-program.pid!, 'SIGINT');
  const [, signal] = await once(program, 'exit');
  expect(signal).toBe('SIGINT');
  // A group can be signalled as long as one of its processes is there.
  await until('the whole group has ended', () => {
    try {
      return process.kill(-program.pid!, 0) && !runs(program.pid!);
    } catch {
      return true;
    }
  });
});
