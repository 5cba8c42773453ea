/**
 * All functions that a value drags along, and the order to make them in again.
 *
 * A function is made from the values of its variables, and those may hold functions, itself among them. Nodes are the
 * functions and the *roots*: the value that is sent, the values of variables, of shared cells, and of functions' own
 * properties. A root points to the functions in it, a function to its roots, and a root that meets an object of another
 * root to that root. What lies on no cycle is there before the function is made, and becomes a parameter (constant to
 * the optimiser); what lies on one is set afterwards.
 */
import { kindOf, refuseLossy, type ObjectKind } from '../codec/object-kind';
import { Refusal, keyStep, refuse } from '../codec/refusal';
import { errorParts } from '../codec/error-value';
import { captureFunction, functionStep, type CapturedFunction, type Variable } from './capture';
import { findCells, type SharedVariable } from './cells';
import { captureLimit } from './limits';
import type { Reference } from './reference';

/** A value that is written as one. */
export interface Root {
  readonly value: unknown;
  /** The function whose variable it is; undefined for what is sent itself. */
  readonly owner: FunctionNode | undefined;
  /** "variable 'sock'" */
  readonly step: string;
  readonly uses: Set<Node>;
  component: number;
}

export interface FunctionNode {
  readonly fn: Function;
  readonly captured: CapturedFunction;
  /** By position in `captured.variables`. */
  readonly variables: { variable: Variable; root: Root; cell: SharedVariable | undefined }[];
  /** The function's own properties as one object; undefined where it has none. */
  readonly properties: Root | undefined;
  /** Where it was met first. */
  readonly root: Root;
  readonly place: Place | undefined;
  /** Its number in the message. */
  index: number;
  component: number;
}

type Node = Root | FunctionNode;

/** How a value within a root is reached: steps from the value outwards. */
interface Place {
  readonly step: string;
  readonly outer: Place | undefined;
}

/** Adds the steps from a place to what is sent. */
export function reachedThrough(refusal: Refusal, place: Place | undefined, root: Root): Refusal {
  for (let at = place; at !== undefined; at = at.outer) refusal.steps.push(at.step);
  const { owner } = root;
  if (root.step !== '') refusal.steps.push(root.step);
  if (owner === undefined) return refusal;
  refusal.steps.push(functionStep(owner.fn));
  return reachedThrough(refusal, owner.place, owner.root);
}

/** Adds to a refusal within a root how that root is reached. Other errors are as they are. */
export function throughRoot(error: unknown, root: Root): unknown {
  return error instanceof Refusal ? reachedThrough(error, undefined, root) : error;
}

export class FunctionGraph {
  /** In the order to be made in. */
  readonly order: FunctionNode[] = [];
  readonly cells: SharedVariable[] = [];
  readonly value: Root;
  private readonly nodes = new Map<Function, FunctionNode | Reference>();
  private readonly owners = new Map<object, Root>();
  private readonly pending: { root: Root; value: unknown; place: Place | undefined }[] = [];
  private readonly functions: FunctionNode[] = [];
  private source = 0;
  private readonly deadline = performance.now() + captureLimit.milliseconds;

  /** @throws Refusal */
  constructor(value: unknown) {
    this.value = this.root(value, undefined, '');
    this.drain();
    this.cells.push(...findCells(this.functions));
    this.sort();
    this.order.forEach((node, i) => (node.index = i));
  }

  /** The number of a function in the message, or what it is by reference. */
  get(fn: Function): number | Reference | undefined {
    const node = this.nodes.get(fn);
    return node !== undefined && 'captured' in node ? node.index : node;
  }

  private root(value: unknown, owner: FunctionNode | undefined, step: string): Root {
    const root: Root = { value, owner, step, uses: new Set(), component: -1 };
    this.pending.push({ root, value, place: undefined });
    return root;
  }

