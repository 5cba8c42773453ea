// Both loaders give the same names, and the same objects behind them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import * as imported from 'multiproc';
import { result } from './support/program';

const required = createRequire(import.meta.url)('multiproc') as Record<string, unknown>;

test('import and require() have the same names', () => {
  expect(Object.keys(imported).sort()).toEqual(Object.keys(required).sort());
});

test.each(Object.keys(imported))('%s is one object for both', (name) => {
  expect((imported as Record<string, unknown>)[name]).toBe(required[name]);
});

test('package.json can be required', () => {
  const { name } = createRequire(import.meta.url)('multiproc/package.json') as { name: string };
  expect(name).toBe('multiproc');
});

test('nothing but the public surface can be imported', () => {
  expect(() => createRequire(import.meta.url)('multiproc/dist/native/index.js')).toThrow(/not defined by "exports"/);
});

test('every name is declared', () => {
  const declared = readFileSync(new URL('../dist/index.d.ts', import.meta.url), 'utf8');
  for (const name of Object.keys(imported)) expect(declared).toMatch(new RegExp(`\\b${name}\\b`));
});

test('every class of errors can be made of a message alone, as Error can: users do so in tests of their own', () => {
  const types = Object.entries(imported).filter(([name]) => name.endsWith('Error')) as [
    string,
    new (message?: string) => imported.ProcessError,
  ][];
  expect(types.length).toBeGreaterThan(15);
  for (const [name, type] of types) {
    const error = new type('why');
    expect(error).toMatchObject({ name, message: 'why', code: expect.stringMatching(/^ERR_/) as string });
    expect(error).toBeInstanceOf(imported.ProcessError);
    expect(() => new type()).not.toThrow();
  }
});

test('works where a program has put something on Object.prototype', async () => {
  expect(await result('object-prototype.cjs')).toEqual([['a'], 'told', [2, 4]]);
});
