/** What V8's script ids mean: a file, its text, what it imports, and where its names are declared. */
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { declarations, moduleBindings, type Declaration, type ModuleInfo } from './analysis';
import { allScripts, scriptSource, scriptsOnStack, type Location } from './inspector';

const urls = new Map<string, string>();

function learn(id: string, url: string): void {
  urls.set(id, url.startsWith('/') ? pathToFileURL(url).href : url);
}

/** The URL of a script; '' for code that no file holds. */
export function urlOf(scriptId: string): string {
  if (!urls.has(scriptId)) scriptsOnStack(learn);
  if (!urls.has(scriptId)) allScripts(learn);
  if (!urls.has(scriptId)) urls.set(scriptId, '');
  return urls.get(scriptId)!;
}

/** Offset of a line and column, both from 0. */
function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let i = 0; i < line; i++) {
    const end = text.indexOf('\n', at);
    if (end < 0) return -1;
    at = end + 1;
  }
  return at + column;
}

const texts = new Map<string, string>();

/**
 * The text of a script as V8 compiled it. The file is taken where the sample stands in it at its place; code that a
 * loader changed is asked of V8.
 */
export function textOf({ location, text: sample, offset }: Sample): string {
  const known = texts.get(location.scriptId);
  if (known !== undefined) return known;
  const url = urlOf(location.scriptId);
  let text: string | undefined;
  if (url.startsWith('file:')) {
    try {
      text = readFileSync(fileURLToPath(url.split(/[?#]/, 1)[0]), 'utf8');
      const at = offsetOf(text, location.lineNumber, location.columnNumber) - offset;
      if (!text.startsWith(sample, at) || /^\uFEFF|^#!/.test(text)) text = undefined;
    } catch {
      // The file is gone, or never was one.
    }
  }
  text ??= scriptSource(location.scriptId);
  texts.set(location.scriptId, text);
  return text;
}

/** A function that shows what the text of its script is. */
export interface Sample {
  readonly location: Location;
  readonly text: string;
  /** Where in its text its location is. */
  readonly offset: number;
}

const modules = new Map<string, ModuleInfo>();
const NOTHING: ModuleInfo = { imports: [], exports: [], strict: false };

/** The imports and exports of the script that a function is in. Nothing for a text that can't be parsed. */
export function moduleOf(sample: Sample): ModuleInfo {
  const { location } = sample;
  let info = modules.get(location.scriptId);
  if (info === undefined) {
    try {
      info = moduleBindings(textOf(sample), 'js');
    } catch {
      info = NOTHING;
    }
    modules.set(location.scriptId, info);
  }
  return info;
}

/** Where a function's text begins in the text of its script; -1 where it is not there. */
export function scriptOffset(sample: Sample): number {
  const { location, text, offset } = sample;
  let source: string;
  try {
    source = textOf(sample);
  } catch {
    // V8 does not know the script any more, or it is Node's own.
    return -1;
  }
  const at = offsetOf(source, location.lineNumber, location.columnNumber) - offset;
  return source.startsWith(text, at) ? at : -1;
}

/** What declaration `name` has for each of some functions of one script; undefined where it can't be told. */
export function declarationsFor(samples: readonly Sample[], name: string): readonly (Declaration | null)[] | undefined {
  const [first] = samples;
  try {
    const offsets = samples.map(scriptOffset);
    if (offsets.includes(-1)) return undefined;
    const source = textOf(first);
    return declarations(source, 'js', name, offsets);
  } catch {
    return undefined;
  }
}

const exact = new Map<string, string>();

/** Whether a variable of a function keeps its value, once it has one. By V8's own text: a file may have been edited. */
export function isFixed(sample: Sample, name: string): boolean {
  const { scriptId } = sample.location;
  const at = scriptOffset(sample);
  if (at < 0) return false;
  try {
    let text = exact.get(scriptId);
    if (text === undefined) exact.set(scriptId, (text = scriptSource(scriptId)));
    if (!text.startsWith(sample.text, at)) return false;
    return declarations(text, 'js', name, [at])[0]?.fixed ?? false;
  } catch {
    return false;
  }
}

const exportTables = new Map<string, ReadonlyMap<string, boolean>>();
const LANGUAGES: Record<string, string> = { ts: 'ts', mts: 'ts', cts: 'ts', tsx: 'tsx', jsx: 'jsx' };

/** Whether an import never changes once its module has run: by the text of that module's file. */
export function isConstantExport(base: string, source: string, name: string): boolean {
  if (source.startsWith('node:') || name === '*') return true;
  if (!/^(?:\.{0,2}\/|file:)/.test(source)) return false;
  let table: ReadonlyMap<string, boolean> | undefined;
  try {
    const file = fileURLToPath(new URL(source, base));
    table = exportTables.get(file);
    if (table === undefined) {
      const { exports } = moduleBindings(
        readFileSync(file, 'utf8'),
        LANGUAGES[/\.(\w+)$/.exec(file)?.[1] ?? ''] ?? 'js',
      );
      exportTables.set(file, (table = new Map(exports.map(({ exported, constant }) => [exported, constant]))));
    }
  } catch {
    return false;
  }
  return table.get(name) ?? false;
}
