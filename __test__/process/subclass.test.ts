// A subclass with a run() of its own.
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

test('run() of the subclass runs in the child, with the fields of the instance and its handles', async () => {
  expect(await result('subclass', ['upper'])).toEqual({ answers: ['HELLO', 'WORLD'], code: 0, isProcess: true });
});

test('run() that fails is an error of the process', async () => {
  expect(await result('subclass', ['failing'])).toEqual({ message: 'run failed', code: 1 });
});

test('super.run() calls the target', async () => {
  expect(await result('subclass', ['super'])).toEqual({ answers: ['before', 'target 5', 'after'], code: 0 });
});

test('the private members of the subclass are there, with their values', async () => {
  expect(await result('subclass', ['private'])).toEqual({ seen: [35, 'of its own'], code: 0 });
});
