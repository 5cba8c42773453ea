/**
 * A function where there is no inspector: by its text, if that says all of it.
 *
 * Which variable a name in it means can't be told there: one called `Math` may be the user's own, and the name that a
 * function gives itself may have been assigned to. So a text that uses any name from outside of itself is refused.
 */
import { refuse } from '../codec/refusal';
import type { FunctionInfo } from './analysis';
import { nameOf, NOWHERE, parse, toText, unusedPrefix, type CapturedFunction } from './captured';
import { plainKey } from './edit';
import { extrasOf } from './extras';

const INSPECTOR =
  'can only be seen by node:inspector, which is not available here (under --permission it takes --allow-inspector)';
const INSTEAD = 'pass what it needs as an argument, or send a function that a CommonJS module exports';

function refuseUnseen(what: string): never {
  refuse(`${what} ${INSPECTOR}; ${INSTEAD}`);
}

/** Whether a function is native code, or bound. @throws Refusal for one that is bound. */
export function isNative(fn: Function): boolean {
  if (!/\{\s*\[native code\]\s*\}$/.test(toText.call(fn))) return false;
  if (nameOf(fn)?.startsWith('bound ')) refuseUnseen('what it is bound to');
  return true;
}

/** The capture of a function that is neither. @throws Refusal */
export function captureByText(fn: Function): CapturedFunction {
  const text = toText.call(fn);
  const { info, class: classParts } = parse(text);
  const [unseen] = unseenBy(info);
  if (unseen !== undefined) refuseUnseen(`its ${unseen}`);
  if (/\bimport\s*\(/.test(text)) refuseUnseen('the file that its import() is relative to');
  if (classParts !== undefined) refuseUnseen('what a class holds');
  const edits = info.oddKey === null ? [] : [plainKey(text, info.oddKey)];
  const place = { ...NOWHERE, strict: isStrict(fn, info, text), prefix: unusedPrefix(text) };
  const parts = { edits, references: [], variables: [], classText: undefined };
  return { text, info, ...place, ...parts, name: nameOf(fn), extras: extrasOf(fn, info, undefined) };
}

/** What it takes from outside of its text. */
function unseenBy({ free, ownName, this: uses, arguments: list, importMeta }: FunctionInfo): string[] {
  const unseen = free.map(({ name }) => `variable '${name}'`);
  if (ownName !== null && ownName.references.length > 0) unseen.push(`own name '${ownName.name}'`);
  if (uses.length > 0) unseen.push("'this'");
  if (list.length > 0) unseen.push("'arguments'");
  if (importMeta.length > 0) unseen.push("'import.meta'");
  return unseen;
}

/** Without these, strict code differs from sloppy code by an error that nothing in the text catches. */
const BY_MODE = /\b(?:function|this|arguments|delete|try|catch|then)\b/;

function isStrict(fn: Function, { kind, async, generator }: FunctionInfo, text: string): boolean {
  // Of plain functions, sloppy ones have this property. Others have it never.
  if (kind === 'function' && !async && !generator) return !Object.hasOwn(fn, 'arguments');
  if (BY_MODE.test(text.replace(/^(?:async\s+)?function\b/, ''))) refuseUnseen('whether it is strict code');
  return true;
}
