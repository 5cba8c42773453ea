/** Random values: what arrives must be what structuredClone gives. The long form is support/fuzz.mjs. */
import { expect, test } from 'vitest';
import { differences } from './support/fuzz.mjs';

test.each([
  ['small', 8_000, false],
  ['large', 200, true],
])('%s values, %i of them', (_, count, large) => {
  expect(differences({ count, seed: 1, large })).toEqual([]);
});
