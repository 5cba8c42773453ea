// Compiles many functions: node freed.mjs [functions]. Prints the bytes of executable memory that belong to no file, after
// as many kernels as are kept, and after all.
import { readFileSync } from 'node:fs';
import { parallel } from 'multiproc';

const KEPT = 256;
const count = Number(process.argv[2] ?? 1000);

/** Bytes of private mappings that can be run and not written: kernels' are, V8's own code and libraries are not. */
function executable() {
  let bytes = 0;
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ 0\s*$/.exec(line) ?? [];
    if (from !== undefined) bytes += parseInt(to, 16) - parseInt(from, 16);
  }
  return bytes;
}

const found = [executable()];
for (let i = 0; i < count; i++) {
  if (i === KEPT) found.push(executable());
  const f = new Function('x', `return x * ${i} + 0.5`);
  if (parallel.mapSync(f, Float64Array.of(2))[0] !== 2 * i + 0.5) throw new Error(`wrong: ${f}`);
}
console.log(JSON.stringify([...found, executable()]));
