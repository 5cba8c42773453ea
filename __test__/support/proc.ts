/** Processes and descriptors as the kernel shows them in /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What `read` gives; undefined where the process or descriptor has gone meanwhile. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** Pids of the children of `pid`, zombies included. */
export function childrenOf(pid: number): number[] {
  const tasks = unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return tasks
    .flatMap((task) => unlessGone(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8'))?.split(' ') ?? [])
    .filter(Boolean)
    .map(Number);
}

/** Whether `pid` is a process that runs: neither gone nor a zombie. */
export function runs(pid: number): boolean {
  const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat !== undefined && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** What each open descriptor of `pid` is: 'pipe:[123]', 'socket:[124]', 'anon_inode:[pidfd]', '/memfd:multiproc (deleted)'... */
export function descriptorsOf(pid: number): string[] {
  const targets: string[] = [];
  for (const fd of unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const target = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    // The directory that this very loop reads.
    if (target !== undefined && target !== `/proc/${pid}/fd`) targets.push(target);
  }
  return targets;
}

/** Pids of the processes that run with `assignment` ('NAME=value') in the environment that they were started with. */
export function processesWith(assignment: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const environ = unlessGone(() => readFileSync(`/proc/${pid}/environ`, 'latin1'));
      return environ?.split('\0').includes(assignment) === true && runs(pid);
    });
}
