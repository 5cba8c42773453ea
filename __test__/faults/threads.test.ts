// worker_threads of the user's program: they end at any time, and neither hang nor harm the rest of it.
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

test('the end of a thread that started a child leaves the children of other threads alone', async () => {
  expect(await result('threads', ['child of a thread'])).toEqual({ alive: true, next: 0 });
});

test('the children of a thread end with it', async () => {
  expect(await result('threads', ['children end with their thread'])).toBe('gone');
});

test.each(['getting', 'putting', 'acquiring'])('a thread %s without end can be terminated', async (what) => {
  expect(await result('threads', ['terminate', what])).toBe('terminated');
});

test.each(['getting', 'putting', 'acquiring'])('process.exit() while a thread is %s without end', async (what) => {
  expect(await result('threads', ['exit', what])).toBe('exits');
});
