/** The bar on stderr. */

const WIDTH = 30;
/** Milliseconds between two drawings. */
const EVERY = 100;

export interface ProgressBar {
  /** Draws it, if that was not done a moment ago. */
  draw(done: number, total: number | undefined): void;
  /** Nothing more is done: the cursor leaves its line. */
  end(): void;
}

/** A bar of what is done; undefined where stderr is no terminal. */
export function progressBar(label: string): ProgressBar | undefined {
  const { stderr } = process;
  if (!stderr.isTTY) return undefined;
  const begun = performance.now();
  let drawn = -Infinity;
  let isOpen = false;
  return {
    draw(done, total) {
      const now = performance.now();
      const last = done === total;
      if (!last && now - drawn < EVERY) return;
      drawn = now;
      isOpen = !last;
      // A terminal that does not know its width has 0 columns.
      const columns = stderr.columns || undefined;
      stderr.write(`\r${line(label, done, total, now - begun, columns)}\x1b[K${last ? '\n' : ''}`);
    },
    end() {
      if (isOpen) stderr.write('\n');
      isOpen = false;
    },
  };
}

/** One line: label, bar, count, rate, time left. */
export function line(label: string, done: number, total: number | undefined, elapsed: number, columns = 80): string {
  const rate = elapsed > 0 ? (done * 1000) / elapsed : 0;
  const speed = `${short(rate)}/s`;
  if (total === undefined) return `${label} ${done} ${speed}`.slice(0, columns - 1);
  const part = total === 0 ? 1 : done / total;
  const full = Math.round(part * WIDTH);
  const left = rate > 0 ? ` ${Math.ceil((total - done) / rate)} s left` : '';
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
  const percent = `${Math.floor(part * 100)}%`.padStart(5);
  return `${label} ${bar}${percent} ${done}/${total} ${speed}${done === total ? ` in ${(elapsed / 1000).toFixed(1)} s` : left}`.slice(
    0,
    columns - 1,
  );
}

function short(n: number): string {
  return n >= 1e6 ? `${(n / 1e6).toFixed(1)}M` : n >= 1e4 ? `${Math.round(n / 1e3)}k` : String(Math.round(n));
}
