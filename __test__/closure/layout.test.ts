/** A function's text that is brought to other lines and columns stays the same program, whatever the places are. */
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parse, type Node } from 'acorn';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../support/random.mjs';

interface Position {
  readonly line: number;
  readonly column: number;
}

const require = createRequire(import.meta.url);
const { applyEdits, layOut } = require('../../dist/internals.js') as {
  applyEdits: (text: string, edits: unknown) => string;
  layOut: (text: string, begin: Position, placeOf: (start: number) => Position | undefined) => unknown;
};

const cases = fileURLToPath(new URL('./cases/', import.meta.url));
const FILES = [
  'node_modules/acorn/dist/acorn.mjs',
  'node_modules/eslint-scope/dist/eslint-scope.cjs',
  ...readdirSync(cases).flatMap((name) => (name.endsWith('.mjs') ? [`__test__/closure/cases/${name}`] : [])),
];
/** What relies on line breaks. */
const WITHOUT_SEMICOLONS = `(a, b) => {
  let x = a
  ++b
  x = b // a comment; with (signs
  const y = { x, ...a }
  /* another
     one */ void y
  label: for (const of of [1, 2]) {
    if (of) continue label
    x++
    y
    break
  }
  async function f() { await x; for await (const z of y) yield_(z) }
  function* g() { yield
    yield* x
    return
    x }
  class C { static async a() {} get
    b() { return 1 } static
    c = 1
    'd' = 2
    async *e() {} static { this.f = \`x
      \${ a
      } y\` } }
  do x--
  while (x)
  ;[1, 2].map(i => i)
  return /a b/.test(\`\${x}  \${\`\${y} \`}\`)
}`;

const OPTIONS = { ecmaVersion: 'latest', allowReturnOutsideFunction: true } as const;

/** What a text says, without where. */
function meaning(text: string): string {
  return JSON.stringify(parse(`(${text}\n)`, { ...OPTIONS, sourceType: 'module' }), (key, value: unknown) => {
    if (key === 'start' || key === 'end') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
}

/** The functions of a file, but those that only a method of theirs can stand for. */
function functionsOf(source: string): string[] {
  const found: string[] = [];
  const visit = (node: Node): void => {
    if (/^(?:Arrow)?Function(?:Expression|Declaration)$|^Class/.test(node.type)) {
      const text = source.slice(node.start, node.end);
      if (/^(?:async\b|function\b|class\b|\(|\w+ *=>)/.test(text) && !/\bsuper\b|#/.test(text)) found.push(text);
    }
    for (const value of Object.values(node) as unknown[]) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
        if (typeof (child as Node | null)?.type === 'string') visit(child as Node);
      }
    }
  };
  visit(parse(source, { ...OPTIONS, sourceType: 'module', allowHashBang: true }));
  return found.filter((text) => {
    try {
      return meaning(text) !== '';
    } catch {
      // A method's function, or what only stands inside of another one.
      return false;
    }
  });
}

const BEGIN = { line: 5, column: 8 };
const random = randomFrom(1);
const PLACES: Record<string, (start: number) => Position | undefined> = {
  'all on one line': (start) => ({ line: 5, column: start }),
  'each on a line of its own': (start) => ({ line: 5 + start, column: 2 }),
  'all before their begin': () => ({ line: 0, column: 0 }),
  'some, anywhere': (start) =>
    random() < 0.5 ? undefined : { line: 5 + Math.floor(random() * start), column: Math.floor(random() * 60) },
  'lines drawn together': (start) => ({ line: 5 + Math.floor(start / 200), column: start % 200 }),
};

describe.each(Object.entries(PLACES))('%s', (_, placeOf) => {
  it.each(FILES)('%s', (file) => {
    const functions = functionsOf(readFileSync(file, 'utf8'));
    expect(functions.length).toBeGreaterThan(0);
    for (const text of functions) expect(meaning(applyEdits(text, layOut(text, BEGIN, placeOf)))).toBe(meaning(text));
  });

  it('what relies on line breaks', () => {
    for (let i = 0; i < 50; i++) {
      const text = applyEdits(WITHOUT_SEMICOLONS, layOut(WITHOUT_SEMICOLONS, BEGIN, placeOf));
      expect(meaning(text)).toBe(meaning(WITHOUT_SEMICOLONS));
    }
  });
});

it('puts the parts where they belong', () => {
  const text = '(a)=>{if(a){throw new Error(a)}return a}';
  const places: Record<string, Position> = {
    if: { line: 6, column: 4 },
    throw: { line: 7, column: 6 },
    'new Error': { line: 7, column: 12 },
    'return a': { line: 9, column: 4 },
  };
  const made = applyEdits(
    text,
    layOut(text, BEGIN, (start) => Object.entries(places).find(([part]) => text.startsWith(part, start))?.[1]),
  );
  expect(made.split('\n')).toEqual(['(a)=>{', '    if(a){', '      throw new Error(a)}', '', '    return a}']);
});
