// Parts of the pool that need no process: the table of tasks, chunk sizes, times, the bar.
import { describe, expect, test, vi } from 'vitest';
import { ChunkSizer } from '../../src/pool/chunk-size';
import { Times } from '../../src/pool/histogram';
import { line, progressBar } from '../../src/pool/progress';
import { TaskTable } from '../../src/pool/task-table';

describe('the table of tasks', () => {
  test('keeps each task under its id, however many there are and in whatever order they end', () => {
    const table = new TaskTable();
    const settled = new Map<number, unknown>();
    const open: number[] = [];
    let random = 7;
    for (let i = 0; i < 50_000; i++) {
      const id = table.add(i, (value) => settled.set(id, value), null, null, null, null);
      open.push(id);
      random = (random * 48271) % 0x7fffffff;
      if (random % 3 !== 0) {
        const [done] = open.splice(random % open.length, 1);
        expect(table.has(done)).toBe(true);
        table.resolve(done, `value ${done}`);
        expect(table.has(done)).toBe(false);
      }
    }
    expect(table.size).toBe(open.length);
    expect(table.all()).toEqual([...open].sort((a, b) => a - b));
    expect([...settled].every(([id, value]) => value === `value ${id}`)).toBe(true);
  });

  test('a task that runs for long is passed over when ids come around', () => {
    const table = new TaskTable();
    const old = table.add(0, null, null, null, null, null);
    for (let i = 0; i < 5000; i++) table.remove(table.add(0, null, null, null, null, null));
    expect(table.has(old)).toBe(true);
    expect(table.size).toBe(1);
  });
});

describe('chunk sizes', () => {
  test('begin small, aim at a millisecond, and shrink towards the end', () => {
    const sizer = new ChunkSizer(0);
    expect(sizer.size(1e6, 2)).toBe(256);
    sizer.measured(0.01);
    expect(sizer.size(1e6, 2)).toBe(4096);
    expect(sizer.size(1e6, 2)).toBe(65536);
    expect(sizer.size(100, 2)).toBe(25);
    expect(sizer.size(1, 2)).toBe(1);
    sizer.measured(10_000);
    sizer.measured(10_000);
    expect(sizer.size(1e6, 2)).toBe(1);
  });

  test('one chunk a worker while nothing is known, or items are slow', () => {
    const sizer = new ChunkSizer(0);
    expect(sizer.depth()).toBe(1);
    sizer.measured(1);
    expect(sizer.depth()).toBe(2);
    sizer.measured(1e5);
    expect(sizer.depth()).toBe(1);
  });

  test('the user’s own', () => {
    const sizer = new ChunkSizer(7);
    expect(sizer.size(1000, 2)).toBe(7);
    expect(sizer.size(3, 2)).toBe(3);
  });
});

test('times: percentiles are right to a tenth', () => {
  const times = new Times();
  for (let i = 1; i <= 1000; i++) times.add(i / 10, 1);
  expect(times).toMatchObject({ count: 1000, min: 0.1, max: 100 });
  expect(times.mean).toBeCloseTo(50.05);
  for (const p of [1, 10, 50, 90, 99]) {
    expect(times.percentile(p)).toBeGreaterThan(p * 0.9);
    expect(times.percentile(p)).toBeLessThan(p * 1.1);
  }
  expect(new Times()).toMatchObject({ count: 0, min: 0, max: 0, mean: 0 });
});

test('the bar leaves its line when it is over, whole where the terminal does not know its width', () => {
  const { stderr } = process;
  const { isTTY, columns } = stderr;
  let text = '';
  const write = vi.spyOn(stderr, 'write').mockImplementation((chunk) => ((text += String(chunk)), true));
  try {
    Object.assign(stderr, { isTTY: true, columns: 0 });
    const shown = (): string => text.replaceAll('\x1b[K', '<erase>');
    const done = progressBar('map')!;
    done.draw(0, 2);
    done.draw(2, 2);
    done.end();
    expect(shown()).toMatch(/ 0% 0\/2 0\/s<erase>\r.*100% 2\/2 .* s<erase>\n$/);
    text = '';
    const failed = progressBar('map')!;
    failed.end();
    failed.draw(0, 2);
    failed.end();
    failed.end();
    expect(shown()).toMatch(/^\r[^\n]*<erase>\n$/);
  } finally {
    write.mockRestore();
    Object.assign(stderr, { isTTY, columns });
  }
});

test('the bar', () => {
  expect(line('hash', 50, 100, 2000)).toBe('hash ███████████████░░░░░░░░░░░░░░░  50% 50/100 25/s 2 s left');
  expect(line('hash', 100, 100, 2000)).toContain('█ 100% 100/100 50/s in 2.0 s');
  expect(line('hash', 0, 0, 0)).toContain('100%');
  expect(line('hash', 12_345, undefined, 1000)).toBe('hash 12345 12k/s');
  expect(line('x'.repeat(200), 1, 2, 1, 40)).toHaveLength(39);
});
