// The ring of a channel, its two ends in one thread.
import { describe, expect, test } from 'vitest';
import * as L from '../../src/pool/layout';
import { RingReader, RingWriter } from '../../src/pool/ring';

function ring() {
  const words = new Int32Array(L.CHANNEL_BYTES / 4);
  return {
    words,
    writer: new RingWriter(words, L.TASK_RING, L.TASK_TAIL, L.TASK_HEAD),
    reader: new RingReader(words, L.TASK_RING, L.TASK_HEAD),
    tail: () => words[L.TASK_TAIL],
  };
}

function put({ words, writer }: ReturnType<typeof ring>, length: number, value: number): boolean {
  const at = writer.reserve(length);
  if (at < 0) return false;
  words[at] = L.head(length, L.CALL);
  words[at + length - 1] = value;
  writer.add(length);
  return true;
}

test('records of any even length come out as they went in, over many laps and the wrap of positions', () => {
  const r = ring();
  // As if 2^31 words had gone through: positions wrap soon.
  r.writer.position = r.reader.position = 0x7fff_fff0;
  r.words[L.TASK_HEAD] = 0x7fff_fff0;
  (r.writer as any).seen = 0x7fff_fff0;
  const lengths: number[] = [];
  let random = 1;
  let got = 0;
  for (let sent = 0; got < 20_000;) {
    random = (random * 48271) % 0x7fffffff;
    const length = 2 + 2 * (random % (random % 16 === 0 ? 2000 : 20));
    const empty = random % 3 === 0;
    while (sent > got && (empty || !fits(r, length))) take();
    expect(put(r, length, sent)).toBe(true);
    lengths.push(length);
    sent++;
    if (random % 2 === 0) r.writer.publish();
  }
  function fits(of: typeof r, length: number): boolean {
    of.writer.publish();
    return of.writer.reserve(length) >= 0;
  }
  function take(): void {
    r.writer.publish();
    const at = r.reader.next(r.tail(), L.LENGTH);
    expect(at).toBeGreaterThanOrEqual(0);
    const length = r.words[at] & L.LENGTH;
    expect(length).toBe(lengths[got]);
    expect(r.words[at + length - 1]).toBe(got++);
    r.reader.skip(length);
    r.reader.release();
  }
});

test('a full ring refuses, and takes again what was released', () => {
  const r = ring();
  let count = 0;
  while (put(r, 4, count)) count++;
  expect(count).toBe(L.RING_WORDS / 4);
  r.writer.publish();
  const at = r.reader.next(r.tail(), L.LENGTH);
  r.reader.skip(r.words[at] & L.LENGTH);
  expect(put(r, 4, 0)).toBe(false);
  r.reader.release();
  expect(put(r, 4, 0)).toBe(true);
  expect(put(r, 4, 0)).toBe(false);
});

test('nothing is seen before it is published', () => {
  const r = ring();
  put(r, 4, 1);
  expect(r.reader.next(r.tail(), L.LENGTH)).toBe(-1);
  r.writer.publish();
  expect(r.reader.next(r.tail(), L.LENGTH)).toBe(L.TASK_RING);
});

describe('a reader trusts no length', () => {
  test.for([
    ['odd', 3],
    ['longer than what was published', 8],
    ['1', 1],
    ['longer than the ring', L.LENGTH & ~1],
  ] as const)('%s', ([, length]) => {
    const r = ring();
    put(r, 4, 1);
    r.words[L.TASK_RING] = length;
    r.writer.publish();
    expect(r.reader.next(r.tail(), L.LENGTH)).toBe(-2);
  });

  test('a tail out of reach', () => {
    const r = ring();
    expect(r.reader.next(-5, L.LENGTH)).toBe(-2);
    expect(r.reader.next(L.RING_WORDS + 2, L.LENGTH)).toBe(-2);
  });

  test('a wrap at the very start', () => {
    const r = ring();
    expect(r.reader.next(10, L.LENGTH)).toBe(-2);
  });
});
