/**
 * Who is who across processes: classes and symbols keep their identity, however often they are sent.
 *
 * Each gets a name in the thread that made it. One that comes back there is the original again; elsewhere the first copy
 * that arrived under a name is used for all later ones, so that `instanceof` and symbol keys mean the same in every
 * message. A class whose captured variables have other values than when it was last sent gets another version, and with
 * it another name.
 */
/** Of this thread alone. It is no secret, so Node's crypto, which takes 3 ms to load, need not make it. */
const token = [process.pid, process.hrtime.bigint(), Math.floor(Math.random() * 2 ** 52)]
  .map((n) => n.toString(36))
  .join('-');
let count = 0;

const names = new WeakMap<WeakKey, string>();
const targets = new Map<string, WeakRef<WeakKey>>();
/** Those that are gone leave the table. */
const cleanup = new FinalizationRegistry<string>((name) => {
  if (targets.get(name)?.deref() === undefined) targets.delete(name);
});

/** Symbols can be held weakly in every Node that this library supports; the types do not know it yet. */
const key = (target: Function | symbol): WeakKey => target as WeakKey;

function remember(name: string, target: Function | symbol): void {
  names.set(key(target), name);
  targets.set(name, new WeakRef(key(target)));
  cleanup.register(key(target), name);
}

const withoutVersion = (name: string): string => name.replace(/#\d+$/, '');

/** The name of a class or symbol. */
export function nameOf(target: Function | symbol): string {
  const known = names.get(key(target));
  if (known !== undefined) return known;
  const name = `${token}:${count++}`;
  remember(name, target);
  return name;
}

/** What has a name in this thread. */
export function named(name: string): Function | symbol | undefined {
  const own = name.startsWith(`${token}:`);
  return targets.get(own ? withoutVersion(name) : name)?.deref() as Function | symbol | undefined;
}

/** Gives what arrived the name that it has elsewhere. */
export function adopt(name: string, target: Function | symbol): void {
  if (!targets.get(name)?.deref()) remember(name, target);
}

/** The name of a class that has been in two processes; '' for one that has not. */
export function knownName(type: Function): string {
  return names.get(type) ?? '';
}

/** Lets a stand-in go by the name of a class. */
export function nameAs(name: string, standIn: Function): void {
  if (name !== '') names.set(standIn, name);
}

const versions = new WeakMap<Function, { fingerprint: string; version: number }>();

/** The name under which a class is sent. @param fingerprint changes whenever a captured variable has another value. */
export function versionedName(type: Function, fingerprint: string): string {
  const name = nameOf(type);
  // One that arrived stays what it was.
  if (!name.startsWith(`${token}:`)) return name;
  let known = versions.get(type);
  if (known === undefined) versions.set(type, (known = { fingerprint, version: 0 }));
  if (known.fingerprint !== fingerprint) {
    known = { fingerprint, version: known.version + 1 };
    versions.set(type, known);
  }
  return `${name}#${known.version}`;
}

let objects = 0;
const numbers = new WeakMap<WeakKey, number>();

/** A text that two values share only if they are the same value. */
export function valueKey(value: unknown): string {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function' && typeof value !== 'symbol') {
    return `${typeof value}:${Object.is(value, -0) ? '-0' : String(value)}`;
  }
  if (typeof value === 'symbol' && Symbol.keyFor(value) !== undefined) return `registered:${Symbol.keyFor(value)}`;
  let number = numbers.get(value as WeakKey);
  if (number === undefined) numbers.set(value as WeakKey, (number = objects++));
  return `@${number}`;
}
