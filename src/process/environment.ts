/** Environments: as the system takes them, and what tells one from another. */

/** What turns one environment into another. */
export interface EnvChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
}

/** `NAME=value` of each variable. */
export function envList(env: NodeJS.ProcessEnv): string[] {
  const list: string[] = [];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) list.push(`${name}=${value}`);
  return list;
}

/** Undefined where there is nothing to change. */
export function envChanges(from: NodeJS.ProcessEnv, to: NodeJS.ProcessEnv): EnvChanges | undefined {
  const set: Record<string, string> = Object.create(null);
  const unset: string[] = [];
  let any = false;
  for (const name of Object.keys(to)) {
    const value = to[name];
    if (value === undefined || from[name] === value) continue;
    set[name] = value;
    any = true;
  }
  for (const name of Object.keys(from)) if (from[name] !== undefined && to[name] === undefined) unset.push(name);
  return any || unset.length > 0 ? { set, unset } : undefined;
}

/** Changes this process's. */
export function applyEnv({ set, unset }: EnvChanges): void {
  for (const name of unset) delete process.env[name];
  Object.assign(process.env, set);
}
