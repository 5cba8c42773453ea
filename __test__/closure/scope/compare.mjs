// What crates/scope says of a function's text, against acorn and eslint-scope, which share no code with it.
//   node __test__/closure/scope/compare.mjs [--every N] [--longest N] [folder ...]     default: every file under node_modules
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'acorn';
import { analyze } from 'eslint-scope';

const { native } = createRequire(import.meta.url)('../../../dist/internals.js');

const OPTIONS = {
  ecmaVersion: 'latest',
  allowReturnOutsideFunction: true,
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
  ranges: true,
};
const FORMS = [
  ['(', '\n)'],
  ['({', '\n})'],
  ['(class{', '\n})'],
];

function parsed(text) {
  for (const [before, after] of FORMS) {
    // As in the crate: a script, where it is one.
    for (const sourceType of ['script', 'module']) {
      try {
        return {
          program: parse(`${before}${text}${after}`, { ...OPTIONS, sourceType }),
          pre: before.length,
          before,
          sourceType,
        };
      } catch {
        // Another form, perhaps.
      }
    }
  }
  return undefined;
}

const isNode = (value) => typeof value?.type === 'string';

function children(node) {
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'range' ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

/** `this`, `super`, `new.target`, `arguments` and private names of the code around: by a walk of its own. */
function around(root, isMethod) {
  const found = { this: [], super: false, newTarget: false, arguments: [], eval: false, privateName: null };
  const visit = (node, own, home, names) => {
    const inside = (child, more = {}) => visit(child, more.own ?? own, more.home ?? home, more.names ?? names);
    switch (node.type) {
      case 'ThisExpression':
        if (!own) found.this.push(node.start);
        return;
      case 'Super':
        if (!home) found.super = true;
        return;
      case 'MetaProperty':
        if (node.meta.name === 'new' && !own) found.newTarget = true;
        return;
      case 'PrivateIdentifier':
        if (!names.has(node.name) && found.privateName === null) found.privateName = `#${node.name}`;
        return;
      case 'Identifier':
        if (node.name === 'arguments' && !own && node.isReference !== false) found.arguments.push(node.start);
        return;
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') found.eval = true;
        break;
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        return children(node).forEach((child) => inside(child, { own: true }));
      case 'MemberExpression':
        inside(node.object);
        if (node.computed || node.property.type === 'PrivateIdentifier') inside(node.property);
        return;
      case 'Property':
        if (node.computed) inside(node.key);
        return inside(node.value, node.method || node.kind !== 'init' ? { home: true } : {});
      case 'LabeledStatement':
        return inside(node.body);
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      case 'ClassExpression':
      case 'ClassDeclaration': {
        if (node.superClass) inside(node.superClass);
        const declared = node.body.body.flatMap(({ key }) => (key?.type === 'PrivateIdentifier' ? key.name : []));
        const more = { names: new Set([...names, ...declared]) };
        for (const member of node.body.body) {
          if (member.type === 'StaticBlock') {
            member.body.forEach((child) => inside(child, { ...more, own: true, home: true }));
            continue;
          }
          if (member.computed) inside(member.key, more);
          if (member.value)
            inside(member.value, { ...more, own: member.type === 'PropertyDefinition' || own, home: true });
        }
        return;
      }
    }
    children(node).forEach((child) => inside(child));
  };
  visit(root, false, isMethod, new Set());
  return found;
}

/** The function inside of the wrapping. */
function inner(program, before) {
  const { expression } = program.body[0];
  if (before === '(') return { node: expression, key: undefined };
  const member = before === '({' ? expression.properties[0] : expression.body.body[0];
  return { node: member.value, key: member.computed ? member.key : undefined };
}

/** What acorn and eslint-scope make of a text, in the crate's terms; undefined where they can't read it. */
function expected(text) {
  const found = parsed(text);
  if (found === undefined) return undefined;
  const { program, pre, before, sourceType } = found;
  const { node, key } = inner(program, before);
  const scopes = analyze(program, {
    ecmaVersion: 2022,
    sourceType,
    childVisitorKeys: undefined,
    fallback: 'iteration',
  });
  const free = new Map();
  for (const { identifier, resolved } of scopes.scopes[0].through) {
    if (resolved !== null || identifier.name === 'arguments') continue;
    if (key !== undefined && identifier.start >= key.start && identifier.end <= key.end) continue;
    const entry = free.get(identifier.name) ?? new Set();
    entry.add(identifier.start - pre);
    free.set(identifier.name, entry);
  }
  const outside = around(node, false);
  const shown = [...free].map(([name, at]) => `${name}@${[...at].sort((a, b) => a - b).join()}`).sort();
  return {
    free: shown.join(' '),
    written: [
      ...new Set(
        scopes.scopes[0].through
          .filter((r) => r.isWrite() && free.has(r.identifier.name))
          .map((r) => r.identifier.name),
      ),
    ]
      .sort()
      .join(),
    this: outside.this.map((at) => at - pre).join(),
    super: outside.super,
    newTarget: outside.newTarget,
    eval: outside.eval,
    privateName: outside.privateName,
  };
}

function actual(text) {
  const info = JSON.parse(native.freeVariables(text));
  return {
    free: info.free
      .map(
        ({ name, references }) =>
          `${name}@${references
            .map(({ start }) => start)
            .sort((a, b) => a - b)
            .join()}`,
      )
      .sort()
      .join(' '),
    written: info.free
      .filter(({ written }) => written)
      .map(({ name }) => name)
      .sort()
      .join(),
    this: info.this.map(([start]) => start).join(),
    super: info.super,
    newTarget: info.newTarget,
    eval: info.eval,
    privateName: info.privateName,
  };
}

/** Functions, arrows, classes and methods of a file, as Function.prototype.toString gives them. */
export function textsOf(source) {
  let program;
  for (const sourceType of ['module', 'script']) {
    try {
      program = parse(source, { ...OPTIONS, sourceType, allowHashBang: true });
      break;
    } catch {
      // Not that.
    }
  }
  if (program === undefined) return [];
  const texts = [];
  const visit = (node) => {
    if (node.type === 'MethodDefinition' || (node.type === 'Property' && (node.method || node.kind !== 'init'))) {
      if (node.kind !== 'constructor')
        texts.push(source.slice(node.start, node.end).replace(/^static\b\s*(?=[^\s(=;])/, ''));
      if (node.computed) visit(node.key);
      return children(node.value).forEach(visit);
    }
    if (/^(?:Function|ArrowFunction|Class)(?:Expression|Declaration)$/.test(node.type))
      texts.push(source.slice(node.start, node.end));
    children(node).forEach(visit);
  };
  visit(program);
  return texts;
}

/** The first difference for a text; undefined where there is none, null where acorn can't read it. */
export function difference(text) {
  const want = expected(text);
  if (want === undefined) return null;
  let got;
  try {
    got = actual(text);
  } catch (error) {
    return { what: 'it can not be parsed', got: error.message, text };
  }
  const what = Object.keys(want).find((key) => want[key] !== got[key]);
  return what === undefined ? undefined : { what, want: want[what], got: got[what], text };
}

/** The JavaScript files under a folder. */
export function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return /\.[cm]?js$/.test(entry.name) && entry.isFile() ? [path] : [];
  });
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { every: { type: 'string', default: '1' }, longest: { type: 'string', default: '5000' } },
  });
  const folders =
    positionals.length > 0 ? positionals : [fileURLToPath(new URL('../../../node_modules', import.meta.url))];
  const files = folders.flatMap(filesUnder);
  const seen = new Set();
  let [functions, unread, wrong] = [0, 0, 0];
  for (const file of files.filter((_, i) => i % Number(values.every) === 0)) {
    for (const text of textsOf(readFileSync(file, 'utf8'))) {
      if (seen.has(text) || text.length > Number(values.longest)) continue;
      seen.add(text);
      functions++;
      const found = difference(text);
      if (found === null) unread++;
      else if (found !== undefined && ++wrong <= 20)
        console.log(
          file,
          found.what,
          '\n  want',
          found.want,
          '\n  got ',
          found.got,
          `\n  ${found.text.slice(0, 300).replaceAll('\n', '\n  ')}`,
        );
    }
  }
  console.log(`${functions} functions: ${wrong} differ, ${unread} acorn can not read`);
  process.exitCode = wrong > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
