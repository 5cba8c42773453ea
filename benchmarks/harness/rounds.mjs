// Rounds, interleaved: in each, every contestant runs once, in an order that rotates, so that what disturbs the box
// disturbs all of them alike.
import { Contestant } from './process.mjs';
import { summary } from './stats.mjs';

/**
 * Milliseconds that one contestant may use for one case; after that it has fewer rounds, but never fewer than two, or one
 * where that took several times as long.
 */
const BUDGET_MS = 3_000;
const FEWEST = 2;
const LONG_ROUND_MS = 4 * BUDGET_MS;

/** Contestants of a benchmark that are there, and why the others are not. */
async function open(file, contestants) {
  const present = [];
  const skipped = {};
  for (const [name, definition] of Object.entries(contestants)) {
    try {
      definition.build?.();
    } catch (error) {
      skipped[name] = error.message;
      continue;
    }
    const contestant = new Contestant(file, name, definition);
    const why = await contestant.opened();
    if (why === undefined) present.push(contestant);
    else {
      skipped[name] = why;
      contestant.kill();
    }
  }
  return { present, skipped };
}

/** One round on a contestant that was opened for it alone: what is measured happens once in the life of a process. */
async function freshRound(file, { name, definition }, call, args) {
  const contestant = new Contestant(file, name, definition);
  try {
    const why = await contestant.opened();
    if (why !== undefined) throw new Error(`${name}: ${why}`);
    return await contestant.round(call, args);
  } finally {
    await contestant.close();
  }
}

async function runCase(file, one, present, wanted) {
  // A contestant may lack a call, or what an argument asks for (bytes, in JSON).
  const fields = present.filter(
    ({ name, methods, definition, ended }) =>
      !ended &&
      methods.includes(one.call) &&
      !one.args?.[definition.without] &&
      (one.peers === undefined || one.peers.includes(name)),
  );
  const seen = new Map(fields.map(({ name }) => [name, { spent: 0, rounds: [] }]));
  const skipped = {};
  const argsOf = ({ definition }) => ({ ...one.args, n: Math.ceil((one.args?.n ?? 1) * (definition.scale ?? 1)) });
  const rounds = wanted ?? one.rounds ?? 15;
  for (let round = one.fresh || one.warm === false ? 0 : -1; round < rounds; round++) {
    for (let i = 0; i < fields.length; i++) {
      const contestant = fields[(i + round + 1) % fields.length];
      const record = seen.get(contestant.name);
      const fewest = record.spent > LONG_ROUND_MS ? 1 : FEWEST;
      if (skipped[contestant.name] || (record.spent > BUDGET_MS && record.rounds.length >= fewest)) continue;
      const from = performance.now();
      try {
        const args = argsOf(contestant);
        const result = await (one.fresh
          ? freshRound(file, contestant, one.call, args)
          : contestant.round(one.call, args));
        if (round >= 0) record.rounds.push(result); // round -1 warms up
        record.spent += performance.now() - from;
      } catch (error) {
        skipped[contestant.name] = error.message.replaceAll(/\s+/g, ' ').slice(0, 200);
        console.error(`  ${error.message}`);
      }
    }
  }
  const rows = fields
    .filter(({ name }) => seen.get(name).rounds.length > 0 && !skipped[name])
    .map(({ name, definition }) => {
      const { rounds } = seen.get(name);
      const of = (metric) => (rounds[0][metric] == null ? undefined : summary(rounds.map((round) => round[metric])));
      return { name, ours: definition.ours, floor: definition.floor, wall: of('wall'), p99: of('p99'), cpu: of('cpu') };
    });
  return { ...one, rows, skipped };
}

/**
 * Runs the cases of a benchmark.
 *
 * @param file path of the benchmark.
 * @param benchmark its module: { title, cases, contestants }.
 * @param options rounds: instead of each case's own number; only: names (or parts of them) of contestants; cases: likewise.
 */
export async function runBenchmark(file, { title, cases, contestants }, { rounds, only, cases: chosen, report }) {
  const named = (parts, name) => parts === undefined || parts.some((part) => name.includes(part));
  const field = Object.fromEntries(Object.entries(contestants).filter(([name]) => named(only, name)));
  const { present, skipped } = await open(file, field);
  const results = [];
  try {
    for (const one of cases.filter(({ title }) => named(chosen, title))) {
      const result = await runCase(file, one, present, rounds);
      report(result);
      results.push(result);
    }
  } finally {
    for (const contestant of present) await contestant.close();
  }
  return { title, results, skipped };
}
