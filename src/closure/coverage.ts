/**
 * What NODE_V8_COVERAGE reports of functions that arrived from another process.
 *
 * V8 counts by offsets into the script that it compiled, and the script around such a function stands under the name of
 * the user's file, at other offsets. So the function around the text has a name that says where in the user's file each
 * part of the text is, and what Node reports is corrected by that before it is read: the text's functions get the
 * offsets of the original, all else of such a script is left out. The name says all of it: a file that a thread
 * left behind when it was ended is corrected by the process that it was a part of.
 *
 * The process ends in this order: the last exit handler, which has Node write what was counted, and corrects the files;
 * then Node's own report, in which V8 leaves out what has not been called since. A process that a signal ends reports
 * nothing, as any Node program.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v8 } from '../native/v8';
import type { Edit } from './edit';

/** Where parts of a text stand elsewhere: start in the text, length, start there; and so on. */
export type Pieces = readonly number[];

/** As Node read it at its start, which makes it absolute. */
const directory = process.env.NODE_V8_COVERAGE ?? '';

/** Whether this process reports coverage. */
export const reportsCoverage = directory !== '';

const NAME = 'mp$cover';
const MARK = /^mp\$cover(?:_([\da-z_]+))?$/;
/** Of what stands before the name of the function around a text. */
const BEFORE_NAME = 'function '.length;

/** Of a script that is none of the user's at all. */
export const helperName = reportsCoverage ? NAME : '';

/** The parts of a text that edits leave as they are, as pieces of the edited one. */
export function keptPieces(text: string, edits: readonly Edit[]): Pieces {
  const pieces: number[] = [];
  let at = 0;
  let there = 0;
  const keep = (end: number): void => {
    // The last one may be empty: it says where the text ends.
    if (end > at || end === text.length) pieces.push(at, end - at, there);
    there += end - at;
  };
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    keep(edit.start);
    there += edit.text.length;
    at = edit.end;
  }
  keep(text.length);
  return pieces;
}

/** Where the parts of what `from` leads to are that `to` leads to. Both have the same text. */
export function joinPieces(from: Pieces, to: Pieces): Pieces {
  const pieces: number[] = [];
  for (let i = 0; i < from.length; i += 3) {
    for (let j = 0; j < to.length; j += 3) {
      const start = Math.max(from[i], to[j]);
      const length = Math.min(from[i] + from[i + 1], to[j] + to[j + 1]) - start;
      if (length > 0 || (length === 0 && from[i + 1] === 0))
        pieces.push(from[i + 2] + start - from[i], length, to[j + 2] + start - to[j]);
    }
  }
  return pieces;
}

/**
 * The name of the function around a text.
 *
 * @param pieces of the edited text in the user's file. @param rest how many characters stand between the name and the text.
 * @param length of the edited text.
 */
export function coverageName(pieces: Pieces, rest: number, length: number): string {
  return `${NAME}_${[rest, length, ...pieces].map((n) => n.toString(36)).join('_')}`;
}

interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}

interface FunctionCoverage {
  readonly functionName: string;
  ranges: Range[];
}

interface Report {
  result: { readonly url: string; functions: FunctionCoverage[] }[];
}

/** A range in the user's file; undefined for one that holds nothing of it. */
function mapped({ startOffset, endOffset, count }: Range, pieces: Pieces, text: number): Range | undefined {
  let start = -1;
  let end = -1;
  for (let i = 0; i < pieces.length; i += 3) {
    const begin = text + pieces[i];
    if (start < 0 && startOffset < begin + pieces[i + 1]) start = pieces[i + 2] + Math.max(0, startOffset - begin);
    if (endOffset >= begin) end = pieces[i + 2] + Math.min(pieces[i + 1], endOffset - begin);
  }
  return start >= 0 && end > start ? { startOffset: start, endOffset: end, count } : undefined;
}

/** The functions of a script with their places in the user's file; undefined for a script that is as it was written. */
function correctedFunctions(functions: readonly FunctionCoverage[]): FunctionCoverage[] | undefined {
  const around = functions.find(({ functionName }) => MARK.test(functionName));
  if (around === undefined) return undefined;
  const mark = MARK.exec(around.functionName)![1];
  if (mark === undefined) return [];
  const [rest, length, ...pieces] = mark.split('_').map((n) => parseInt(n, 36));
  const text = around.ranges[0].startOffset + BEFORE_NAME + around.functionName.length + rest;
  const end = text + length;
  return functions.flatMap((fn) => {
    const [whole] = fn.ranges;
    if (whole.startOffset < text || whole.endOffset > end) return [];
    const ranges = fn.ranges.flatMap((range) => mapped(range, pieces, text) ?? []);
    return ranges.length > 0 ? [{ ...fn, ranges }] : [];
  });
}

/** Corrects a report. False where there was nothing to do. */
export function correctReport(report: Report): boolean {
  let changed = false;
  for (const script of report.result) {
    const functions = correctedFunctions(script.functions);
    if (functions === undefined) continue;
    script.functions = functions;
    changed = true;
  }
  report.result = report.result.filter(({ functions }) => functions.length > 0);
  return changed;
}

/** Corrects what this thread has written; the main thread also what others, which may have been ended, have. */
function correctFiles(): void {
  const { isMainThread, threadId } = process.getBuiltinModule('node:worker_threads');
  // Node makes it when it first writes.
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(`coverage-${process.pid}-`)) continue;
    if (!isMainThread && !name.endsWith(`-${threadId}.json`)) continue;
    const file = join(directory, name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes(NAME)) continue;
    let report: Report;
    try {
      report = JSON.parse(text) as Report;
    } catch {
      // A thread is writing it, and corrects it itself.
      continue;
    }
    if (correctReport(report)) writeFileSync(file, JSON.stringify(report));
  }
}

let compiled = false;
let listening = false;

function end(): void {
  try {
    if (compiled) v8().takeCoverage();
    correctFiles();
  } catch (error) {
    process.stderr.write(`multiproc: the coverage of functions from other processes is lost: ${String(error)}\n`);
  }
}

function last(): void {
  process.off('exit', end);
  process.on('exit', end);
}

/** Called where a function is sent, or made, while this process reports coverage. */
export function correctCoverage(here: boolean): void {
  compiled ||= here;
  if (listening) return;
  listening = true;
  process.on('exit', end);
  // The loop is empty: most of the program's own handlers are there by now.
  process.on('beforeExit', last);
}
