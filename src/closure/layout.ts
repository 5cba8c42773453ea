/**
 * The text of a function with its lines and columns as they were written, where a tool has made the code of other code.
 *
 * The process that a function arrives in has no source map for it. So each part of the text is put in the line and column
 * that the map of its script names: blanks and line breaks are put in before the parts, or left out. What stands before
 * its place already, since a tool has turned the order round, stays where it is.
 */
import { functionStarts } from './analysis';
import { keptPieces, type Pieces } from './coverage';
import type { Edit } from './edit';
import { urlOf, type Sample } from './scripts';
import { originalOf, sourceMapOf } from './source-map';

export interface Layout {
  /** Of the text. */
  readonly edits: readonly Edit[];
  /** The file that it was written in. */
  readonly url: string;
  /** Where the text begins there, from 0. */
  readonly line: number;
  readonly column: number;
}

/** After these a line break may mean something else, or nothing may break. */
const KEEPS_LINE = /(?:^|[^\w$])(?:return|throw|yield|break|continue|async|accessor|await|let|using|get|set|static)$/;
/** After these a line break means nothing. */
const ENDS_PART = /[{;,([:?=&|*<>]/;

/**
 * undefined where the text stands as it was written.
 *
 * @param line where the text begins in its script. @param column the same, both from 0.
 */
export function originalLayout(sample: Sample, line: number, column: number): Layout | undefined {
  const map = sourceMapOf(sample);
  if (map === undefined) return undefined;
  const { text } = sample;
  const scriptUrl = urlOf(sample.location.scriptId);
  const begin = originalOf(map, scriptUrl, line, column);
  if (begin === undefined) return undefined;
  const script = { line, column };
  let at = 0;
  let last: Position = begin;
  const edits = layOut(text, begin, (start) => {
    advance(script, text, at, start);
    at = start;
    const found = originalOf(map, scriptUrl, script.line, script.column);
    // What has no place of its own follows what stands before it.
    if (found === undefined || found.url !== begin.url) return undefined;
    if (found.line === last.line && found.column === last.column) return undefined;
    return (last = found);
  });
  const { url } = begin;
  return { edits, url: sameFile(url, scriptUrl) ? scriptUrl : url, line: begin.line, column: begin.column };
}

/**
 * Edits of blanks and line breaks that bring the parts of a function's text to where they belong.
 *
 * @param begin where the text begins. @param placeOf where the part belongs that begins at an offset; asked in order.
 */
export function layOut(
  text: string,
  begin: Position,
  placeOf: (start: number) => Position | undefined,
): readonly Edit[] {
  const { nodes, lineComments } = functionStarts(text);
  const comments = new Set(lineComments);
  const edits: Edit[] = [];
  const out = { line: begin.line, column: begin.column };
  let at = 0;
  for (const start of nodes) {
    if (start === 0) continue;
    const want = placeOf(start);
    if (want === undefined) continue;
    let gap = start;
    while (gap > at && /\s/.test(text[gap - 1])) gap--;
    advance(out, text, at, gap);
    at = start;
    const blanks = text.slice(gap, start);
    const broken = /[\n\r\u2028\u2029]/.test(blanks);
    const must = broken && (comments.has(gap) || !ENDS_PART.test(text[gap - 1]));
    const may = broken || !KEEPS_LINE.test(text.slice(Math.max(0, gap - 12), gap));
    const spaces = spacing(out, want, blanks !== '', must, may);
    if (spaces !== blanks) edits.push({ start: gap, end: start, text: spaces });
    advance(out, spaces, 0, spaces.length);
  }
  return edits;
}

/** From 0. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

type Moving = { -readonly [Key in keyof Position]: Position[Key] };

function advance(position: Moving, text: string, from: number, to: number): void {
  for (let end = text.indexOf('\n', from); end >= 0 && end < to; end = text.indexOf('\n', from)) {
    position.line++;
    position.column = 0;
    from = end + 1;
  }
  position.column += to - from;
}

/** What leads from one place to another. */
function spacing(from: Position, to: Position, blank: boolean, must: boolean, may: boolean): string {
  const lines = Math.max(to.line - from.line, must ? 1 : 0);
  if (lines > 0 && may) return '\n'.repeat(lines) + ' '.repeat(to.column);
  if (to.line < from.line) return blank ? ' ' : '';
  return ' '.repeat(Math.max(to.column - from.column, blank ? 1 : 0));
}

/** A tool may name the file in another way. */
function sameFile(a: string, b: string): boolean {
  const name = (url: string): string => decodeURIComponent(url.split(/[?#]/, 1)[0]);
  return name(a) === name(b) || (!a.startsWith('file:') && name(b).endsWith(`/${a}`));
}

/** Where the parts of a text that was laid out stand in its script; undefined where that is not known. */
export function layoutPieces(text: string, edits: readonly Edit[], offset: number): Pieces | undefined {
  if (offset < 0) return undefined;
  const kept = keptPieces(text, edits);
  return kept.map((_, i) => (i % 3 === 0 ? kept[i + 2] : i % 3 === 1 ? kept[i] : kept[i - 2] + offset));
}
