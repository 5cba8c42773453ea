// Deep and long functions: compiled or refused, never a stack that overflows.
import { expect, test } from 'vitest';
import { KernelError, parallel } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

const make = (body: string) => new Function('x', body) as (x: number) => number;
const input = Float64Array.of(1, -2.5);

test('a sum of 9,000 terms', () => {
  const f = make(`return ${Array(9000).fill('x').join('+')}`);
  expect(parallel.mapSync(f, input)).toEqual(input.map(f));
});

test('300 parentheses, 300 ifs, 300 helpers in each other', () => {
  const functions = [
    make(`return ${'('.repeat(300)}x${'+1)'.repeat(300)}`),
    make(`${'if (x > 0) {'.repeat(300)} return 1 ${'}'.repeat(300)} return 0`),
    make(`return ${'((z) => z + '.repeat(300)}x${')(1)'.repeat(300)}`),
  ];
  for (const f of functions) expect(parallel.mapSync(f, input)).toEqual(input.map(f));
});

const N = 12_000;
test.each([
  ['parentheses', `return ${'('.repeat(N)}x${')'.repeat(N)}`],
  ['parentheses with sums', `return ${'('.repeat(N)}x${'+1)'.repeat(N)}`],
  ['negations', `return ${'!'.repeat(N)}x`],
  ['signs', `return ${'- '.repeat(N)}x`],
  ['conditions', `return ${'x?1:'.repeat(N)}x`],
  ['powers', `return ${'x**'.repeat(N)}x`],
  ['ifs', `${'if(x)'.repeat(N)}return 1; return 0`],
  ['blocks', `${'{'.repeat(N)}x++${'}'.repeat(N)} return x`],
  ['arrows', `return ${'a=>'.repeat(N)}x`],
  ['arrays', `return ${'['.repeat(N)}x${']'.repeat(N)}`],
  [
    'a sum',
    `return ${Array(N * 2)
      .fill('x')
      .join('+')}`,
  ],
])('thousands of %s end in a kernel or a refusal', (_, body) => {
  let f: (x: number) => number;
  try {
    f = make(body);
  } catch {
    // V8 itself has no stack for it: a text cannot come about in this way then.
    return;
  }
  try {
    parallel.mapSync(f, input, { timeout: 20_000 });
  } catch (error) {
    // V8's own stack, where it runs the inspector's analysis, may be what ends.
    expect(error instanceof KernelError || error instanceof RangeError).toBe(true);
  }
});
