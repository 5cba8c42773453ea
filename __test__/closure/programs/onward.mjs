// A child that sends functions on, written in it, with what they take from the imports of this file. Prints what they gave.
import fs, { existsSync } from 'node:fs';
import * as path from 'node:path';
import { getContext } from 'multiproc';
import data from './data.json' with { type: 'json' };
import * as namespace from './lib.mjs';
import { bump, live, scale } from './lib.mjs';

const { Pool, Process, Queue } = getContext(process.argv[2]);
const factor = 3;
let written = 0;
const results = new Queue();
const child = new Process({
  target: async () => {
    const pool = new Pool({ workers: 1 });
    const tell = async (name, fn) => {
      results.putSync([name, await pool.apply(fn).catch((error) => error.message)]);
    };
    await tell('a variable', () => factor);
    await tell('an import', () => scale(factor));
    await tell('a namespace', () => namespace.scale(2));
    await tell('a module of Node', () => [path.basename('a/b'), typeof fs.readFileSync, existsSync('/')]);
    await tell('a binding that changes', () => {
      bump();
      return live;
    });
    await tell('JSON', () => data.j);
    await tell('import.meta', () => path.basename(import.meta.url));
    await tell('import()', async () => (await import('./lib.mjs')).scale === scale);
    class Local {
      value = namespace.scale(4);
    }
    await tell('a class', () => new Local().value);
    const up = () => ++written;
    await tell('a shared variable', () => [up(), written]);
    const grandchild = new Process({
      target: () => {
        bump();
        results.putSync(['a grandchild', [live, data.j, namespace.scale(5)]]);
      },
    });
    grandchild.start();
    await grandchild.join();
    await pool.close();
    await pool.join();
    results.putSync(null);
  },
});
child.start();
const found = {};
for (let next = await results.get({ timeout: 60_000 }); next !== null; next = await results.get({ timeout: 60_000 })) {
  found[next[0]] = next[1];
}
await child.join();
console.log(JSON.stringify(found));
