// Children of children of children.
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { Program, result } from '../support/program';

noLeaks();

test('a tree of processes, each started and joined by its parent, runs in order', async () => {
  expect(await result('recursion')).toEqual(['', '0', '0.0', '0.1', '1', '1.0', '1.1']);
});

test('handles reach the deepest child, and what it does is seen by the first process', async () => {
  expect(await result('chain', [4])).toEqual({
    path: ['1', '2', '3', '4'],
    lockedByDeepest: true,
    codes: [0, 0, 0, 0],
  });
});

test('nothing of such a tree is left at its end', async () => {
  const program = new Program('recursion');
  expect((await program.ended).code).toBe(0);
  await program.gone();
});
