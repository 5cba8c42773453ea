// The process in which one contestant lives: `node contestant.mjs <benchmark file> <contestant>`.
// It reads a command per line from standard input, { call, args }, and answers on descriptor 3 with what the call
// returned: { ns, ops } for a round timed as a whole, { samples } (nanoseconds) for one timed operation by operation.
// Programs in other languages speak the same (python/contestant.py, raw/futex.rs).
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { median, quantile } from './stats.mjs';

function answer(value) {
  writeSync(3, `${JSON.stringify(value)}\n`);
}

/** Samples stay here; what is compared is their median, and the tail where a case asks for it. */
function condense(result) {
  if (result?.samples === undefined) return result;
  const sorted = Float64Array.from(result.samples).sort();
  return { ns: median(sorted), ops: 1, p99: quantile(sorted, 0.99), cpuOps: result.cpuOps ?? sorted.length };
}

const [, , file, name] = process.argv;
let methods;
try {
  const { contestants } = await import(pathToFileURL(file).href);
  methods = await contestants[name].open();
  answer({ ready: Object.keys(methods) });
} catch (error) {
  answer({ skipped: error.message.split('\n')[0] });
  process.exit(0);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { call, args } = JSON.parse(line);
  try {
    answer(condense((await methods[call]?.(args)) ?? {}));
  } catch (error) {
    answer({ failed: error.stack });
  }
  if (call === 'close') break;
}
process.exit(0);
