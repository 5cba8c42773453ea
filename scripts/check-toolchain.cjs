// Says in one line what a build from source lacks, before cargo or napi say it in forty.
'use strict';
const { execFileSync } = require('node:child_process');

const NODE = [20, 19];
const RUST = [1, 88];

/** True where version `found` ("1.95.0") is at least `wanted` ([1, 88]). */
function atLeast(found, wanted) {
  const [major, minor] = found.split('.').map(Number);
  return major > wanted[0] || (major === wanted[0] && minor >= wanted[1]);
}

function rustVersion() {
  try {
    return /\d+\.\d+\.\d+/.exec(
      execFileSync('rustc', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )?.[0];
  } catch {
    return undefined;
  }
}

const problems = [];
if (!atLeast(process.versions.node, NODE))
  problems.push(`Node.js ${NODE.join('.')} or newer; this is ${process.versions.node}`);
const rust = rustVersion();
if (rust === undefined) problems.push(`Rust ${RUST.join('.')} or newer; rustc is not on the PATH (https://rustup.rs)`);
else if (!atLeast(rust, RUST)) problems.push(`Rust ${RUST.join('.')} or newer; rustc is ${rust} (rustup update)`);

if (problems.length > 0) {
  console.error(`multiproc is built from source here, and that needs\n  - ${problems.join('\n  - ')}`);
  process.exit(1);
}
