// What the table of cases is run under. An environment is a name, what it makes of the case files beforehand, and the command
// that runs one of them; the case file writes its results to the file that MULTIPROC_CASES names.
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const closure = join(here, '..');
const cases = join(closure, 'cases');
const root = join(here, '../../..');
const tool = (path) => join(here, 'node_modules', path);

/** The ES modules among the cases. */
const modules = readdirSync(cases).filter((name) => name.endsWith('.mjs'));
const all = readdirSync(cases).filter((name) => /\.[mc]js$/.test(name));

/** Copies the cases into a folder beside them, so that their relative imports hold; `change` makes name and text. */
function copies(name, change) {
  const folder = join(closure, `.matrix-${name}`);
  mkdirSync(folder, { recursive: true });
  cpSync(join(cases, 'lib'), join(folder, 'lib'), { recursive: true });
  return modules.map((file) => {
    const [target, text] = change(file, readFileSync(join(cases, file), 'utf8'));
    writeFileSync(join(folder, target), text);
    return join(folder, target);
  });
}

const plain = (flags = []) => ({
  files: () => all.map((file) => join(cases, file)),
  command: (file, node) => [node, [...flags, file]],
});

const asTypeScript = (name, flags) => ({
  files: () => copies(name, (file, text) => [file.replace(/mjs$/, 'mts'), text]),
  command: (file, node) => [node, [...flags(), file]],
});

/** A test of vitest that runs a case file, which vitest transforms. */
const vitest = (pool) => ({
  // What a file imports is transformed too, and goes by value.
  env: { MULTIPROC_BY_VALUE: '1' },
  files: () =>
    copies(`vitest-${pool}`, (file, text) => [file, text]).map((file) => {
      const test = file.replace(/mjs$/, 'test.mjs');
      writeFileSync(
        test,
        `import { it } from 'vitest';\nit('runs', async () => void (await import('./${basename(file)}')), 60_000);\n`,
      );
      return test;
    }),
  command: (file, node) => [
    node,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      root,
      '--pool',
      pool,
      '--config',
      join(here, 'vitest.config.mjs'),
      '--dir',
      join(file, '..'),
      basename(file),
    ],
  ],
});

/** What Babel makes CommonJS of can't await at its top level: the body of a case becomes a function. */
const jest = {
  env: { MULTIPROC_BY_VALUE: '1' },
  files: () =>
    copies('jest', (file, text) => {
      const target = join(closure, '.matrix-jest', file.replace(/mjs$/, 'test.js'));
      const lines = text.split('\n');
      let last = 0;
      lines.forEach((line, i) => {
        if (/^(?:import\b.*;|\} from .*;)$/.test(line)) last = i;
      });
      // That is a module for Node alone.
      const noAwait = (line) => !/\bwait(?:ed|s\.mjs)\b/.test(line);
      const head = lines
        .slice(0, last + 1)
        .filter(noAwait)
        .join('\n')
        .replace(/ with \{ type: 'json' \}/g, '');
      const body = lines
        .slice(last + 1)
        .filter(noAwait)
        .join('\n')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(target).href))
        .replaceAll('import.meta.filename', JSON.stringify(target))
        .replaceAll(
          'import.meta.resolve(',
          `((path) => new URL(path, ${JSON.stringify(pathToFileURL(target).href)}).href)(`,
        );
      return [basename(target), `${head}\ntest('runs', async () => {\n${body}\n}, 60_000);\n`];
    }),
  command: (file, node) => [
    node,
    [
      tool('jest/bin/jest.js'),
      '--config',
      join(here, 'jest.config.cjs'),
      '--rootDir',
      join(file, '..'),
      '--runTestsByPath',
      file,
    ],
  ],
};

const external = (source) => source.startsWith('node:') || source.includes('/support/') || source === 'os';
const bundled = (name, bundle, env = {}) => ({
  // In webpack's bundles a module is an object, of which what is used goes by value.
  env: { MULTIPROC_BUNDLED: '1', ...(name.startsWith('webpack') ? { MULTIPROC_BY_VALUE: '1' } : {}), ...env },
  files: async () => {
    const folder = join(closure, `.matrix-${name}`);
    mkdirSync(folder, { recursive: true });
    // What is not bundled, but loaded as the program runs.
    cpSync(join(cases, 'lib'), join(folder, 'lib'), { recursive: true });
    const made = [];
    for (const file of modules) {
      const target = join(folder, file);
      await bundle(join(cases, file), target);
      made.push(target);
    }
    return made;
  },
  command: (file, node) => [node, [file]],
});

