// Builds the floors that are written in Rust, with rustc alone: they belong to no crate.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What all of them have in common. */
const common = here('../raw/floor/mod.rs');

/** A contestant in Rust: raw/NAME.rs. */
export function rawPeer(name) {
  return { command: [here(`../../target/bench/${name}`)], build: () => build(name) };
}

function build(name) {
  const source = here(`../raw/${name}.rs`);
  const binary = here(`../../target/bench/${name}`);
  const newest = Math.max(...[source, common].map((file) => statSync(file).mtimeMs));
  if (existsSync(binary) && statSync(binary).mtimeMs > newest) return;
  mkdirSync(here('../../target/bench'), { recursive: true });
  const { status, stderr } = spawnSync('rustc', ['-O', '--edition', '2021', '-o', binary, source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`rustc: ${stderr ?? 'is not installed'}`);
}
