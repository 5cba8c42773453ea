/**
 * The receiver's side of imports: modules that revived functions take bindings from.
 *
 * `prepare` (../codec) loads them by `import()` before a message is decoded. Where nobody could wait for that (a blocking
 * get of a queue), they are loaded by `require`, which Node can do for ES modules without top-level await.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import * as vm from 'node:vm';
import { correctCoverage, helperName, reportsCoverage } from './coverage';

/** Which module: the specifier that stands in file `base`, which is a URL. */
export interface ModuleRequest {
  readonly base: string;
  readonly source: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const namespaces = new Map<string, object>();

const keyOf = ({ base, source, attributes }: ModuleRequest): string => JSON.stringify([base, source, attributes]);

/** Makes import() in compiled code resolve relative to its file name. */
const importLoader = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;

let quiet = false;

/** Runs what Node warns of as experimental, where users of this library did not choose it. Others' warnings are let through. */
function quietly<T>(run: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] !== 'ExperimentalWarning') Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Makes the first use of that loader. Only the synchronous part of the call is silenced. */
function silenceWarning(): void {
  if (quiet) return;
  quiet = true;
  quietly(() => {
    const script = new vm.Script(`import('node:module')`, {
      filename: __filename,
      importModuleDynamically: importLoader,
    });
    void script.runInThisContext();
  });
}

/** Compiles a script of the main context, in which import() works. */
export function compileScript(
  source: string,
  options: { filename: string; lineOffset?: number; columnOffset?: number },
): unknown {
  // Most functions don't import: they are spared the loader, whose first use takes Node some milliseconds.
  if (!source.includes('import')) return new vm.Script(source, options).runInThisContext();
  silenceWarning();
  return new vm.Script(source, { ...options, importModuleDynamically: importLoader }).runInThisContext();
}

type Importer = (source: string, options?: { with: Readonly<Record<string, string>> }) => Promise<object>;
const importers = new Map<string, Importer>();

/** import() as the file `base` would call it. */
export function importerOf(base: string): Importer {
  let importer = importers.get(base);
  if (importer === undefined) {
    const source = `(function ${helperName}(source, options) { return import(source, options); })`;
    importer = compileScript(source, { filename: base }) as Importer;
    if (reportsCoverage) correctCoverage(true);
    importers.set(base, importer);
  }
  return importer;
}

/** Whether {@link loadedModule} has it at once, without loading anything. */
export function isLoaded(request: ModuleRequest): boolean {
  return request.source.startsWith('node:') || namespaces.has(keyOf(request));
}

/** Loads a module, so that {@link loadedModule} has it. */
export async function load(request: ModuleRequest): Promise<void> {
  const { base, source, attributes } = request;
  const options = Object.keys(attributes).length > 0 ? { with: attributes } : undefined;
  namespaces.set(keyOf(request), await importerOf(base)(source, options));
}

/** A binding of a module; '*' is its namespace. @throws what loading it throws, where it was not loaded before. */
export function loadedModule(request: ModuleRequest, name: string): unknown {
  const key = keyOf(request);
  let namespace = namespaces.get(key);
  if (namespace === undefined) namespaces.set(key, (namespace = requireNamespace(request)));
  return name === '*' ? namespace : (namespace as Record<string, unknown>)[name];
}

function requireNamespace({ base, source }: ModuleRequest): object {
  const require = createRequire(base);
  const exports: unknown = quietly(
    () => require(source.startsWith('file:') ? fileURLToPath(source) : source) as unknown,
  );
  if (types.isModuleNamespaceObject(exports)) return exports as object;
  // What import() gives for CommonJS: its names, and all of it as the default.
  const namespace = Object.create(null) as Record<string, unknown>;
  if ((typeof exports === 'object' && exports !== null) || typeof exports === 'function') {
    for (const name of Object.keys(exports)) {
      if (name !== 'default') namespace[name] = (exports as Record<string, unknown>)[name];
    }
  }
  namespace.default = exports;
  return namespace;
}
