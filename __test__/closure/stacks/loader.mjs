// What tsx does with a file: strips types, takes out all blanks, adds a source map, and switches maps on.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

process.setSourceMapsEnabled(true);
if (isMainThread) register(import.meta.url);

export async function load(url, context, nextLoad) {
  if (!url.endsWith('/stacks.mjs')) return nextLoad(url, context);
  const { minifySync } = await import('rolldown/experimental');
  const file = fileURLToPath(url);
  const options = { compress: false, mangle: false, codegen: { removeWhitespace: true }, sourcemap: true };
  const { code, map } = minifySync(file, readFileSync(file, 'utf8'), options);
  const json = Buffer.from(JSON.stringify({ ...map, sources: [file] })).toString('base64');
  const source = `${code}\n//# sourceMappingURL=data:application/json;base64,${json}`;
  return { format: 'module', source, shortCircuit: true };
}
