// What is imported travels by reference.
import os from 'node:os';
import * as path from 'node:path';
import { existsSync as exists, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import labelled, { bump, config, live, makeAdder, scale, scale as alias, through, Base } from './lib/module.mjs';
import * as whole from './lib/module.mjs';
import { times } from './lib/common.cjs';
import common from './lib/common.cjs';
import { waited } from './lib/waits.mjs';
import data from './lib/data.json' with { type: 'json' };
import { across, byValue, check, finish, same } from '../support/across.cjs';

const require = createRequire(import.meta.url);
const required = require('./lib/common.cjs');
const { nested, data: requiredData } = require('./lib/common.cjs');
const dynamic = await import('./lib/module.mjs');
const { scale: picked } = await import('./lib/module.mjs');

await same('a name', () => scale(2));
await same('a name under another', () => alias(2));
await same('the default', () => labelled(1));
await same('the namespace', () => whole.scale(3) + whole.config.deep.v);
await same(
  'a binding follows the module there',
  () => {
    bump();
    return live;
  },
  { want: 2 },
);
await same('a call of one has no this', () => {
  const a = 1;
  through(a);
  return through(a);
});
await same('a binding in shorthand and template', () => {
  bump();
  return [{ live }.live === live, `${live}` === String(live)];
});
await same('an object', () => config.deep.v);
if (!byValue)
  await same('which is the module’s own there', async () => (await import('./lib/module.mjs')).config === config);
await same('a class', () => new Base(1).hi());
await same('names of node: modules', () => [
  readFileSync(process.execPath).length > 0,
  exists('/'),
  os.EOL,
  path.join('a', 'b'),
]);
await same('names and default of CommonJS', () => times(1) + common.data.a);
await same('a required module', () => required.times(1));
await same('parts of a required module', () => [nested.f(2), requiredData]);
await same('require itself', () => require('./lib/common.cjs').data.a);
await same('a namespace from import()', () => dynamic.scale(1));
await same('a function from import()', () => picked(1));
await same('a module with top-level await', () => waited);
await same('JSON', () => data.j);
await same('an imported function as the target', through, { args: [1] });
await same('a closure made in another module', makeAdder(2), { args: [3] });
await same('import() relative to the file', async () => (await import('./lib/module.mjs')).scale(2));
await same('import() of JSON', async () => (await import('./lib/data.json', { with: { type: 'json' } })).default.j);
await same('import.meta', () => [
  import.meta.url,
  import.meta.resolve('./lib/module.mjs'),
  path.basename(import.meta.url),
]);
await same(
  'values of the runtime',
  (() => {
    const max = Math.max,
      isArray = Array.isArray,
      P = Promise,
      g = globalThis,
      own = Object.prototype.hasOwnProperty,
      join = path.join;
    return () => [max(1, 2), isArray([]), typeof P.all, g === globalThis, own.call({ a: 1 }, 'a'), join('a', 'b')];
  })(),
);
const proc = process;
check('a captured process is the one there', (await across(() => proc === process && proc.pid)) !== process.pid);
class Derived extends Base {
  hi() {
    return `sub ${super.hi()}`;
  }
}
await same('a class that extends an imported one', () => [new Derived(4).hi(), new Derived(1) instanceof Base]);
finish();
