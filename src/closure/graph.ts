/**
 * All functions that a value drags along, and the order to make them in again.
 *
 * A function is made from the values of its variables, and those may hold functions, itself among them. Nodes are the
 * functions and the *roots*: the value that is sent, the values of variables, of shared cells, and of functions' own
 * properties. A root points to the functions in it, a function to its roots, and a root that meets an object of another
 * root to that root. What lies on no cycle is there before the function is made, and becomes a parameter (constant to
 * the optimiser); what lies on one is set afterwards.
 */
import { Refusal, keyStep, refuse } from '../codec/refusal';
import { errorParts } from '../codec/error-value';
import { captureFunction } from './capture';
import { functionStep, type CapturedFunction, type Variable } from './captured';
import { findCells, type SharedVariable } from './cells';
import { valueKey, versionedName } from './identity';
import { together } from './inspector';
import { captureLimit } from './limits';
import { lookAt, type Look } from './plain-look';
import type { Reference } from './reference';
import { shapeOf, type Seen, type Shape } from './shape';

/** A value that is written as one. */
export interface Root {
  readonly value: unknown;
  /** The function whose variable it is; undefined for what is sent itself. */
  readonly owner: FunctionNode | undefined;
  /** "variable 'sock'" */
  readonly step: string;
  readonly uses: Set<Node>;
  component: number;
  /** It is plain data, which is serialised in one piece with others. */
  look: Look | undefined;
}

export interface FunctionNode {
  /** No reference. */
  readonly kind: undefined;
  readonly fn: Function;
  readonly captured: CapturedFunction;
  /** By position in `captured.variables`. */
  readonly variables: { variable: Variable; root: Root; cell: SharedVariable | undefined }[];
  /** What it has beyond its text, as one object; undefined where it has nothing. */
  readonly extras: Root | undefined;
  /** Of a class: who it is in every process. */
  name: string | undefined;
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
  /** What can be imported where it arrives, and must be before it is decoded. */
  readonly imports: Reference[] = [];
  private readonly nodes = new Map<Function, FunctionNode | Reference>();
  private readonly owners = new Map<object, Root>();
  private readonly shapes = new Map<object, Shape>();
  private readonly roots: Root[] = [];
  private readonly plain: Root[] = [];
  private readonly pending: { root: Root; value: unknown; place: Place | undefined }[] = [];
  private readonly functions: FunctionNode[] = [];
  private source = 0;
  private readonly start = performance.now();
  /** Once a part of the time is over: to ask costs as much as to capture a function that is known. */
  private begin: NodeJS.CpuUsage | undefined;

  /** @throws Refusal */
  constructor(value: unknown) {
    this.value = this.root(value, undefined, '');
    together(() => {
      this.visit();
      this.separate();
      this.cells.push(...findCells(this.functions));
    });
    this.sort();
    this.order.forEach((node, i) => (node.index = i));
    for (const node of this.order) if (node.captured.info.kind === 'class') node.name = nameOfClass(node, this.nodes);
  }

  /** The number of a function in the message, or what it is by reference. */
  get(fn: Function): number | Reference | undefined {
    const node = this.nodes.get(fn);
    return node !== undefined && 'captured' in node ? node.index : node;
  }

  /** What an object is beyond plain data. */
  shape(object: object): Shape | undefined {
    return this.shapes.get(object);
  }

  /**
   * The roots that are plain data, which goes in one piece: none of their objects is in a root that does not. Where each of
   * them is a single object, it is written in its place instead.
   */
  get plainRoots(): readonly Root[] {
    return this.plain.every(({ look }) => look!.flat !== undefined) ? [] : this.plain;
  }

  private root(value: unknown, owner: FunctionNode | undefined, step: string): Root {
    const root: Root = { value, owner, step, uses: new Set(), component: -1, look: undefined };
    this.roots.push(root);
    return root;
  }

  /** Looks at every root; functions that turn up add more of them. */
  private visit(): void {
    for (let root = this.roots.pop(); root !== undefined; root = this.roots.pop()) {
      root.look = lookAt(root.value, root.owner !== undefined);
      if (root.look === undefined) this.pending.push({ root, value: root.value, place: undefined });
      else this.take(root, root.look);
      this.drain();
    }
  }

  /** Plain data: its instances' prototypes alone may hold functions. */
  private take(root: Root, look: Look): void {
    this.plain.push(root);
    for (const prototype of look.prototypes) {
      if (prototype !== null) this.pending.push({ root, value: prototype, place: undefined });
    }
  }

  /** What shares an object with a root that is not plain is walked like that one, so that it stays one object. */
  private separate(): void {
    for (let again = true; again && this.owners.size > 0;) {
      again = false;
      for (const root of this.plain) {
        if (!root.look!.shares(this.owners)) continue;
        this.plain.splice(this.plain.indexOf(root), 1);
        root.look = undefined;
        this.pending.push({ root, value: root.value, place: undefined });
        this.drain();
        this.visit();
        again = true;
        break;
      }
    }
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
        if (node.kind === 'import') this.imports.push(node);
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
    const { extras, prefix } = captured;
    const node: FunctionNode = {
      kind: undefined,
      fn,
      captured,
      variables,
      extras: extras && this.root(extras, undefined, ''),
      name: undefined,
      root,
      place,
      index: -1,
      component: -1,
    };
    if (node.extras !== undefined) Object.assign(node.extras, { owner: node });
    for (const variable of captured.variables) {
      variables.push({
        variable,
        root: this.root(variable.value, node, stepTo(variable.name, prefix)),
        cell: undefined,
      });
    }
    for (const { reference } of captured.references) if (reference.kind === 'import') this.imports.push(reference);
    this.functions.push(node);
    return node;
  }

