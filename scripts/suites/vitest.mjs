// The tests of the package in __test__, by vitest, read from its JSON report.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from './command.mjs';
import { reports, root } from './report.mjs';

const STATUS = { passed: 'passed', failed: 'failed', pending: 'skipped', skipped: 'skipped', todo: 'skipped' };

/** The tests in a report; a file that could not even be loaded counts as one that failed. */
function read(path) {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8'));
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    if (assertionResults.length === 0 && status === 'failed')
      return [{ name: file, status: 'failed', detail: message }];
    return assertionResults.map((test) => ({
      name: `${file} > ${test.fullName}`,
      status: STATUS[test.status] ?? 'failed',
      ms: test.duration,
      detail: test.failureMessages?.join('\n') || undefined,
    }));
  });
}

export async function vitest() {
  mkdirSync(reports, { recursive: true });
  const output = join(reports, 'vitest.json');
  rmSync(output, { force: true });
  const cli = join(root, 'node_modules/vitest/vitest.mjs');
  const done = await run(
    process.execPath,
    [cli, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${output}`],
    { seconds: 2400, tee: true },
  );
  let results;
  try {
    results = read(output);
  } catch (error) {
    return [{ name: 'vitest', status: 'failed', detail: `no report: ${done.why || error.message}\n${done.tail}` }];
  }
  // An unhandled error fails the run without failing a test.
  if (!done.ok && !results.some(({ status }) => status === 'failed')) {
    results.push({ name: 'vitest', status: 'failed', detail: `${done.why}\n${done.tail}` });
  }
  return results;
}
