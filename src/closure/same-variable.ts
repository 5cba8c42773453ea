/**
 * Which functions share a variable, where their source does not say: two closures of one text may come from one call of the
 * function around them, or from two.
 *
 * A breakpoint condition is evaluated inside of each function before anything of it runs, and gives two closures over
 * the variable itself, one that reads it and one that writes it. A mark is written through the one of one function and
 * looked for through those of the others, then the value is put back; nothing of the user's runs in between. No document
 * promises that such closures reach the variable itself, so it is tried once on functions of which it is known.
 * Switched off by the environment variable MULTIPROC_SHARED_VARIABLES=refuse: then such functions are refused.
 */
import { analyse, type FunctionInfo } from './analysis';
import { inFrame, parameterStandIns } from './inspector';

interface Variable {
  read(): unknown;
  write(value: unknown): void;
}

export interface Sharer {
  readonly fn: Function;
  readonly info: FunctionInfo;
}

const toText = Function.prototype.toString;

/** The variable of a function; undefined where the function can't be entered. */
function variableOf({ fn, info }: Sharer, name: string): Variable | undefined {
  const entry = info.kind === 'class' ? memberUsing(fn, name) : { fn, generator: info.generator };
  if (entry === undefined) return undefined;
  const value = name === 'mp$value' ? 'mp$other' : 'mp$value';
  const expression = `{ read: () => ${name}, write: (${value}) => { ${name} = ${value} } }`;
  return inFrame(entry.fn, expression, parameterStandIns(64), entry.generator)?.value as Variable | undefined;
}

/** A class can't be called; a method of it can, and sees the same variable as long as it has none of that name itself. */
function memberUsing(type: Function, name: string): { fn: Function; generator: boolean } | undefined {
  const prototype = Object.getOwnPropertyDescriptor(type, 'prototype')!.value as object;
  const own = toText.call(type);
  const mentions = new RegExp(`(?<![\\w$.#])${name.replaceAll('$', '\\$')}(?![\\w$])`);
  for (const holder of [prototype, type]) {
    for (const key of Reflect.ownKeys(holder)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key)!;
      for (const member of [value, get, set] as unknown[]) {
        if (typeof member !== 'function' || member === type) continue;
        const text = toText.call(member);
        if (!own.includes(text)) continue;
        const { free, generator, kind } = analyse(text);
        if (kind === 'class') continue;
        if (!mentions.test(text) || free.some((each) => each.name === name)) return { fn: member, generator };
      }
    }
  }
  return undefined;
}

/** For each function the number of its variable; undefined where it can't be told. */
export function groupsOf(sharers: readonly Sharer[], name: string): number[] | undefined {
  return works() ? probe(sharers, name) : undefined;
}

function probe(sharers: readonly Sharer[], name: string): number[] | undefined {
  const variables: Variable[] = [];
  for (const sharer of sharers) {
    const variable = variableOf(sharer, name);
    if (variable === undefined) return undefined;
    variables.push(variable);
  }
  const groups: number[] = [];
  const mark = {};
  try {
    variables.forEach((variable, i) => {
      if (groups[i] !== undefined) return;
      const value = variable.read();
      variable.write(mark);
      try {
        for (let j = i; j < variables.length; j++) if (variables[j].read() === mark) groups[j] = i;
      } finally {
        variable.write(value);
      }
    });
  } catch {
    // Not initialised yet, or a constant.
    return undefined;
  }
  // Each must have seen its own mark at least.
  return groups.length === variables.length && groups.every((group) => group !== undefined) ? groups : undefined;
}

let working: boolean | undefined;

function works(): boolean {
  if (process.env.MULTIPROC_SHARED_VARIABLES === 'refuse') return false;
  working ??= selfTest();
  return working;
}

function selfTest(): boolean {
  let ran = 0;
  const make = (n: number, step = 1) => [(by = step) => (ran++, (n += by)), () => (ran++, n)] as const;
  const [up, read] = make(1);
  const [otherUp, otherRead] = make(1);
  const sharers = [up, otherRead, read, otherUp].map((fn): Sharer => ({ fn, info: analyse(toText.call(fn)) }));
  try {
    const groups = probe(sharers, 'n');
    return groups?.join() === '0,1,0,1' && ran === 0 && up() === 2 && read() === 2 && otherRead() === 1;
  } catch {
    return false;
  }
}
