// A start that the system refuses: an error with the system's code at the call, nothing left of it, later starts work.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { noLeaks } from '../support/leaks';
import { threads } from '../support/start-method';

noLeaks();

// A thread needs no descriptor of its parent's before it runs; without any it ends at once, and says so.
test.skipIf(threads)('no descriptors left: EMFILE, and it works again when there are', async () => {
  const path = fileURLToPath(new URL('../fixtures/exhausted.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)('sh', ['-c', `ulimit -n 100; exec "${process.execPath}" "${path}"`]);
  expect(JSON.parse(stdout)).toEqual({ code: 'EMFILE', named: true, alive: false, again: 0, free: true });
});
