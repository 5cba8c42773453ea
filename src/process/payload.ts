/** What a started Process gets to run, as a message. */
import { decode, encode, prepare, type Encoded } from '../codec';
import { install, putPrivate } from '../closure/instance';
import { privateLevels, type PrivateLevel } from '../closure/shape';
import { Refusal } from '../codec/refusal';
import { native } from '../native';
import { becomeCurrent } from './known';
import { knownProcess, type Process } from './process';

/** A target with its arguments. */
interface Run {
  readonly target: ((...args: unknown[]) => unknown) | undefined;
  readonly args: readonly unknown[];
}

/** An instance of a subclass with a run() of its own, which may call the inherited one. */
interface SubclassRun extends Run {
  readonly type: Function;
  readonly fields: Record<string, unknown>;
  /** Of the classes between its own and Process, the first of them first. */
  readonly privates: readonly Pick<PrivateLevel, 'type' | 'values'>[];
}

/** @throws SerializationError that says what can't be sent: 'target', 'args[0].socket', 'this.file'. */
export function encodeRun(
  process: Process,
  target: ((...args: any[]) => unknown) | undefined,
  args: readonly unknown[],
  inherited: boolean,
): Encoded {
  if (inherited) return encode({ target, args: [...args] } satisfies Run, '');
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(Object.getOwnPropertyDescriptors(process))) {
    if (field.enumerable && 'value' in field) fields[name] = field.value;
  }
  const privates = privatesOf(process);
  return encode({ type: process.constructor, fields, privates, target, args: [...args] } satisfies SubclassRun, '');
}

function privatesOf(process: Process): SubclassRun['privates'] {
  const bare = knownProcess({ pid: 0, name: '', daemon: false, self: false });
  try {
    return privateLevels(process, bare).map(({ type, values }) => ({ type, values }));
  } catch (error) {
    throw error instanceof Refusal ? error.toError('this') : error;
  }
}

/** The function that a payload is. */
export async function runnable(payload: Uint8Array): Promise<() => unknown> {
  await prepare(payload);
  const run = decode(payload) as Run | SubclassRun;
  const { target, args } = run;
  if (!('type' in run)) return () => target?.(...args);
  const self = becomeCurrent(run.type, target, args);
  for (const { type } of run.privates) install(type, self);
  Object.assign(self, run.fields);
  for (const { type, values } of run.privates) putPrivate(type, self, values);
  return () => self.run();
}

/** Gives back the counts with which the parent held what the payload names; its objects have their own by now. */
export function release(refs: readonly number[]): void {
  for (const ref of refs) native.release(ref);
}
