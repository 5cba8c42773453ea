// One SVG a benchmark: a panel for each case, a bar for each contestant, of what the case compares; the thin line ends at
// the best round. Bars are as long as the figure's logarithm where the field spans more than a factor of 20.
import { figure, UNITS } from './report.mjs';

const WIDTH = 860;
const LABEL = 210;
const VALUE = 90;
const ROW = 20;
const HEAD = 34;
const MARGIN = 14;

const COLOURS = { ours: '#2563eb', floor: '#9ca3af', peer: '#d1d5db' };

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function text(x, y, content, more = '') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(content)}</text>`;
}

/** From a figure to pixels. */
function scale(values, width) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (high / low <= 20) return (value) => (value / high) * width;
  const from = Math.log(low) - 0.7;
  return (value) => Math.max(2, ((Math.log(value) - from) / (Math.log(high) - from)) * width);
}

function panel({ title, rows, unit, by = {} }, top) {
  const metric = by.metric ?? 'wall';
  const shown = rows.filter((row) => row[metric] !== undefined).sort((a, b) => a[metric].median - b[metric].median);
  const width = scale(
    shown.map((row) => row[metric].median),
    WIDTH - LABEL - VALUE - 2 * MARGIN,
  );
  const what = metric === 'cpu' ? 'CPU' : metric;
  const parts = [text(MARGIN, top + 20, `${title}: ${what}, ${unit}`, 'font-weight="600"')];
  shown.forEach((row, i) => {
    const y = top + HEAD + i * ROW;
    const { median, best } = row[metric];
    const colour = COLOURS[row.ours ? 'ours' : row.floor ? 'floor' : 'peer'];
    const x = MARGIN + LABEL;
    parts.push(text(x - 8, y + 11, row.name, 'text-anchor="end"'));
    parts.push(`<rect x="${x}" y="${y}" width="${width(median).toFixed(1)}" height="14" fill="${colour}"/>`);
    parts.push(`<rect x="${x}" y="${y + 6}" width="${width(best).toFixed(1)}" height="2" fill="#111827"/>`);
    parts.push(text(x + width(median) + 6, y + 11, figure(median / UNITS[unit])));
  });
  return { parts, height: HEAD + shown.length * ROW + MARGIN };
}

/** @param run title and results of a benchmark. @returns the text of an SVG. */
export function plot({ title, results }) {
  const parts = [];
  let top = 30;
  for (const result of results.filter(({ rows }) => rows.length > 0)) {
    const { parts: more, height } = panel(result, top);
    parts.push(...more);
    top += height;
  }
  const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#111827"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" ${style}>`,
    `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`,
    text(MARGIN, 22, `${title} (shorter is better; the line inside of a bar: the best round)`, 'font-size="14"'),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
