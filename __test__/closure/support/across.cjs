// Runs functions in another process by nothing but the codec, and the table of cases that the tests read.
const { fork } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const { inspect, isDeepStrictEqual } = require('node:util');

const { captureFunction, decode, decodeError, encode } = require('../../../dist/internals.js');
const { deserialize, serialize } = require('../../../dist/index');

let child;
let calls = 0;
const waiting = new Map();

function start() {
  child = fork(`${__dirname}/child.cjs`, [], { serialization: 'advanced', execArgv: [] });
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

/** Something was refused that may be, since the last check. */
let wasRefused = false;

/** fn(...args), in the other process. */
async function across(fn, ...args) {
  let bytes;
  try {
    ({ bytes } = encode([fn, args], 'call'));
  } catch (error) {
    if (!mayRefuse(error)) throw error;
    wasRefused = true;
    return error;
  }
  if (child === undefined) start();
  const id = calls++;
  return await new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    child.send({ id, bytes });
  });
}

const results = [];

/** How a function is sent: by value, or by reference; '' for what is refused. */
function wayOf(fn) {
  try {
    const captured = captureFunction(fn);
    if (!('text' in captured)) return 'by reference';
    const imports = captured.references.some(({ binding }) => binding !== null);
    return imports ? 'by value, its imports by reference' : 'by value';
  } catch {
    return '';
  }
}

/** What fn gives there is what it gives here, or `want`. */
async function same(name, fn, options = {}) {
  const { args = [] } = options;
  let problem = '';
  try {
    let expected = options.want;
    if (!('want' in options)) {
      try {
        expected = await locally(fn, args);
      } catch (error) {
        // A bundler has broken it.
        if (process.env.MULTIPROC_BUNDLED !== undefined) return;
        throw error;
      }
    }
    const got = await across(fn, ...args);
    if (wasRefused) problem = '';
    else if (!isDeepStrictEqual(got, expected)) problem = `got ${inspect(got)}, want ${inspect(expected)}`;
  } catch (error) {
    problem = inspect(error);
  }
  wasRefused = false;
  results.push({ name, problem, way: wayOf(fn) });
}

/** Without an inspector what can't be told is refused, by an error that says what it takes. */
function mayRefuse(error) {
  if (process.env.MULTIPROC_NO_INSPECTOR === undefined) return false;
  return error?.code === 'ERR_SERIALIZATION' && error.message.includes('--allow-inspector');
}

async function locally(fn, args) {
  const result = fn(...args);
  if (typeof result?.next !== 'function') return await result;
  const items = [];
  for await (const item of result) items.push(item);
  return items;
}

/** What the file imports goes by value. */
const byValue = process.env.MULTIPROC_BY_VALUE !== undefined;

/** A minifier has given variables and functions other names. */
const renamed = process.env.MULTIPROC_RENAMED !== undefined;

/** fn is refused, for the reason, by the path. */
function refused(name, fn, reason, path) {
  // In a bundle nothing is imported any more, and variables may have become others.
  let problem = process.env.MULTIPROC_BUNDLED === undefined && !byValue ? 'it was not refused' : '';
  let way = '';
  try {
    encode(fn, 'target');
  } catch (error) {
    problem = '';
    way = `refused: ${error.message.split('\n')[0].replace(/^cannot send .*?: (?=\S)/, '')}`;
    if (error.code !== 'ERR_SERIALIZATION') problem = inspect(error);
    else if (mayRefuse(error)) problem = '';
    else if (!reason.test(error.message) && !renamed) problem = `the reason is ${error.message}`;
    else if (!error.message.includes('reached through: function ')) problem = `it does not say how: ${error.message}`;
    else if (path !== undefined && error.path !== path && !renamed) problem = `the path is ${error.path}`;
  }
  results.push({ name: `refused: ${name}`, problem, way });
}

/** Ends the other process. */
function stop() {
  child?.kill();
}

/** Something else that was seen: true is right. */
function check(name, ok) {
  results.push({ name, problem: ok === true || wasRefused ? '' : inspect(ok), way: '' });
  wasRefused = false;
}

function finish() {
  stop();
  const file = process.env.MULTIPROC_CASES;
  if (file === undefined) console.log(JSON.stringify(results));
  else writeFileSync(file, JSON.stringify(results));
}

module.exports = { across, byValue, check, deserialize, finish, refused, same, serialize, stop };