  private checkLimit(): void {
    const { functions, bytes, milliseconds } = captureLimit;
    const ways = 'import what is large from a module, or raise it by configure({ captureLimit })';
    if (this.functions.length >= functions) refuse(`it drags along more than ${functions} functions; ${ways}`);
    if (this.source > bytes) refuse(`it drags along more than ${bytes} characters of source; ${ways}`);
    const elapsed = performance.now() - this.start;
    if (this.begin === undefined && elapsed > milliseconds / 8) this.begin = process.cpuUsage();
    // On a busy machine little may have happened in that time.
    if (this.begin === undefined || elapsed <= milliseconds) return;
    const { user, system } = process.cpuUsage(this.begin);
    if (user + system > milliseconds * 1000) refuse(`its capture took longer than ${milliseconds} ms; ${ways}`);
  }

  /** Looks for functions in an object. What can't be sent is left to the writer, which says so. */
  private object(value: object, root: Root, place: Place | undefined): void {
    const owner = this.owners.get(value);
    if (owner !== undefined) {
      if (owner !== root) root.uses.add(owner);
      return;
    }
    this.owners.set(value, root);
    let seen: Seen;
    try {
      seen = shapeOf(value, root.owner !== undefined);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw reachedThrough(error, place, root);
    }
    const add = (item: unknown, step: string): void => {
      const inside = typeof item === 'function' || (typeof item === 'object' && item !== null);
      if (inside) this.pending.push({ root, value: item, place: { step, outer: place } });
    };
    const { kind, shape } = seen;
    if (shape !== undefined) this.shapes.set(value, shape);
    if (kind === 'map') {
      let i = 0;
      Map.prototype.forEach.call(value, (item: unknown, key: unknown) => {
        add(key, `[key ${i}]`);
        add(item, typeof key === 'string' ? `[${JSON.stringify(key)}]` : `[value ${i}]`);
        i++;
      });
    } else if (kind === 'set') {
      let i = 0;
      Set.prototype.forEach.call(value, (item: unknown) => add(item, `[item ${i++}]`));
    }
    if (shape !== undefined) return this.parts(value, shape, add);
    if (kind === 'error') {
      for (const { key, value: item } of errorParts(value as Error).properties) add(item, keyStep(key));
    } else if (kind === 'array' || kind === 'plain' || kind === 'instance') {
      for (const key of Object.keys(value)) {
        const item = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
        add(item, kind === 'array' ? `[${key}]` : keyStep(key));
      }
    }
  }

  private parts(value: object, shape: Shape, add: (item: unknown, step: string) => void): void {
    if (shape.kind === 'reference') {
      if (shape.reference.kind === 'import') this.imports.push(shape.reference);
      return;
    }
    if (shape.kind === 'prototype') return add(shape.type, '.constructor');
    if (shape.kind === 'hook') {
      add(shape.type, '.constructor');
      return add(shape.data, '[serialize]()');
    }
    add(shape.prototype, '.__proto__');
    for (const key of shape.keys) {
      const { value: item, get, set } = Object.getOwnPropertyDescriptor(value, key)!;
      const step = typeof key === 'symbol' ? `[${String(key)}]` : keyStep(String(key));
      add(item, step);
      add(get, step);
      add(set, step);
    }
    for (const { type, names, values } of shape.levels) {
      add(type, '.constructor');
      values.forEach((item, i) => add(item, `.${names[i]}`));
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
  if (node.extras !== undefined) uses.push(node.extras);
  return uses;
}

/** The function that a class extends, where that is captured too. */
export function parentOf(node: FunctionNode): Function | undefined {
  const name = `${node.captured.prefix}parent`;
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
  const { prefix } = node.captured;
  return entry.variable.name === `${prefix}parent` || entry.variable.name.startsWith(`${prefix}key`);
}

/** How a variable is named on the way to a refused value. */
function stepTo(name: string, prefix: string): string {
  switch (name.startsWith(prefix) ? name.slice(prefix.length) : '') {
    case 'this':
      return "'this'";
    case 'arguments':
      return "'arguments'";
    case 'parent':
      return 'the class it extends';
    case 'self':
      return 'its own name';
    default:
      return `variable '${name}'`;
  }
}

/** Changes with the values that a class captures, those of the functions that it captures included. */
function nameOfClass(node: FunctionNode, nodes: ReadonlyMap<Function, FunctionNode | Reference>): string {
  const parts: string[] = [];
  const seen = new Set<FunctionNode>([node]);
  for (const { captured } of seen) {
    for (const { value } of captured.variables) parts.push(keyOf(value));
    for (const part of [captured.extras?.own, captured.extras?.members]) {
      if (part === undefined) continue;
      for (const key of Reflect.ownKeys(part)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(part, key)!;
        parts.push(String(key), keyOf(value), keyOf(get), keyOf(set));
      }
    }
    for (const value of captured.extras?.privateStatics ?? []) parts.push(keyOf(value));
    parts.push('');
  }
  return versionedName(node.fn, parts.join('\0'));

  function keyOf(value: unknown): string {
    const found = typeof value === 'function' ? nodes.get(value) : undefined;
    if (found !== undefined && 'captured' in found) seen.add(found);
    return valueKey(value);
  }
}
