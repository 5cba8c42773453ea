/**
 * The text of a class, changed so that running it again makes the class and does nothing else.
 *
 * What ran when the class was made (static fields, static blocks, the expression after `extends`) leaves the text, and its
 * results are sent as values; so are the names of methods that an expression gave. A class with private members gets hooks: while `hooks.on` is set, `new`
 * makes an object that has the private fields and nothing else, neither initialisers nor the constructor's body run; and
 * `hooks.put` and `hooks.putStatic` set private fields, which only code inside of the class can.
 */
import type { ClassElement, ClassInfo, FreeVariable, FunctionInfo } from './analysis';
import { applyEdits, blank, type Edit } from './edit';
import { refuse } from '../codec/refusal';

export interface ClassText {
  readonly edits: readonly Edit[];
  /** The names of private instance fields, in the order in which an instance gets them. */
  readonly privateFields: readonly string[];
  /** Those of private methods and accessors. */
  readonly privateMethods: readonly string[];
  readonly privateStatics: readonly string[];
  /** Methods whose names are sent as values, in order. */
  readonly computed: readonly { readonly static: boolean; readonly text: string }[];
  readonly derived: boolean;
  /** Its text without what left it: what stands here needs not be sent. */
  readonly kept: string;
}

/** Whether an element leaves the text. */
function leaves({ kind, static: isStatic, key }: ClassElement): boolean {
  if (kind === 'block') return true;
  return kind === 'field' && isStatic && key !== 'private';
}

/** @throws Refusal for what can't be made again. */
export function classText(text: string, info: ClassInfo, prefix: string): ClassText {
  if (info.notPlain !== null) refuse(`it is a class with ${info.notPlain}; import it from a module of its own`);
  const edits: Edit[] = [];
  const privateFields: string[] = [];
  const privateMethods: string[] = [];
  const privateStatics: string[] = [];
  const computed: { static: boolean; text: string }[] = [];
  // `extends(f())` has no blanks around it.
  if (info.heritage !== null) edits.push(at(info.heritage, ` ${prefix}parent `));
  for (const element of info.elements) {
    const { kind, key, name, start, end, value } = element;
    if (leaves(element)) {
      edits.push({ start, end, text: `;${blank(text.slice(start + 1, end))}` });
    } else if (kind === 'field' && key === 'computed') {
      refuse('it is a class with a field whose name is computed; set that in the constructor');
    } else if (key === 'computed') {
      edits.push(at(element.keyRange!, `${prefix}key${computed.length}`));
      computed.push({ static: element.static, text: text.slice(start, end) });
    } else if (key === 'private') {
      if (kind !== 'field') {
        if (!element.static && !privateMethods.includes(name!)) privateMethods.push(name!);
      } else if (element.static) {
        privateStatics.push(name!);
        if (value !== null) edits.push(at(value, 'void 0'));
      } else {
        privateFields.push(name!);
      }
    }
  }
  const kept = applyEdits(text, edits);
  const derived = info.heritage !== null;
  const result = { edits, privateFields, privateMethods, privateStatics, computed, derived, kept };
  if (needsConstruction(result)) guard(result, info, prefix);
  if (privateFields.length > 0 || privateStatics.length > 0) {
    const put = privateFields.map((name, i) => `o.${name}=v[${i}]`).join();
    const putStatic = privateStatics.map((name, i) => `this.${name}=v[${i}]`).join();
    const hooks = `static{${prefix}hooks.put=(o,v)=>{${put}};${prefix}hooks.putStatic=(v)=>{${putStatic}}}`;
    edits.push({ start: info.body[1], end: info.body[1], text: `;${hooks}` });
  }
  return result;
}

/** Whether an instance has parts that only the class's own code can give it. */
export function needsConstruction({ privateFields, privateMethods }: ClassText): boolean {
  return privateFields.length > 0 || privateMethods.length > 0;
}

/** Makes the constructor and the initialisers do nothing while the hooks are on. */
function guard({ edits, derived }: { edits: Edit[]; derived: boolean }, info: ClassInfo, prefix: string): void {
  for (const { kind, static: isStatic, value, anonymousFunction } of info.elements) {
    // A function without a name gets the field's, which it would lose inside of an expression; making it runs nothing.
    if (kind !== 'field' || isStatic || value === null || anonymousFunction) continue;
    edits.push(insert(value[0], `${prefix}hooks.on?void 0:(`), insert(value[1], ')'));
  }
  if (info.constructor === null) return;
  edits.push(insert(info.constructor, `if(${prefix}hooks.on){${derived ? 'super();' : ''}return}`));
}

const at = ([start, end]: readonly [number, number], text: string): Edit => ({ start, end, text });
const insert = (start: number, text: string): Edit => ({ start, end: start, text });

/** The free variables that are still used by what stays in the text. */
export function keptVariables(info: FunctionInfo): readonly FreeVariable[] {
  const gone = info.class!.elements.filter(leaves).map(({ start, end }): readonly [number, number] => [start, end]);
  for (const element of info.class!.elements) {
    if (element.static && element.key === 'private' && element.value !== null) gone.push(element.value);
    if (element.keyRange !== null) gone.push(element.keyRange);
  }
  if (info.class!.heritage !== null) gone.push(info.class!.heritage);
  if (gone.length === 0) return info.free;
  return info.free.flatMap((free) => {
    const references = free.references.filter(({ start }) => !gone.some(([from, to]) => start >= from && start < to));
    if (references.length === free.references.length) return free;
    return references.length > 0 ? { ...free, references, written: references.some(({ write }) => write) } : [];
  });
}
