/** What `multiproc inspect` prints. */
import { PRIMITIVES, type Who } from './primitive-state';

/** As crates/node's inspect.rs gives it. Slots are numbers of members; bytes are bytes. */
export interface TreeSnapshot {
  readonly tree: string;
  readonly rootPid: number;
  readonly used: number;
  readonly budget: number;
  readonly slots: readonly {
    readonly slot: number;
    readonly phase: string;
    readonly pid: number;
    readonly tid: number;
    readonly parent: number;
    readonly name: string;
  }[];
  readonly objects: readonly {
    readonly id: number;
    readonly kind: string;
    readonly label: string;
    readonly bytes: number;
    readonly holders: readonly number[];
    /** Of a lock, or of a readers-writer lock's writer: the slot that has it, the slots that wait in their event loop. */
    readonly owner?: number | null;
    readonly died?: boolean;
    readonly waiters?: boolean;
    readonly armed?: readonly number[];
    /** Of a queue. */
    readonly size?: number;
    readonly maxSize?: number;
    readonly closed?: boolean;
    /** One direction of a pipe. */
    readonly pipe?: boolean;
    /** Of a queue: items put and not reported by taskDone(). */
    readonly unfinished?: number;
    /** Of a queue: items that were reported by taskDone(). */
    readonly done?: number;
    /** Of a value: the number of its type; with 0x100 that of an array with a lock. */
    readonly type?: number;
    readonly waitingToGet?: readonly number[];
    readonly waitingToPut?: readonly number[];
    /** Of a readers-writer lock: slots that read. */
    readonly readers?: readonly number[];
    /** Of a semaphore: slots that have permits, once for each. */
    readonly value?: number;
    readonly first?: number;
    readonly bounded?: boolean;
    readonly owners?: readonly number[];
    /** Of an event. */
    readonly set?: boolean;
    /** Of a condition: its lock's id; slots that wait, with the number of their waiters. Of a barrier: how many wait. */
    readonly lock?: number;
    readonly waiting?: readonly (readonly [number, number])[] | number;
    readonly parties?: number;
    readonly broken?: boolean;
  }[];
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, i) => cell.padEnd(widths[i]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** A snapshot as text: a line for each member and each object, then the other blocks counted by kind. */
export function formatTree(snapshot: TreeSnapshot): string {
  const pids = new Map(snapshot.slots.map(({ slot, pid }) => [slot, pid]));
  const who = (slots: readonly number[]) => slots.map((slot) => pids.get(slot) ?? `slot ${slot}`).join(' ');
  let text = `tree ${snapshot.tree}, root ${snapshot.rootPid}, ${mebibytes(snapshot.used)} of ${mebibytes(snapshot.budget)} used\n\n`;
  text += 'members\n';
  text += table([
    ['slot', 'pid', 'thread', 'parent', 'state', 'name'],
    ...snapshot.slots.map(({ slot, pid, tid, parent, phase, name }) => [
      String(slot),
      String(pid),
      String(tid),
      slot === 0 ? '' : String(pids.get(parent) ?? parent),
      phase,
      name,
    ]),
  ]);
  const named = snapshot.objects.filter(isNamed);
  if (named.length > 0) {
    text += '\nobjects\n';
    text += table([
      ['id', 'kind', 'made at', 'used by', 'state'],
      ...named.map((object) => [
        object.id.toString(16),
        nameOf(object),
        object.label,
        who(object.holders),
        stateOf(object, who),
      ]),
    ]);
  }
  const counts = new Map<string, { count: number; bytes: number }>();
  for (const { kind, bytes } of snapshot.objects) {
    if (KINDS.has(kind)) continue;
    const sum = counts.get(kind) ?? { count: 0, bytes: 0 };
    counts.set(kind, { count: sum.count + 1, bytes: sum.bytes + bytes });
  }
  if (counts.size > 0) {
    text += '\nother blocks\n';
    text += table([...counts].map(([kind, { count, bytes }]) => [kind, String(count), mebibytes(bytes)]));
  }
  return text;
}

export type Snapshot = TreeSnapshot['objects'][number];

/** What gets a line of its own, and what it is called. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['Mutex', 'Lock'],
  ['RLock', 'RLock'],
  ['RwLock', 'RWLock'],
  ['Semaphore', 'Semaphore'],
  ['Condition', 'Condition'],
  ['Event', 'Event'],
  ['Barrier', 'Barrier'],
  ['Queue', 'Queue'],
  ['End', 'End'],
  ['Value', 'Value'],
  ['Array', 'Array'],
  ['Shared', 'Shared'],
]);
/** Names of the types of values by their numbers (../shared/number-types.ts). */
const TYPES = 'int8 uint8 int16 uint16 int32 uint32 float32 float64 bigint64 biguint64'.split(' ');
const ARRAY_FLAG = 0x100;

function isNamed({ kind }: Snapshot): boolean {
  return KINDS.has(kind);
}

function nameOf({ kind, pipe, bounded, type = 0 }: Snapshot): string {
  if (pipe) return 'Pipe';
  if (bounded) return 'BoundedSemaphore';
  return kind === 'Value' && type >= ARRAY_FLAG ? 'SynchronizedArray' : KINDS.get(kind)!;
}

function stateOf(object: Snapshot, who: Who): string {
  if (Object.hasOwn(PRIMITIVES, object.kind)) return PRIMITIVES[object.kind](object, who);
  switch (object.kind) {
    case 'Queue':
      return queueState(object, who);
    case 'Value':
      return TYPES[(object.type ?? 0) % ARRAY_FLAG] ?? '';
    case 'End':
      return '';
    default:
      return mebibytes(object.bytes);
  }
}

function queueState(queue: Snapshot, who: Who): string {
  const { size, maxSize, closed, pipe, done = 0, unfinished = 0, waitingToGet = [], waitingToPut = [] } = queue;
  const parts = [`${size} items${maxSize ? ` of ${maxSize}` : ''}`];
  if (done > 0 && unfinished > 0) parts.push(`${unfinished} unfinished`);
  if (closed) parts.push(pipe ? 'at its end' : 'closed');
  if (waitingToGet.length > 0) parts.push(`get awaited by ${who(waitingToGet)}`);
  if (waitingToPut.length > 0) parts.push(`put awaited by ${who(waitingToPut)}`);
  return parts.join(', ');
}
