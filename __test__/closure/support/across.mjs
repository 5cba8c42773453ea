// Runs functions in another process by nothing but the codec, and the table of cases that the tests read.
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { inspect, isDeepStrictEqual } from 'node:util';

const { decode, decodeError, encode } = createRequire(import.meta.url)('../../../dist/internals.js');

let child;
let calls = 0;
const waiting = new Map();

function start() {
  child = fork(fileURLToPath(new URL('./child.cjs', import.meta.url)), [], { serialization: 'advanced', execArgv: [] });
  child.on('message', ({ id, ok, bytes }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (ok) resolve(decode(bytes));
    else reject(decodeError(bytes));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`the child ended: ${code ?? signal}`));
  });
}

/** fn(...args), in the other process. */
export async function across(fn, ...args) {
  const { bytes } = encode([fn, args], 'call');
  if (child === undefined) start();
  const id = calls++;
  return await new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    child.send({ id, bytes });
  });
}

const results = [];

/** What fn gives there is what it gives here, or `want`. */
export async function same(name, fn, options = {}) {
  const { args = [] } = options;
  let problem = '';
  try {
    const expected = 'want' in options ? options.want : await locally(fn, args);
    const got = await across(fn, ...args);
    if (!isDeepStrictEqual(got, expected)) problem = `got ${inspect(got)}, want ${inspect(expected)}`;
  } catch (error) {
    problem = inspect(error);
  }
  results.push({ name, problem });
}

async function locally(fn, args) {
  const result = fn(...args);
  if (typeof result?.next !== 'function') return await result;
  const items = [];
  for await (const item of result) items.push(item);
  return items;
}

/** fn is refused, for the reason, by the path. */
export function refused(name, fn, reason, path) {
  let problem = 'it was not refused';
  try {
    encode(fn, 'target');
  } catch (error) {
    problem = '';
    if (error.code !== 'ERR_SERIALIZATION') problem = inspect(error);
    else if (!reason.test(error.message)) problem = `the reason is ${error.message}`;
    else if (!error.message.includes('reached through: function ')) problem = `it does not say how: ${error.message}`;
    else if (path !== undefined && error.path !== path) problem = `the path is ${error.path}`;
  }
  results.push({ name: `refused: ${name}`, problem });
}

/** Ends the other process. */
export function stop() {
  child?.kill();
}

/** Something else that was seen: true is right. */
export function check(name, ok) {
  results.push({ name, problem: ok === true ? '' : inspect(ok) });
}

export function finish() {
  stop();
  console.log(JSON.stringify(results));
}
