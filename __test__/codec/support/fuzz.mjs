/**
 * The codec against structuredClone, on random values; and on bytes that no encoder wrote. The short form runs as a test.
 *
 *   node __test__/codec/support/fuzz.mjs [VALUES] [SEED]      5,000,000 values, as many pieces of garbage
 */
import { inspect } from 'node:util';
import { pathToFileURL } from 'node:url';
import { SerializationError } from 'multiproc';
import { decode, encode } from '../../../dist/internals.js';
import { generator } from './generate.mjs';
import { same } from './same.mjs';

/** @returns {string[]} values that arrive as something else than structuredClone gives. */
export function differences({ count, seed, large }) {
  const next = generator(seed, large);
  const found = [];
  for (let i = 0; i < count && found.length < 3; i++) {
    const value = next();
    const expected = structuredClone(value);
    const got = decode(encode(value, 'value').bytes);
    if (same(got, expected)) continue;
    const [a, b] = [got, expected].map((x) => inspect(x, { depth: 9 }));
    found.push(`value ${i} of seed ${seed}: got ${a}, not ${b}`);
  }
  return found;
}

/**
 * Decodes bytes that are random, or messages with some bytes changed, cut or doubled.
 *
 * @returns {string[]} what was neither a value nor a SerializationError, or took far more memory than its bytes.
 */
export function crashes({ count, seed }) {
  const next = generator(seed, false);
  let state = seed;
  const below = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  const found = [];
  let bytes = encode(next(), 'value').bytes;
  for (let i = 0; i < count && found.length < 3; i++) {
    if (i % 20 === 0) bytes = encode(next(), 'value').bytes;
    let garbage = bytes.slice(0, below(4) === 0 ? below(bytes.length + 1) : bytes.length);
    if (below(8) === 0) garbage = Uint8Array.from({ length: below(64) }, () => below(256));
    for (let n = below(4); n > 0 && garbage.length > 0; n--) garbage[below(garbage.length)] = below(256);
    if (garbage.length > 0 && below(3) > 0) garbage[0] = 1 + below(3);
    const before = process.memoryUsage.rss();
    try {
      decode(garbage);
    } catch (error) {
      if (!(error instanceof SerializationError)) found.push(`${Buffer.from(garbage).toString('hex')}: ${error.stack}`);
    }
    const grown = process.memoryUsage.rss() - before;
    if (grown > 256 << 20) found.push(`${Buffer.from(garbage).toString('hex')}: ${grown} bytes`);
  }
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [count = 5_000_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
  const PART = 100_000;
  console.log(`${count} values and as many pieces of garbage from seed ${seed}`);
  for (let done = 0; done < count; done += PART) {
    const part = { count: Math.min(PART, count - done), seed: seed + done };
    const found = [
      ...differences({ ...part, large: false }),
      ...differences({ count: part.count / 1000, seed: part.seed, large: true }),
      ...crashes(part),
    ];
    if (found.length > 0) {
      console.error(found.join('\n'));
      process.exit(1);
    }
    if (process.stdout.isTTY) process.stdout.write(`\r${done + part.count}`);
  }
  console.log('all the same, no crash');
}
