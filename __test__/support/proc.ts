/** Processes and descriptors as the kernel shows them in /proc. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

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

/** Open descriptors of `pid`, counted by what they are: 'pipe', 'socket', 'anon_inode:[eventpoll]', '/memfd:multiproc'... */
export function descriptorsOf(pid: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const fd of unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const target = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    // The directory that this very loop reads.
    if (target === undefined || target === `/proc/${pid}/fd`) continue;
    const kind = target.replace(/:\[\d+\]$/, '');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

/** Threads of `pid`. */
export function threadsOf(pid: number): number {
  return unlessGone(() => readdirSync(`/proc/${pid}/task`))?.length ?? 0;
}

/** Bytes of shared memory that the arena of `pid` takes now; 0 where it has none. */
export function arenaBytesOf(pid: number): number {
  for (const fd of unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const path = `/proc/${pid}/fd/${fd}`;
    const target = unlessGone(() => readlinkSync(path));
    if (target?.startsWith('/memfd:multiproc')) return (unlessGone(() => statSync(path))?.blocks ?? 0) * 512;
  }
  return 0;
}

/** Private resident memory of `pid`, in bytes. */
export function privateBytesOf(pid: number): number {
  const status = unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Whether a signal has a handler in `pid`. */
export function catches(pid: number, signal: number): boolean {
  const status = unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
  const mask = BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ((mask >> BigInt(signal - 1)) & 1n) === 1n;
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
