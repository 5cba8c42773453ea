/**
 * Classes that modules export, by name: an error of such a class is one of it wherever that module is loaded.
 *
 * Nothing is loaded for that, since an error must arrive at once and whole. A CommonJS module is in Node's table; of an ES
 * module V8's list of scripts says whether it is loaded, and `require` gives it then.
 */
import { v8 } from '../native/v8';
import { exportedAs } from './capture';
import { allScripts, inspectorMissing } from './inspector';
import { loadedCommonjs, type Reference } from './reference';
import { loadedModule } from './load';

const names = new WeakMap<Function, string>();

/** The name of what a module exports, other than the main one; '' for what none does. */
export function moduleName(type: Function): string {
  let name = names.get(type);
  if (name === undefined) names.set(type, (name = written(exportedAs(type))));
  return name;
}

function written(reference: Reference | undefined): string {
  if (reference?.kind === 'import') return JSON.stringify([reference.base, reference.name]);
  if (reference?.kind === 'commonjs') return JSON.stringify([reference.file, reference.key]);
  return '';
}

/** What has such a name here; undefined where its module is not loaded. */
export function moduleExport(name: string): unknown {
  try {
    const [module, key] = JSON.parse(name) as [unknown, unknown];
    if (typeof module !== 'string' || (typeof key !== 'string' && key !== null)) return undefined;
    if (!module.startsWith('file:')) return loadedCommonjs(module, key);
    if (key === null || !isLoaded(module)) return undefined;
    return loadedModule({ base: module, source: module, attributes: {} }, key);
  } catch {
    // No such name, or the module is not one that `require` gives.
    return undefined;
  }
}

const loaded = new Set<string>();
/** What V8 had compiled when the list was read last. */
let compiled = -1;

function isLoaded(url: string): boolean {
  if (loaded.has(url)) return true;
  if (inspectorMissing() !== undefined) return false;
  // To read the list takes milliseconds. Without new code there is nothing new in it.
  const code = v8().getHeapCodeStatistics();
  const now = code.bytecode_and_metadata_size + code.external_script_source_size;
  if (now === compiled) return false;
  allScripts((_, script) => loaded.add(script));
  compiled = now;
  return loaded.has(url);
}
