// A program whose main module has side effects: they happen once, in the main process.
import { describe, expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { run } from '../support/program';

noLeaks();

describe('the main module never runs again', () => {
  test.each(['side-effects.mjs', 'side-effects.cjs'])('%s', async (fixture) => {
    const { code, stdout, stderr } = await run(fixture);
    expect(stderr).toBe('');
    expect(stdout.split('\n').filter((line) => line.startsWith('main module'))).toEqual(['main module runs']);
    expect(stdout.split('\n').filter((line) => line.startsWith('child'))).toEqual([
      'child 1 helps: 10',
      'child 2 helps: 20',
    ]);
    expect(stdout).toContain('grandchild 3 helps: 30');
    expect(code).toBe(0);
  });
});
