/** What every started thread runs: takes its order and becomes that. child.ts does it in a process. */
import { decode } from '../codec';
import { native } from '../native';
import type { Adoption } from '../process/launch';
import './kinds';
import { ownOutput } from './output';
import { ROLES } from './roles';
import { hearInterrupts, showUncaught, tellExitCode } from './thread-process';

async function live(order: Uint8Array): Promise<void> {
  const adoption = decode(order) as Adoption;
  for (const ref of adoption.refs) native.adopt(ref);
  native.setName(adoption.name);
  process.argv = [...adoption.argv];
  showUncaught(adoption.name);
  hearInterrupts();
  await ROLES[adoption.role]().main(adoption);
}

export function begin(order: Uint8Array): void {
  tellExitCode();
  ownOutput();
  live(order).catch((error: unknown) => {
    const why = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`multiproc: a thread could not begin: ${why}\n`);
    process.exit(1);
  });
}

/** Joins the tree, and begins: where nobody knows the core's file before this one is loaded. */
export function enter(id: number): void {
  const order = native.threadEnter(id);
  if (order != null) begin(order);
}
