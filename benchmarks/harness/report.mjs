// Tables: for the terminal as the cases end, and for RESULTS.md.

export const UNITS = { ns: 1, µs: 1e3, ms: 1e6 };

export function figure(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

const VERDICT = new Map([
  [true, 'met'],
  [false, '**missed**'],
  [undefined, 'not measured'],
]);

const inUnit = (ns, unit) => figure(ns / UNITS[unit]);

/** The figure of a row by which contestants are compared: { metric: 'wall' | 'cpu' | 'p99', of: 'median' | 'best' }. */
function compared(row, { metric = 'wall', of = 'median' } = {}) {
  return row[metric]?.[of];
}

/** The best of those that do the same job; a floor (a raw futex, a bare loop) does less. */
function bestPeer(rows, by) {
  const peers = rows.filter(({ ours, floor }) => !ours && !floor);
  return peers.reduce((best, row) => (best && compared(best, by) <= compared(row, by) ? best : row), undefined);
}

/**
 * Whether our row reaches the goal: { atMost, unit } an absolute figure, { atMost, times } a multiple of another row, or
 * of the best peer's.
 * `row` names ours where several are; `by` says what is compared; `obstacle`, where it is missed, what stands in the way.
 */
function judge(goal, rows) {
  const ours = rows.find(({ name, ours }) => (goal.row === undefined ? ours : name === goal.row));
  const reference = goal.times === 'best peer' ? bestPeer(rows, goal.by) : rows.find(({ name }) => name === goal.times);
  if (ours === undefined || (goal.times !== undefined && reference === undefined)) return { met: undefined, got: '–' };
  const got = compared(ours, goal.by);
  if (reference === undefined) {
    return { met: got <= goal.atMost * UNITS[goal.unit], got: `${inUnit(got, goal.unit)} ${goal.unit}` };
  }
  const ratio = got / compared(reference, goal.by);
  return { met: ratio <= goal.atMost, got: `${ratio.toFixed(2)} ×` };
}

function goalText(goal) {
  const { metric = 'wall', of = 'median' } = goal.by ?? {};
  const what = `${of === 'best' ? 'best round' : of}${metric === 'wall' ? '' : ` of ${metric === 'cpu' ? 'CPU' : metric}`}`;
  const limit = goal.times === undefined ? `${goal.atMost} ${goal.unit}` : `${goal.atMost} × ${goal.times}`;
  return `${goal.row ?? 'multiproc'}: ${what} ≤ ${limit}`;
}

/** The goals of a case, each with what was measured and whether that meets it. */
function verdicts({ goals = [], rows }) {
  return goals.map((goal) => {
    const verdict = judge(goal, rows);
    const obstacle = verdict.met === false ? goal.obstacle : undefined;
    return { ...verdict, text: goalText(goal), word: VERDICT.get(verdict.met), obstacle };
  });
}

/** The table of a case, as Markdown. */
export function table(result) {
  const { rows, unit, bytes, by } = result;
  const tail = rows.some(({ p99 }) => p99 !== undefined);
  const peer = bestPeer(rows, by);
  const head = ['', `median, ${unit}`, '± MAD', 'best', ...(tail ? ['p99'] : []), `CPU, ${unit}`];
  if (bytes !== undefined) head.push('MB/s');
  head.push('× best peer');
  const lines = rows.map((row) => [
    row.ours ? `**${row.name}**` : row.floor ? `${row.name} (floor)` : row.name,
    inUnit(row.wall.median, unit),
    inUnit(row.wall.mad, unit),
    inUnit(row.wall.best, unit),
    ...(tail ? [row.p99 === undefined ? '' : inUnit(row.p99.median, unit)] : []),
    inUnit(row.cpu.median, unit),
    ...(bytes === undefined ? [] : [figure((bytes / row.wall.median) * 1e3)]),
    peer === undefined ? '–' : (compared(row, by) / compared(peer, by)).toFixed(2),
  ]);
  const align = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, align, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A contestant that did not run, and why: without where in its code, which is a place on one machine. */
const without = (name, why) => `Without ${name}: ${why.replace(/ at \S*\s?\(?(?:file:|\/).*/s, '')}.`;

/** A section of RESULTS.md for one benchmark. */
export function section({ title, name, about, results, skipped }, { date, load }) {
  const parts = [`## ${title}`, `${about}\n\n${date}, load ${load}.`, `![${title}](plots/${name}.svg)`];
  for (const result of results) {
    parts.push(`### ${result.title}`, result.about ?? '', table(result));
    for (const { text, got, word, obstacle } of verdicts(result)) {
      parts.push(`Goal: ${text}. Measured ${got}: ${word}.${obstacle === undefined ? '' : ` ${obstacle}`}`);
    }
    for (const [name, why] of Object.entries(result.skipped)) parts.push(without(name, why));
  }
  for (const [name, why] of Object.entries(skipped)) parts.push(without(name, why));
  return parts.filter(Boolean).join('\n\n');
}

/** For the summary at the head: one row per goal. */
export function goalRows({ title, results }) {
  return results.flatMap((result) =>
    verdicts(result).map(({ text, got, word }) => `| ${title}: ${result.title} | ${text} | ${got} | ${word} |`),
  );
}

/** For the terminal. */
export function print(result) {
  const cells = table(result)
    .split('\n')
    .filter((_, i) => i !== 1)
    .map((line) => line.replaceAll('**', '').split('|').slice(1, -1));
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].trim().length)));
  console.log(`\n${result.title}`);
  for (const line of cells) {
    console.log(
      `  ${line.map((cell, i) => (i === 0 ? cell.trim().padEnd(widths[i]) : cell.trim().padStart(widths[i]))).join('  ')}`,
    );
  }
  for (const { text, got, word } of verdicts(result)) console.log(`  goal: ${text}; ${got}: ${word}`);
}
