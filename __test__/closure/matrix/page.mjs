// docs/closures.md: the prose of page.md, then what the run found.

const escaped = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
const row = (cells) => `| ${cells.map(escaped).join(' | ')} |`;

/** @param {{ columns: string[], cases: Map<string, { way: string, results: Record<string, string> }> }} table */
export function page({ columns, cases }, prose) {
  const lines = [prose.trimEnd(), '', row(['run under', 'as it should be']), row(['---', '---'])];
  for (const column of columns) {
    const results = [...cases.values()].flatMap(({ results }) => results[column] ?? []);
    lines.push(row([column, `${results.filter((problem) => problem === '').length} of ${results.length}`]));
  }
  const files = new Map();
  for (const [key, entry] of cases) {
    const [file, name] = key.split(' · ');
    if (name === 'the program itself') continue;
    if (!files.has(file)) files.set(file, []);
    files.get(file).push({ name, ...entry });
  }
  for (const [file, entries] of files) {
    lines.push('', `### ${file}`, '', row(['case', 'way', 'as it should be']), row(['---', '---', '---']));
    for (const { name, way, results } of entries) {
      const wrong = Object.keys(results).filter((column) => results[column] !== '');
      const missing = columns.filter((column) => !(column in results));
      const parts = [wrong.length === 0 ? 'yes' : `not under ${wrong.join('; ')}`];
      // Some tools are run on ES modules only, or can't read a file.
      if (missing.length > 0 && missing.length < 6) parts.push(`not run under ${missing.join('; ')}`);
      lines.push(row([name, way, parts.join('; ')]));
    }
  }
  return `${lines.join('\n')}\n`;
}
