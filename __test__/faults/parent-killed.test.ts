// Nothing outlives its parent: a SIGKILL leaves it no time to clean up, and what its children do does not matter.
import { describe, expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { Program } from '../support/program';
import { childrenOf, runs } from '../support/proc';
import { until } from '../support/until';

noLeaks();

// Each process of a tree may keep a spare: there are at least as many as named.
describe('a SIGKILL of the parent ends its children', () => {
  test.each([
    'busy',
    'waiting for a lock',
    'waiting for an item',
    'waiting for room',
    'asleep in Atomics.wait',
    'idle with a timer',
    'ignoring signals',
    'stopped',
    'daemon',
    'in another directory',
    'printing',
  ])('that are %s', async (kind) => {
    const program = new Program('kin', [kind, 2, 0]);
    expect(await program.json()).toBe('running');
    expect(program.tree().length).toBeGreaterThanOrEqual(3);
    program.kill('SIGKILL');
    await program.gone();
  });

  test('and their children, and theirs, all busy', async () => {
    const program = new Program('kin', ['busy', 1, 3]);
    expect(await program.json()).toBe('running');
    expect(program.tree().length).toBeGreaterThanOrEqual(5);
    program.kill('SIGKILL');
    await program.gone();
  });

  test('and their children, all asleep', async () => {
    const program = new Program('kin', ['waiting for an item', 2, 1]);
    expect(await program.json()).toBe('running');
    expect(program.tree().length).toBeGreaterThanOrEqual(5);
    program.kill('SIGKILL');
    await program.gone();
  });

  test('that have only just been started', async () => {
    const program = new Program('kin', ['booting', 4, 0]);
    expect(await program.json()).toBe('running');
    program.kill('SIGKILL');
    await program.gone();
  });

  test('that are spares, booted or not', async () => {
    const program = new Program('spares', ['waiting']);
    expect(await program.json()).toBe('running');
    expect(program.tree().length).toBeGreaterThanOrEqual(3);
    program.kill('SIGKILL');
    await program.gone();
  });
});

test('a SIGKILL of a child ends its own children; its parent and siblings live on', async () => {
  const program = new Program('kin', ['busy', 2, 1]);
  expect(await program.json()).toBe('running');
  const [one, two] = childrenOf(program.pid).filter((pid) => childrenOf(pid).length > 0);
  const [grandchild] = childrenOf(one);
  expect(runs(grandchild)).toBe(true);
  process.kill(one, 'SIGKILL');
  await until('the grandchild has ended', () => !runs(grandchild));
  expect(runs(program.pid)).toBe(true);
  expect(runs(two)).toBe(true);
  expect(childrenOf(two).every(runs)).toBe(true);
  program.kill('SIGKILL');
  await program.gone();
});

test('killed at any moment while it starts and joins children, a parent leaves nothing', async () => {
  for (let round = 0; round < 8; round++) {
    const program = new Program('churn');
    expect(await program.json()).toBe('begun');
    // Spread over the time of some starts, from the first one on.
    await new Promise((resolve) => setTimeout(resolve, round * 35));
    program.kill('SIGKILL');
    await program.gone();
  }
});
