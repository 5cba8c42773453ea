// Shared memory comes back: from dropped objects, from items that were got, from processes that were killed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';

noLeaks();

/** The arena's bytes after each of eight equal rounds; the first ones may find what later ones use again. */
const rounds = (kind: string) => result<number[]>('arena', [kind], { execArgv: ['--expose-gc'] });

describe('the arena does not grow from round to round with', () => {
  test.each([
    'locks that are dropped',
    'queues that are dropped',
    'queues that are dropped full',
    'items of all sizes',
    'a backlog that was drained',
    'handles sent and dropped',
    'children that end holding',
    'children that are killed holding',
  ])('%s', async (kind) => {
    const bytes = await rounds(kind);
    expect(bytes).toHaveLength(8);
    // A round takes some megabytes: one that is not given back shows.
    expect(bytes[7] - bytes[2]).toBeLessThan(1 << 20);
  });
});

test('a queue that has been drained gives its memory back', async () => {
  const { full, drained } = await result('arena-drained');
  expect(full).toBeGreaterThan(60 << 20);
  expect(drained).toBeLessThan(8 << 20);
});

test('a core dump leaves the arena alone: it neither contains it nor fills its holes', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'core-dump-'));
  try {
    const { limit, exitCode, before, after } = await result('core-dump', [], { cwd, coreDumps: true });
    expect(limit).toBe('unlimited');
    expect(exitCode).toBe(-6);
    // To dump the mapping would commit every hole of it: gigabytes.
    expect(after - before).toBeLessThan(4 << 20);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
