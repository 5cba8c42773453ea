/** How much one capture may drag along. */
import { afterEach, expect, it } from 'vitest';
import { configure } from 'multiproc';
import { encode } from '../../dist/internals.js';

const USUAL = { functions: 1000, bytes: 1_000_000, milliseconds: 2000 };
const many = (count: number): (() => unknown)[] => Array.from({ length: count }, (_, i) => () => i);
const send = (value: unknown): unknown => encode(() => value, 'fn');

afterEach(() => configure({ captureLimit: USUAL }));

it('a number of functions', () => {
  configure({ captureLimit: { functions: 20 } });
  expect(() => send(many(30))).toThrow(
    /more than 20 functions; import .* or raise it by configure\(\{ captureLimit \}\)/,
  );
  expect(() => send(many(30))).toThrow(
    expect.objectContaining({ name: 'SerializationError', code: 'ERR_SERIALIZATION' }),
  );
  send(many(10));
  configure({ captureLimit: { functions: 40 } });
  send(many(30));
});

it('characters of source', () => {
  configure({ captureLimit: { bytes: 100 } });
  expect(() => send(many(30))).toThrow(/more than 100 characters of source; import/);
  configure({ captureLimit: { bytes: 100_000 } });
  send(many(30));
});

it('time', () => {
  // To look at a function takes longer than a microsecond.
  configure({ captureLimit: { milliseconds: 1 } });
  expect(() => send(many(900))).toThrow(/its capture took longer than 1 ms; import/);
  configure({ captureLimit: { milliseconds: 600_000 } });
  send(many(900));
});
