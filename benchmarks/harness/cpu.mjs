// CPU time of a process and all that descend from it, read from /proc. Where other programs share the cores, this says
// what an operation costs; wall time says who was scheduled.
import { readdirSync, readFileSync } from 'node:fs';

/** Nanoseconds in a tick of /proc/PID/stat; USER_HZ is 100 on every Linux that Node.js runs on. */
const TICK_NS = 1e7;

/** The fields of /proc/PID/stat that follow the command name: [0] is the state, [1] the parent. */
function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** @returns pids of `root` and its living descendants. */
export function tree(root) {
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const parent = Number(stat(pid)[1]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch {
      // It ended while we looked.
    }
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Nanoseconds of the living threads of `pid`. */
function threadsCpu(pid) {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns;
}

/**
 * CPU nanoseconds used so far by the tree under `root`: of living threads to the nanosecond; of threads that ended, and
 * of children that have been waited for, in ticks of 10 ms.
 */
export function treeCpu(root) {
  let ns = 0;
  for (const pid of tree(root)) {
    try {
      const [user, system, ofUser, ofSystem] = stat(pid).slice(11, 15).map(Number);
      ns += Math.max(threadsCpu(pid), (user + system) * TICK_NS) + (ofUser + ofSystem) * TICK_NS;
    } catch {
      // As above.
    }
  }
  return ns;
}
