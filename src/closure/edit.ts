/** Changes in the text of a function, where a variable is to be read from somewhere else. */
import type { VariableReference } from './analysis';

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with the edits made, which must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/**
 * Puts an expression in the place of a variable's uses.
 *
 * A call of `object.name` would hand `object` on as `this`: it becomes `(0, object.name)`. That begins with a
 * parenthesis, which would continue a statement before it that lacks its semicolon, so at the begin of one it gets it.
 */
export function substitute(name: string, references: readonly VariableReference[], expression: string): Edit[] {
  const member = /[.[]/.test(expression);
  return references.map(({ start, end, write, shorthand, callee, beginsStatement }) => {
    let text = expression;
    if (callee && member && !write) text = `${beginsStatement ? ';' : ''}(0,${expression})`;
    if (shorthand) text = `${name}:${text}`;
    return { start, end, text };
  });
}

/** Replaces a key that only its own class or object could name by one of the same length, lines included. */
export function plainKey(text: string, [start, end]: readonly [number, number]): Edit {
  const key = text.slice(start, end);
  if (key.startsWith('#')) return { start, end, text: `$${key.slice(1)}` };
  const inside = blank(key.slice(1, -1));
  // A computed key has at least one character between its brackets.
  const at = inside.search(/[ ]/);
  const filled = at < 0 ? `0${inside}` : `${inside.slice(0, at)}0${inside.slice(at + 1)}`;
  return { start, end, text: `[${filled}]` };
}

/** The same length of nothing, lines included. */
export function blank(text: string): string {
  return text.replace(/[^\n\r\u2028\u2029]/g, ' ');
}
