/** Kernels of functions: compiled once for each set of array kinds, kept while they are in use. */
import { KernelError, type KernelIssue } from '../errors';
import { kernelBinding, type CompiledKernel, type IssueObject } from '../native/kernel';
import { FLOAT64, kindOf } from './arrays';
import { planOf, type Plan } from './captures';
import { decideMath, replaced } from './math-functions';

/** So many kernels are kept; the one that was used longest ago goes. */
const KEPT = 256;
/** Indices and lengths from here on are no int32. */
const LONG = 2 ** 31;

interface Entry {
  readonly key: string;
  readonly kernel: CompiledKernel | undefined;
  readonly issue: IssueObject | undefined;
  /** JavaScript's own functions that it stands for. */
  readonly uses: readonly string[];
}

/** In order of use, the latest last. */
const entries = new Map<string, Entry>();
/** The entry that a plan had last, and for which arrays. */
const latest = new WeakMap<Plan, { readonly shape: string; readonly entry: Entry }>();

/** What a function was compiled to, and what it runs with. */
export interface Compiled {
  readonly kernel: CompiledKernel;
  readonly plan: Plan;
}

/** `output`: the kind of the result's array; -1 for a reduction. @throws KernelError */
export function compile(f: Function, inputs: readonly number[], output: number, length: number): Compiled {
  const plan = planOf(f);
  const { kernel, issue, uses } = entryOf(plan, inputs, output, length);
  if (issue !== undefined || kernel === undefined) throw kernelError(issue!);
  checkOriginal(plan, uses);
  return { kernel, plan };
}

/** Why a function can't be compiled, as a map of doubles or of as many as it has parameters. */
export function explain(f: Function): KernelIssue | undefined {
  const binding = kernelBinding();
  try {
    const plan = planOf(f);
    const count = binding.parameterCount(plan.texts[0].source);
    if (typeof count === 'object') return publicIssue(count);
    const { issue, uses } = entryOf(plan, new Array<number>(Math.max(1, count)).fill(FLOAT64), FLOAT64, 0);
    if (issue !== undefined) return publicIssue(issue);
    checkOriginal(plan, uses);
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return error.issue;
    throw error;
  }
}

function entryOf(plan: Plan, inputs: readonly number[], output: number, length: number): Entry {
  const arrays = plan.arrays.map(kindOf);
  const long = length >= LONG || plan.arrays.some((array) => array.length >= LONG);
  const shape = `${inputs.join()};${output};${arrays.join()};${long}`;
  const last = latest.get(plan);
  // The same string has its hash already.
  const key = last?.shape === shape ? last.entry.key : shape + plan.key;
  let entry = entries.get(key);
  if (entry !== undefined) {
    entries.delete(key);
    entries.set(key, entry);
    if (last?.entry !== entry) latest.set(plan, { shape, entry });
    return entry;
  }
  const binding = kernelBinding();
  decideMath(binding);
  const integers = plan.numbers.map((value) => Object.is(value | 0, value));
  const made = binding.compile({ texts: [...plan.texts], inputs: [...inputs], output, arrays, integers, long });
  entry =
    made instanceof binding.CompiledKernel
      ? { key, kernel: made, issue: undefined, uses: made.uses }
      : { key, kernel: undefined, issue: made as IssueObject, uses: [] };
  entries.set(key, entry);
  if (entries.size > KEPT) {
    const [oldest, { kernel }] = entries.entries().next().value!;
    entries.delete(oldest);
    // A run that still uses its code holds it.
    kernel?.dispose();
  }
  return entry;
}

/** @throws KernelError where one of the functions that a kernel stands for was replaced. */
export function checkOriginal({ texts }: Pick<Plan, 'texts'>, uses: readonly string[]): void {
  const name = replaced(uses);
  if (name === undefined) return;
  const index = texts.findIndex(({ source }) => source.includes(name));
  const { name: helper, source } = texts[Math.max(0, index)];
  const before = source.slice(0, Math.max(0, source.indexOf(name))).split('\n');
  throw kernelError({
    message: `${name} has been replaced: it is not JavaScript's own`,
    helper: index > 0 ? helper : undefined,
    line: before.length,
    column: before[before.length - 1].length + 1,
    snippet: name,
  });
}

function publicIssue({ message, helper, line, column, snippet }: IssueObject): KernelIssue {
  return { message: helper === undefined ? message : `in '${helper}': ${message}`, line, column, snippet };
}

function kernelError(object: IssueObject): KernelError {
  const issue = publicIssue(object);
  const { message, line, column, snippet } = issue;
  const shown = snippet === '' ? '' : `\n  ${snippet}`;
  return new KernelError(`the function can't be compiled: ${message} (line ${line}, column ${column})${shown}`, issue);
}
