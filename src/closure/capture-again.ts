/** Functions that arrived from another process, on their way to the next one. */
import { memberOf, nameOf, parse, unusedPrefix } from './captured';
import type { CapturedFunction, ReferenceParameter, Variable } from './captured';
import { plainKey, substitute, type Edit } from './edit';
import { extrasOf } from './extras';
import { origins } from './revived';

/** The capture of a function that arrived from another process: all of its variables are at hand. */
export function captureAgain(fn: Function): CapturedFunction {
  const { text, url, line, column, laidOut, pieces, strict, bindings } = origins.get(fn)!;
  const { info, class: classParts } = parse(text);
  const prefix = unusedPrefix(text);
  const edits: Edit[] = info.oddKey === null ? [] : [plainKey(text, info.oddKey)];
  if (classParts !== undefined) edits.push(...classParts.edits);
  const references: ReferenceParameter[] = [];
  const variables: Variable[] = [];
  const names = [...info.free];
  if (info.ownName !== null && bindings.has(`${prefix}self`)) names.push({ ...info.ownName, name: `${prefix}self` });
  const keys = classParts?.computed.map((_, i) => `key${i}`) ?? [];
  for (const name of ['this', 'arguments', 'parent', ...keys]) {
    const references = name === 'arguments' ? info.arguments : [];
    if (bindings.has(prefix + name)) names.push({ name: prefix + name, written: false, members: null, references });
  }
  for (const [start, end] of info.this) edits.push({ start, end, text: `${prefix}this` });
  edits.push(...substitute('arguments', info.arguments, `${prefix}arguments`));
  for (const free of names) {
    const { name } = free;
    const binding = bindings.get(name);
    if (binding === undefined) continue;
    if (binding.kind === 'reference') {
      const { reference, member } = binding;
      const parameter = member === null ? name : `${prefix}import${references.length}`;
      references.push({ parameter, reference, binding: name, member });
      if (member !== null) edits.push(...substitute(name, free.references, memberOf(parameter, member)));
    } else if (binding.kind === 'cell') {
      variables.push({ name, value: binding.cell.value, free, home: { kind: 'cell', cell: binding.cell } });
    } else {
      if (name === `${prefix}self`) edits.push(...substitute(info.ownName!.name, free.references, name));
      variables.push({ name, value: binding.read(), free, home: { kind: 'own' } });
    }
  }
  if (info.importMeta.length > 0) {
    const parameter = `${prefix}meta`;
    references.push({ parameter, reference: { kind: 'meta', base: url }, binding: null, member: null });
    for (const [start, end] of info.importMeta) edits.push({ start, end, text: parameter });
  }
  const extras = extrasOf(fn, info, classParts);
  const place = { url, line, column, laidOut, pieces, strict, prefix };
  return { text, info, ...place, name: nameOf(fn), edits, references, variables, classText: classParts, extras };
}