  private drain(): void {
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      const { root, value, place } = next;
      if (typeof value === 'function') this.function(value, root, place);
      else if (typeof value === 'object' && value !== null) this.object(value, root, place);
    }
  }

  private function(fn: Function, root: Root, place: Place | undefined): void {
    let node = this.nodes.get(fn);
    if (node === undefined) {
      try {
        const captured = captureFunction(fn);
        node = 'text' in captured ? this.node(fn, captured, root, place) : captured;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        error.steps.push(functionStep(fn));
        throw reachedThrough(error, place, root);
      }
      this.nodes.set(fn, node);
    }
    if ('captured' in node) root.uses.add(node);
  }

  private node(fn: Function, captured: CapturedFunction, root: Root, place: Place | undefined): FunctionNode {
    this.source += captured.text.length;
    this.checkLimit();
    const variables: FunctionNode['variables'] = [];
    const { properties } = captured;
    const own =
      properties.length > 0 ? Object.fromEntries(properties.map(({ key, value }) => [key, value])) : undefined;
    const node: FunctionNode = {
      fn,
      captured,
      variables,
      properties: own && { value: own, owner: undefined, step: '', uses: new Set(), component: -1 },
      root,
      place,
      index: -1,
      component: -1,
    };
    if (node.properties !== undefined) {
      Object.assign(node.properties, { owner: node });
      this.pending.push({ root: node.properties, value: own, place: undefined });
    }
    for (const variable of captured.variables) {
      const name = variable.name === `${captured.prefix}self` ? captured.info.ownName!.name : variable.name;
      variables.push({ variable, root: this.root(variable.value, node, `variable '${name}'`), cell: undefined });
    }
    this.functions.push(node);
    return node;
  }

  private checkLimit(): void {
    const { functions, bytes, milliseconds } = captureLimit;
    const ways = 'import what is large from a module, or raise it by configure({ captureLimit })';
    if (this.functions.length >= functions) refuse(`it drags along more than ${functions} functions; ${ways}`);
    if (this.source > bytes) refuse(`it drags along more than ${bytes} characters of source; ${ways}`);
    if (performance.now() > this.deadline) refuse(`its capture took longer than ${milliseconds} ms; ${ways}`);
  }

  /** Looks for functions in an object. What can't be sent is left to the writer, which says so. */
  private object(value: object, root: Root, place: Place | undefined): void {
    const owner = this.owners.get(value);
    if (owner !== undefined) {
      if (owner !== root) root.uses.add(owner);
      return;
    }
    this.owners.set(value, root);
    let kind: ObjectKind;
    try {
      kind = kindOf(value);
      if (root.owner !== undefined) refuseLossy(value, kind);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw reachedThrough(error, place, root);
    }
    const add = (item: unknown, step: string): void => {
      const inside = typeof item === 'function' || (typeof item === 'object' && item !== null);
      if (inside) this.pending.push({ root, value: item, place: { step, outer: place } });
    };
    let i = 0;
    switch (kind) {
      case 'map':
        Map.prototype.forEach.call(value, (item: unknown, key: unknown) => {
          add(key, `[key ${i}]`);
          add(item, typeof key === 'string' ? `[${JSON.stringify(key)}]` : `[value ${i}]`);
          i++;
        });
        break;
      case 'set':
        Set.prototype.forEach.call(value, (item: unknown) => add(item, `[item ${i++}]`));
        break;
      case 'error':
        for (const { key, value: item } of errorParts(value as Error).properties) add(item, keyStep(key));
        break;
      case 'array':
      case 'plain':
      case 'instance':
        for (const key of Object.keys(value)) {
          const item = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
          add(item, kind === 'array' ? `[${key}]` : keyStep(key));
        }
        break;
      case 'leaf':
    }
  }

  /** Tarjan's strongly connected components, without recursion: they come out with what they need before them. */
  private sort(): void {
    const indices = new Map<Node, number>();
    const lows = new Map<Node, number>();
    const stack: Node[] = [];
    const onStack = new Set<Node>();
    let components = 0;
    const work: { node: Node; next: Iterator<Node> }[] = [];
    const enter = (node: Node): void => {
      indices.set(node, indices.size);
      lows.set(node, indices.size - 1);
      stack.push(node);
      onStack.add(node);
      work.push({ node, next: usesOf(node)[Symbol.iterator]() });
    };
    const lower = (node: Node, low: number): void => void lows.set(node, Math.min(lows.get(node)!, low));
    enter(this.value);
    while (work.length > 0) {
      const { node, next } = work[work.length - 1];
      const step = next.next();
      if (!step.done) {
        if (!indices.has(step.value)) enter(step.value);
        else if (onStack.has(step.value)) lower(node, indices.get(step.value)!);
        continue;
      }
      work.pop();
      if (work.length > 0) lower(work[work.length - 1].node, lows.get(node)!);
      if (lows.get(node) !== indices.get(node)) continue;
      const members: FunctionNode[] = [];
      let member: Node;
      do {
        member = stack.pop()!;
        onStack.delete(member);
        member.component = components;
        if ('captured' in member) members.push(member);
      } while (member !== node);
      components++;
      this.order.push(...classesLast(members));
    }
  }
}

function usesOf(node: Node): Iterable<Node> {
  if (!('captured' in node)) return node.uses;
  const uses: Node[] = node.variables.map(({ root, cell }) => cell?.root ?? root);
  if (node.properties !== undefined) uses.push(node.properties);
  return uses;
}

/** The function that a class extends, where that is captured too. */
export function parentOf(node: FunctionNode): Function | undefined {
  const name = node.captured.info.class?.heritageName;
  const found = node.variables.find(({ variable }) => variable.name === name);
  return typeof found?.variable.value === 'function' ? found.variable.value : undefined;
}

/** Members of a cycle, a class after the one that it extends: that must be there when it is made. */
function classesLast(members: FunctionNode[]): FunctionNode[] {
  if (members.length < 2) return members;
  const result = new Set<FunctionNode>();
  const add = (node: FunctionNode): void => {
    const parent = parentOf(node);
    const before = parent && members.find(({ fn }) => fn === parent);
    if (before !== undefined && !result.has(before)) add(before);
    result.add(node);
  };
  for (const node of members) add(node);
  return [...result];
}

/** Whether a variable must be there before its function is made, and can be. */
export function isEarly(node: FunctionNode, entry: FunctionNode['variables'][number]): boolean {
  if (entry.cell !== undefined) return false;
  if (entry.root.component !== node.component) return true;
  return node.captured.info.class?.heritageName === entry.variable.name;
}
