// The types that the package ships, held against the contract in types/contract.d.ts: every name that is there by now
// must be assignable to what the contract says of it, and no public name may be missing from the contract.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const contract = readFileSync(`${root}__test__/types/contract.d.ts`, 'utf8');

interface Declared {
  name: string;
  kind: string;
  generic: boolean;
}

/** The exported names of the contract, an overloaded function once. */
const declared: Declared[] = [
  ...new Map(
    [...contract.matchAll(/^export (class|function|interface|type|const) (\w+)(<)?/gm)].map(
      ([, kind, name, bracket]) => [name, { name, kind, generic: bracket !== undefined }],
    ),
  ).values(),
];

/** The names that dist/index.d.ts exports, values and types. */
function exported(): Set<string> {
  const source = readFileSync(`${root}dist/index.d.ts`, 'utf8');
  const listed = [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names]) => names.split(','));
  const direct = [...source.matchAll(/export (?:declare )?(?:class|function|interface|type|const) (\w+)/g)];
  return new Set(
    [
      ...listed.map((name) =>
        name
          .trim()
          .replace(/^type /, '')
          .replace(/^.* as /, ''),
      ),
      ...direct.map(([, name]) => name),
    ].filter(Boolean),
  );
}

/** Names whose types grow with the names that are still to come: what is there of them must be right. */
const GROWING: Record<string, string> = {
  Context: 'export type Context = Is<ours.Context, Pick<theirs.Context, keyof ours.Context & keyof theirs.Context>>;',
  getContext: 'export const getContext: (method?: theirs.StartMethod) => ours.Context = ours.getContext;',
};

/** A statement that compiles only where the package's `name` is what the contract says. */
function claim({ name, kind, generic }: Declared): string {
  if (Object.hasOwn(GROWING, name)) return GROWING[name];
  // Two unique symbols are never assignable to each other.
  if (contract.includes(`const ${name}: unique symbol`)) return `export const ${name}: symbol = ours.${name};`;
  // Errors are caught, not made, by users: what an instance has is compared, and what it extends.
  if (name.endsWith('Error')) return `export type ${name} = Is<ours.${name}, theirs.${name}>;`;
  if (kind !== 'interface' && kind !== 'type') return `export const ${name}: typeof theirs.${name} = ours.${name};`;
  if (generic) return `export { type ${name} } from 'multiproc';`;
  return `export type ${name} = [Is<ours.${name}, theirs.${name}>, Is<theirs.${name}, ours.${name}>];`;
}

/** Type-checks files inside the package, so that its own name resolves as a user's import would; returns the complaints. */
function typeCheck(folder: string): string {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [`${root}node_modules/@types`],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['*.ts', '*.mts'] }));
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc');
  try {
    return execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('the public types are those of the contract', () => {
  const here = exported();
  const claims = declared.filter(({ name }) => here.has(name)).map(claim);
  expect(claims.length).toBeGreaterThan(20);

  const folder = `${root}reports/types`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/contract.d.ts`, contract);
  writeFileSync(
    `${folder}/claims.ts`,
    `import * as ours from 'multiproc';\nimport type * as theirs from './contract.js';\ntype Is<A extends B, B> = A;\n${claims.join('\n')}\n`,
  );
  expect(typeCheck(folder)).toBe('');
});

test('no public name is missing from the contract', () => {
  const known = new Set(declared.map(({ name }) => name));
  expect([...exported()].filter((name) => !known.has(name))).toEqual([]);
});

test('arguments and results are inferred: items, tuples, promises', () => {
  const folder = `${root}reports/inference`;
  mkdirSync(folder, { recursive: true });
  copyFileSync(`${root}__test__/types/inference.mts`, `${folder}/inference.mts`);
  expect(typeCheck(folder)).toBe('');
});
