/** Functions that a child sends on, and errors of classes that only the child had named: programs of ./programs. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { noLeaks } from '../support/leaks';

noLeaks();

async function run(name: string, startMethod: string): Promise<unknown> {
  const program = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, startMethod], {
    env,
    timeout: 100_000,
  });
  // Importing JSON is an experiment of older Nodes, and the program's own.
  expect(stderr.replace(/^.*(?:Importing JSON modules|Use `node --trace-warnings).*\n/gm, '')).toBe('');
  return JSON.parse(stdout) as unknown;
}

describe.each(['spawn', 'thread'])('%s', (startMethod) => {
  it('a child sends on what it took from the imports of the main module', async () => {
    expect(await run('onward', startMethod)).toEqual({
      'a variable': 3,
      'an import': 6,
      'a namespace': 4,
      'a module of Node': ['b', 'function', true],
      'a binding that changes': 2,
      JSON: 5,
      'import.meta': 'onward.mjs',
      'import()': true,
      'a class': 8,
      'a shared variable': [1, 1],
      'a grandchild': [2, 5, 10],
    });
  });

  it('an error is one of its class where that is loaded, and keeps what it holds where it is not', async () => {
    expect(await run('errors', startMethod)).toEqual({
      early: [true, 21, 'coded', false],
      earlyCjs: [true, 'typed'],
      late: [true, true, 21, 42],
      lateCjs: [true, true],
      cause: [true, 8],
      hidden: [true, 'hidden'],
    });
  });

  it('functions inside of arguments, results and items of queues', async () => {
    const refused = (path: string, name = 'sock') => [
      'SerializationError',
      `${path}.run → variable '${name}'`,
      `function "() => ${name}.destroyed" → variable '${name}'`,
    ];
    expect(await run('inside', startMethod)).toEqual({
      'an argument': 12,
      'inside of one': 3,
      'two that share a variable': [1, 1],
      'an instance': 4,
      'a class': [4, true],
      'a result': 11,
      'it has what the result has': 21,
      'an item of a queue': [5, 15],
      'a loop': true,
      'refused: an argument': refused('args[0].jobs[0]'),
      'refused: an item': refused('item.jobs[0]'),
      'refused: of a Process': refused('args[0].jobs[0]'),
      'refused: a result': refused('result', 'socket'),
    });
  });
});
