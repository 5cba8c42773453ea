// Daemons end with their parent; the others are waited for.
import { describe, expect, test } from 'vitest';
import { Process, ProcessError, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { Program, run } from '../support/program';
import { threads } from '../support/start-method';

noLeaks();

test('daemon is false by default, what was given, and can be set before start() only', async () => {
  expect(new Process().daemon).toBe(false);
  expect(new Process({ daemon: true }).daemon).toBe(true);
  const queue = new Queue();
  const child = new Process({ target: (q: Queue) => void q.getSync(), args: [queue] });
  child.daemon = true;
  child.start();
  expect(child.daemon).toBe(true);
  expect(() => (child.daemon = false)).toThrow(ProcessError);
  expect(child.daemon).toBe(true);
  queue.putSync('end');
  expect(await child.join()).toBe(0);
});

describe('a parent whose event loop runs empty', () => {
  test('waits for its non-daemons', async () => {
    const { code, stdout } = await run('daemons', ['non-daemon']);
    expect(stdout).toBe('parent is done\nchild is done\n');
    expect(code).toBe(0);
  });

  test('does not wait for its daemons, and ends them', async () => {
    const program = new Program('daemons', ['daemon']);
    const { code, stdout } = await program.ended;
    expect(stdout).toBe('parent is done\n');
    expect(code).toBe(0);
    await program.gone();
  });

  test('waits for the one and ends the other', async () => {
    const program = new Program('daemons', ['both']);
    const { code, stdout } = await program.ended;
    expect(stdout).toBe('parent is done\nchild is done\n');
    expect(code).toBe(0);
    await program.gone();
  });

  test('has its own exit code, not that of a child that failed', async () => {
    const { code, stderr } = await run('daemons', ['failing']);
    expect(stderr).toContain('the child failed');
    expect(code).toBe(0);
  });
});

describe('children of children', () => {
  test('inherit the flag from their parent', async () => {
    const { code, stdout } = await run('daemons', ['inherited']);
    expect(stdout).toBe('daemon: true true\nnon-daemon: false false\n');
    expect(code).toBe(0);
  });

  test('a daemon may have children, and waits for its non-daemons', async () => {
    const { code, stdout } = await run('daemons', ['children of a daemon']);
    expect(stdout).toBe('grandchild is done\nparent has joined the daemon: 0\n');
    expect(code).toBe(0);
  });

  test('all of them end with the first process', async () => {
    const program = new Program('daemons', ['deep']);
    expect(await program.json()).toBe('all are running');
    // Each of them may keep a spare.
    if (!threads) expect(program.tree().length).toBeGreaterThanOrEqual(4);
    const { code } = await program.ended;
    expect(code).toBe(0);
    await program.gone();
  });
});
