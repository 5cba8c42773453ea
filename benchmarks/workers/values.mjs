// The values that benchmarks send; python/tasks.py has the same.
export const record = (i) => ({
  id: i,
  name: `record-${i}`,
  score: i * 1.5,
  ok: i % 2 === 0,
  tags: ['alpha', 'beta', 'gamma'],
  note: 'x'.repeat(880),
});

export const graph = () => ({ items: Array.from({ length: 1024 }, (_, i) => record(i)) });

export const bytes = (length) => new Uint8Array(length).fill(7);
