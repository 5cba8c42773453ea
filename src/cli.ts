#!/usr/bin/env node
import { native } from './native';
import { formatTree, type TreeSnapshot } from './inspect/format';

const USAGE = `usage: multiproc inspect PID [--json]

  inspect PID   the tree of processes that PID belongs to: its members, its locks, queues and the like, who holds them
                and who waits. PID may be any process of the tree. Nothing is changed.
`;

function main(args: readonly string[]): number {
  const json = args.includes('--json');
  const [command, pid, ...rest] = args.filter((arg) => arg !== '--json');
  if (command === '--help' || command === '-h' || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command !== 'inspect' || !/^\d+$/.test(pid ?? '') || rest.length > 0) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const snapshot = native.inspect(Number(pid));
    process.stdout.write(json ? `${snapshot}\n` : formatTree(JSON.parse(snapshot) as TreeSnapshot));
    return 0;
  } catch (error) {
    process.stderr.write(`multiproc: ${(error as Error).message}\n`);
    return 1;
  }
}

process.exitCode = main(process.argv.slice(2));
