// What sending a function costs the sender, and what a function that was sent runs at.
// Data: a function that captures it, encoded, against v8.serialize of the same data (which loses classes, and runs getters).
import { createRequire } from 'node:module';
import { serialize } from 'node:v8';

export const title = 'Closures';
export const about =
  'A function is encoded with what it captures. "data" is captured by `() => data`; the peer is `v8.serialize(data)`, which loses classes and ' +
  'would run getters. "A new closure" is one of a loop, `() => i + square`. "speed" is a loop of arithmetic and calls, in the function that was written and in the one that arrived.';

const cpu = { metric: 'cpu' };
const times = (atMost) => [{ atMost, times: 'v8.serialize', by: cpu }];
const data = (name, atMost) => ({
  title: `captured ${name}`,
  call: 'data',
  args: { name },
  unit: 'ms',
  rounds: 15,
  by: cpu,
  goals: times(atMost),
});

export const cases = [
  data('100k records', 1.5),
  data('300k numbers', 1.5),
  data('200k strings', 1.5),
  data('50k entries of a Map', 2.5),
  data('50k instances', 2.5),
  data('a dictionary of 50k', 2.5),
  {
    title: 'first capture of a process',
    call: 'first',
    unit: 'ms',
    rounds: 7,
    fresh: true,
    goals: [
      // By the clock: most of the CPU time is that of other threads, and of the inspector alone as much as this allows.
      {
        atMost: 10,
        unit: 'ms',
        obstacle:
          'To load Node\'s inspector takes a third of it ("the inspector alone"), and all code that a first capture runs is not compiled yet; `prewarm()` does both beforehand.',
      },
    ],
  },
  {
    title: 'a known function without captures',
    call: 'known',
    args: { n: 2000 },
    unit: 'µs',
    goals: [{ atMost: 20, unit: 'µs', by: cpu }],
  },
  {
    title: 'a known function, its variables read again',
    call: 'reread',
    args: { n: 300 },
    unit: 'µs',
    goals: [{ atMost: 500, unit: 'µs', by: cpu }],
  },
  {
    title: 'a new closure with two captured numbers for each task',
    call: 'fresh',
    args: { n: 300 },
    unit: 'µs',
    rounds: 15,
    by: cpu,
    goals: [
      { atMost: 500, unit: 'µs', by: cpu },
      {
        atMost: 100,
        unit: 'µs',
        by: cpu,
        obstacle:
          'Only V8\'s inspector shows what a closure captures: three questions and answers, which alone take this long ("the inspector alone").',
      },
    ],
  },
  {
    title: 'speed of a function that was sent',
    call: 'speed',
    unit: 'ms',
    rounds: 21,
    by: cpu,
    goals: [{ atMost: 1 / 0.95, times: 'as it was written', by: cpu }],
  },
];

class Point {
  constructor(x) {
    this.x = x;
    this.y = x / 2;
    this.label = `p${x}`;
  }
  norm() {
    return this.x + this.y;
  }
}

const make = {
  '100k records': () =>
    Array.from({ length: 100_000 }, (_, i) => ({ id: i, name: `row ${i}`, ok: i % 2 === 0, score: i / 3 })),
  '300k numbers': () => Array.from({ length: 300_000 }, (_, i) => i * 1.5),
  '200k strings': () => Array.from({ length: 200_000 }, (_, i) => `string ${i}`),
  '50k entries of a Map': () => new Map(Array.from({ length: 50_000 }, (_, i) => [`key ${i}`, { i }])),
  '50k instances': () => Array.from({ length: 50_000 }, (_, i) => new Point(i)),
  'a dictionary of 50k': () => Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key ${i}`, i])),
};
const made = new Map();

function timed(ops, run) {
  const begin = performance.now();
  run();
  return { ns: (performance.now() - begin) * 1e6, ops };
}

const REPEATS = 3;

/** @param send how the data is serialised. */
function dataCall(send) {
  return ({ name }) => {
    let value = made.get(name);
    if (value === undefined) made.set(name, (value = make[name]()));
    return timed(REPEATS, () => {
      for (let i = 0; i < REPEATS; i++) send(value);
    });
  };
}

const factor = 3;
const table = Float64Array.from({ length: 1024 }, (_, i) => i / 7);
const helper = (x, i) => x * factor + table[i & 1023];

function loop(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += helper(i, i) % 7;
  return sum;
}

const speed = (fn) => () => timed(1, () => fn(20_000_000));

async function openOurs() {
  const codec = createRequire(import.meta.url)('../dist/internals.js');
  const { encode, decode } = codec;
  let variable = 0;
  const known = (x) => x + 1;
  const reading = () => [variable, factor, table.length];
  const sent = decode(encode(loop, 'loop').bytes);
  return {
    data: dataCall((value) => encode(() => value, 'f')),
    known: ({ n }) =>
      timed(n, () => {
        for (let i = 0; i < n; i++) encode(known, 'f');
      }),
    reread: ({ n }) =>
      timed(n, () => {
        for (let i = 0; i < n; i++) {
          variable = i;
          encode(reading, 'f');
        }
      }),
    fresh: ({ n }) => freshClosures(n, (fn) => encode(fn, 'f')),
    speed: speed(sent),
  };
}

/** A closure for each task, as in a loop of `pool.apply(() => f(i))`. */
function freshClosures(n, send) {
  return timed(n, () => {
    for (let i = 0; i < n; i++) {
      const square = i * i;
      send(() => i + square);
    }
  });
}

/** What shows a function's scopes: the fewest questions, and nothing done with the answers. */
function openInspector() {
  const { Session } = createRequire(import.meta.url)('node:inspector');
  const session = new Session();
  session.connect();
  const box = (globalThis.benchmarkBox = {});
  const post = (method, parameters) => {
    let answer;
    session.post(method, parameters, (_, result) => (answer = result));
    return answer;
  };
  return (fn) => {
    box.value = fn;
    const { objectId } = post('Runtime.evaluate', { expression: 'benchmarkBox.value', objectGroup: 'b' }).result;
    const { internalProperties } = post('Runtime.getProperties', { objectId, ownProperties: true });
    const scopes = internalProperties.find(({ name }) => name === '[[Scopes]]').value;
    post('Runtime.callFunctionOn', {
      objectId: scopes.objectId,
      functionDeclaration: 'function () { benchmarkBox.answer = this }',
    });
    return box.answer[0];
  };
}

async function openFloor() {
  const ask = openInspector();
  return { fresh: ({ n }) => freshClosures(n, ask) };
}

/** Two functions are asked for, as the other one captures a helper. */
async function openFirstFloor() {
  return {
    first: () =>
      timed(1, () => {
        const ask = openInspector();
        ask(() => helper(1, 2));
        ask(helper);
      }),
  };
}

/** Nothing was captured in this process before. */
async function openFresh() {
  const { encode } = createRequire(import.meta.url)('../dist/internals.js');
  return { first: () => timed(1, () => encode(() => helper(1, 2), 'f')) };
}

export const contestants = {
  multiproc: { ours: true, open: openOurs },
  'multiproc, just begun': { ours: true, open: openFresh },
  'the inspector alone': { floor: true, open: openFloor },
  'the inspector alone, just begun': { floor: true, open: openFirstFloor },
  'v8.serialize': { open: () => ({ data: dataCall((value) => serialize(value)) }) },
  'as it was written': { open: () => ({ speed: speed(loop) }) },
};
