/** Functions of a test file, which vitest has transformed: imports are members of objects there, and the file is TypeScript. */
import { basename, sep } from 'node:path';
import * as path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { across, stop } from './support/across.cjs';
import { identical } from './support/typed';

afterAll(stop);

const factor: number = 3;
let count = 0;
const up = (): number => ++count;

it('captures variables', async () => {
  const local = { a: [1] };
  expect(await across((x: number) => x * factor + local.a[0]!, 2)).toBe(7);
});

it('imports of Node by reference', async () => {
  expect(await across(() => basename(`a${sep}b`) + path.sep)).toBe(`b${sep}`);
});

it('imports of TypeScript files by value', async () => {
  expect(await across(() => [identical(-0, 0), identical(Number.NaN, Number.NaN)])).toEqual([false, true]);
});

it('variables of the file that are shared', async () => {
  expect(await across(() => [up(), up(), count])).toEqual([1, 2, 2]);
  expect(count).toBe(0);
});

it('names the line and column in stacks that this process names', async () => {
  const place = (error: Error): string | undefined => /vitest\.test\.ts:\d+:\d+/.exec(error.stack!)?.[0];
  interface Options {
    readonly a: number;
  }

  const fails = (options: Options): never => {
    throw new Error(String(options.a));
  };
  const here = await Promise.resolve({ a: 1 })
    .then(fails)
    .catch((error: Error) => error);
  const there = await across(fails, { a: 1 }).catch((error: Error) => error);
  expect(place(there)).toBe(place(here));
});
