/**
 * Where the code of a script was written, where a tool has made it of other code: tsx, vitest, jest, a bundler.
 *
 * Only where this process shows it in its own stacks: Node does where source maps are switched on, which tsx does; vitest
 * and jest bring code that makes stacks.
 */
import * as module from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isRuntimeFunction } from './runtime-class';
import { mainGlobal } from './realm';
import { textOf, urlOf, type Sample } from './scripts';

type Map = module.SourceMap;

/** A position, from 0, in the file that has this URL. */
export interface Original {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** Whether Node shows places in original files. */
const nodeShowsOriginals = (): boolean => (process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled === true;

/** Whether a tool does. */
function toolShowsOriginals(): boolean {
  return [Error, mainGlobal.Error].some(({ prepareStackTrace }) => {
    // Newer Nodes have one of their own.
    return typeof prepareStackTrace === 'function' && !isRuntimeFunction(prepareStackTrace);
  });
}

const maps = new Map<string, Map | undefined>();

/** The map of the script that a function is in; undefined where there is none, or nobody wants it. */
export function sourceMapOf(sample: Sample): Map | undefined {
  const { scriptId } = sample.location;
  if (maps.has(scriptId)) return maps.get(scriptId);
  const map = (nodeShowsOriginals() ? module.findSourceMap(urlOf(scriptId)) : undefined) ?? statedMap(sample);
  maps.set(scriptId, map);
  return map;
}

/** The map that the last line of a script names. */
function statedMap(sample: Sample): Map | undefined {
  let text: string;
  try {
    text = textOf(sample);
  } catch {
    // V8 does not know the script any more, or it is Node's own.
    return undefined;
  }
  const at = text.lastIndexOf('//# sourceMappingURL=');
  // Asked last: to tell whose code makes stacks takes long.
  if (at < 0 || !(nodeShowsOriginals() || toolShowsOriginals())) return undefined;
  const [stated] = text.slice(at + 21).split(/\s/, 1);
  try {
    const inline = /^data:application\/json[^,]*?(;base64)?,/.exec(stated);
    let json: string;
    if (inline === null) json = readFileSync(new URL(stated, urlOf(sample.location.scriptId)), 'utf8');
    else if (inline[1] === undefined) json = decodeURIComponent(stated.slice(inline[0].length));
    else json = Buffer.from(stated.slice(inline[0].length), 'base64').toString();
    return new module.SourceMap(JSON.parse(json) as module.SourceMapPayload);
  } catch {
    // The map is gone, or is none.
    return undefined;
  }
}

/** Where what stands at a place of a script was written; undefined for what a tool has added. */
export function originalOf(map: Map, scriptUrl: string, line: number, column: number): Original | undefined {
  const entry = map.findEntry(line, column);
  if (!('originalSource' in entry) || typeof entry.originalSource !== 'string') return undefined;
  return { url: sourceUrl(entry.originalSource, scriptUrl), line: entry.originalLine, column: entry.originalColumn };
}

function sourceUrl(source: string, scriptUrl: string): string {
  if (/^\w\w+:/.test(source)) return source;
  if (isAbsolute(source) || !scriptUrl.startsWith('file:')) return pathToFileURL(source).href;
  return pathToFileURL(resolve(dirname(fileURLToPath(scriptUrl.split(/[?#]/, 1)[0])), source)).href;
}
