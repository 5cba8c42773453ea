// The programs in docs/ run as they stand, and print what stands under them.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
// Inside of the package, so that its own name resolves as a user's import would.
const folder = `${root}reports/docs`;

interface Program {
  /** The heading above it. */
  readonly name: string;
  readonly source: string;
  readonly output: string;
}

/** The ```js blocks of a page that a ```text block follows. */
function programsOf(page: string): Program[] {
  const text = readFileSync(`${root}docs/${page}`, 'utf8');
  return [...text.matchAll(/^```js\n(.*?)^```\n+```text\n(.*?)^```$/gms)].map((match) => ({
    name: [...text.slice(0, match.index).matchAll(/^#+ (.*)$/gm)].at(-1)![1],
    source: match[1],
    output: match[2],
  }));
}

const pages = readdirSync(`${root}docs`).filter((page) => page.endsWith('.md') && programsOf(page).length > 0);

describe.each(pages)('%s', (page) => {
  test.each(programsOf(page))('$name', async ({ name, source, output }) => {
    mkdirSync(folder, { recursive: true });
    const file = `${folder}/${page}-${name.replaceAll(/\W+/g, '-')}.mjs`;
    writeFileSync(file, source);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { timeout: 100_000 });
    expect(stderr).toBe('');
    expect(stdout.split('\n').sort()).toEqual(output.split('\n').sort());
  });
});

test('there are pages with programs', () => {
  expect(pages).toEqual(expect.arrayContaining(['pipes-and-queues.md', 'shared-data.md', 'synchronisation.md']));
});