const esbuild = (minify) => async (from, to) => {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [from],
    outfile: to,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    minify,
    plugins: [
      {
        name: 'external',
        setup: (build) => build.onResolve({ filter: /\/support\// }, ({ path }) => ({ path, external: true })),
      },
    ],
    logLevel: 'error',
    banner: { js: minify ? '' : '// A bundle.' },
  });
};

const rollup = (minify) => async (from, to) => {
  const [{ rollup: build }, { default: commonjs }, { default: json }, { default: terser }] = await Promise.all(
    ['rollup', '@rollup/plugin-commonjs', '@rollup/plugin-json', '@rollup/plugin-terser'].map((name) => import(name)),
  );
  const bundle = await build({ input: from, external, plugins: [commonjs(), json()], onwarn: () => {} });
  await bundle.write({
    file: to,
    format: 'esm',
    inlineDynamicImports: true,
    plugins: minify ? [terser({ module: true })] : [],
  });
};

const webpack = (minify) => async (from, to) => {
  const { default: build } = await import('webpack');
  // It takes import.meta.resolve for the name of an asset, and leaves that out.
  const entry = join(to, '..', `source-${basename(from)}`);
  const text = readFileSync(from, 'utf8').replaceAll('import.meta.resolve(', "((path) => '/' + path)(");
  writeFileSync(entry, text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(to).href)));
  const options = {
    entry,
    mode: 'production',
    devtool: false,
    target: 'node20',
    optimization: { minimize: minify, concatenateModules: minify },
    experiments: { outputModule: true },
    externalsType: 'module',
    externals: [({ request }, done) => (external(request) ? done(null, `module ${request}`) : done())],
    output: {
      path: join(to, '..'),
      filename: basename(to),
      module: true,
      library: { type: 'module' },
      chunkFormat: 'module',
    },
  };
  await new Promise((resolve, reject) => {
    build(options, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString()));
      else resolve();
    });
  });
};

const permission = (more) => ({
  files: () => all.map((file) => join(cases, file)),
  command: (file, node) => [
    node,
    [
      '--permission',
      '--allow-fs-read=*',
      '--allow-fs-write=*',
      '--allow-child-process',
      '--allow-addons',
      '--allow-worker',
      ...more,
      file,
    ],
  ],
});

/** `node`: the version that it is run on; 'all': each of those given, as rows of their own. */
export const environments = {
  'main thread': { node: 'all', ...plain() },
  'worker thread': {
    node: 'all',
    files: () => all.map((file) => join(cases, file)),
    command: (file, node) => [node, [join(here, 'in-worker.mjs'), file]],
  },
  tsx: { node: 'first', ...asTypeScript('tsx', () => ['--import', pathToFileURL(tool('tsx/dist/loader.mjs')).href]) },
  'strip-types': { node: 'last', ...asTypeScript('strip', () => []) },
  'vitest forks': { node: 'first', ...vitest('forks') },
  'vitest threads': { node: 'first', ...vitest('threads') },
  'vitest vmThreads': { node: 'first', ...vitest('vmThreads') },
  jest: { node: 'first', ...jest },
  esbuild: { node: 'first', ...bundled('esbuild', esbuild(false)) },
  'esbuild, minified': { node: 'first', ...bundled('esbuild-min', esbuild(true), { MULTIPROC_RENAMED: '1' }) },
  rollup: { node: 'first', ...bundled('rollup', rollup(false)) },
  'rollup, minified': { node: 'first', ...bundled('rollup-min', rollup(true), { MULTIPROC_RENAMED: '1' }) },
  webpack: { node: 'first', ...bundled('webpack', webpack(false)) },
  'webpack, minified': { node: 'first', ...bundled('webpack-min', webpack(true), { MULTIPROC_RENAMED: '1' }) },
  debugger: {
    node: 'last',
    files: () => all.map((file) => join(cases, file)),
    command: (file, node) => [node, [join(here, 'under-debugger.mjs'), file]],
  },
  '--permission --allow-inspector': { node: 'last', ...permission(['--allow-inspector']) },
  '--permission': { node: 'last', env: { MULTIPROC_NO_INSPECTOR: '1' }, ...permission([]) },
};
