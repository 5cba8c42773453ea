// A CommonJS main module.
const path = require('node:path');
const { EOL } = require('node:os');
const common = require('./lib/common.cjs');
const counter = require('./lib/counter.cjs');
const factor = 6;
let count = 0;
const up = () => ++count;
exports.unused = 1;
globalThis.ranMain = true;

void (async () => {
  const { across, check, finish, same } = await import('../support/across.cjs');
  const k = 2;
  await same('a constant of the module', () => factor);
  await same('a constant of a function', () => factor + k);
  await same('a required module of Node', () => path.join('a', 'b') + EOL);
  await same('a required file', () => common.times(2));
  await same(
    'what a required file’s functions change of its exports',
    () => {
      counter.call();
      counter.call();
      return counter.calls;
    },
    { want: 2 },
  );
  const held = { counter };
  await same(
    'the same inside of an object',
    () => {
      held.counter.call();
      return held.counter.calls === counter.calls && counter.calls > 0;
    },
    { want: true },
  );
  await same('require', () => require('./lib/common.cjs').times(2) + require('node:path').sep);
  await same('__filename and __dirname', () => [__filename, __dirname]);
  await same('import()', async () => (await import('./lib/module.mjs')).scale(2));
  await same(
    'a variable of the module that is shared and written',
    () => {
      up();
      up();
      return count;
    },
    { want: 2 },
  );
  await same('sloppy code stays sloppy', function () {
    Object.freeze({ a: 1 }).a = 2;
    return typeof this;
  });
  await same('a sloppy arrow', () => {
    Object.freeze({ a: 1 }).a = 2;
    return 'sloppy';
  });
  await same('a strict function', function () {
    'use strict';
    return this === undefined;
  });
  await same('with', new Function('o', 'with (o) { return a; }'), { args: [{ a: 1 }] });
  await same(
    'an old-style function',
    function () {
      var a = arguments.length;
      return a + factor;
    },
    { args: [1, 2] },
  );
  check('the main module did not run there', (await across(() => globalThis.ranMain)) === undefined);
  finish();
})();
