/**
 * Which captured functions share a variable that one of them writes.
 *
 * The inspector's scopes are snapshots without identity, so it is judged by the source: a name of a module's scope is one
 * variable; two functions whose free name is the same declaration of a function's scope may share it or not, depending
 * on whether the same call made both. Then ./same-variable.ts asks; where it can't tell, they are refused. What is shared
 * is a cell that is shared in the copy too. A variable that none of them writes is copied to each.
 */
import { Refusal } from '../codec/refusal';
import { functionStep, type Variable } from './captured';
import { reachedThrough, type FunctionNode, type Root } from './graph';
import { groupsOf } from './same-variable';
import { declarationsFor } from './scripts';

/** A variable of several functions, one of which writes it. */
export interface SharedVariable {
  readonly name: string;
  /** The root of its value, of the first function that was found to have it. */
  readonly root: Root;
  index: number;
}

interface Use {
  readonly node: FunctionNode;
  readonly entry: FunctionNode['variables'][number];
}

const isWritten = (uses: readonly Use[]): boolean => uses.some(({ entry }) => entry.variable.free.written);

/** Finds them, and sets `cell` of their entries. @throws Refusal */
export function findCells(functions: readonly FunctionNode[]): SharedVariable[] {
  const groups = new Map<unknown, Use[]>();
  const scoped = new Map<string, Use[]>();
  for (const node of functions) {
    for (const entry of node.variables) {
      const { home, name } = entry.variable;
      if (home.kind === 'module') push(groups, home.key, { node, entry });
      else if (home.kind === 'cell') push(groups, home.cell, { node, entry });
      else if (home.kind === 'scope') push(scoped, `${home.sample.location.scriptId}:${name}`, { node, entry });
    }
  }
  for (const [key, uses] of scoped) {
    if (uses.length < 2 || !isWritten(uses)) continue;
    for (const [variable, group] of byVariable(uses)) {
      if (group.length > 1 && isWritten(group)) groups.set(`${key}@${variable}`, group);
    }
  }
  const cells: SharedVariable[] = [];
  for (const uses of groups.values()) {
    const arrived = uses[0].entry.variable.home.kind === 'cell';
    if (!arrived && (uses.length < 2 || !isWritten(uses))) continue;
    const [first] = uses;
    for (const use of uses) {
      // One variable has one value: else these are two of a module that ran twice.
      if (!Object.is(use.entry.variable.value, first.entry.variable.value)) mayShare(use);
    }
    const cell: SharedVariable = { name: first.entry.variable.name, root: first.entry.root, index: cells.length };
    for (const { entry } of uses) entry.cell = cell;
    cells.push(cell);
  }
  return cells;
}

function push<K>(groups: Map<K, Use[]>, key: K, use: Use): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [use]);
  else group.push(use);
}

/**
 * Uses of one name in one script, by the variable that they mean: by its declaration, and where there may be several of
 * that, by asking which of them it is. Refuses what may or may not be one variable.
 */
function byVariable(uses: readonly Use[]): Map<string, Use[]> {
  const [first] = uses;
  const { name } = first.entry.variable;
  const samples = uses.map(({ entry }) => (entry.variable.home as Extract<Variable['home'], { kind: 'scope' }>).sample);
  const declarations = declarationsFor(samples, name);
  const declared = new Map<string, Use[]>();
  const unique = new Set<string>();
  uses.forEach((use, i) => {
    const declaration = declarations?.[i];
    const key = declaration ? String(declaration.start) : '';
    if (declaration?.topLevel) unique.add(key);
    push(declared, key, use);
  });
  // One that could not be placed may share with any other.
  if (declared.has('') && declared.size > 1) return asked([...uses], '');
  const groups = new Map<string, Use[]>();
  for (const [key, group] of declared) {
    if (unique.has(key) || group.length < 2 || !isWritten(group)) groups.set(key, group);
    else for (const [inner, found] of asked(group, key)) groups.set(inner, found);
  }
  return groups;
}

function asked(uses: readonly Use[], key: string): Map<string, Use[]> {
  const sharers = uses.map(({ node }) => ({ fn: node.fn, info: node.captured.info }));
  const numbers = groupsOf(sharers, uses[0].entry.variable.name);
  if (numbers === undefined) mayShare(uses[1]);
  const groups = new Map<string, Use[]>();
  uses.forEach((use, i) => push(groups, `${key}:${numbers[i]}`, use));
  return groups;
}

function mayShare({ node, entry }: Use): never {
  const refusal = new Refusal(
    `cannot tell whether two captured functions share the variable '${entry.variable.name}', which one of them changes; ` +
      'keep it in an object, or in module scope',
  );
  refusal.steps.push(functionStep(node.fn));
  throw reachedThrough(refusal, node.place, node.root);
}
