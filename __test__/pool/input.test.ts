// Wrong arguments: typed errors that name the argument, what it was and what is allowed.
import { describe, expect, test } from 'vitest';
import { Pool } from 'multiproc';
import { noLeaksOfPools } from './support';

noLeaksOfPools();

const wrong = (x: unknown) => x as never;

describe('new Pool', () => {
  test.for([
    [[0], RangeError, /^processes must be .*, got 0$/],
    [[-1], RangeError, /processes/],
    [[1.5], RangeError, /got 1.5/],
    [[NaN], RangeError, /processes/],
    [['2'], TypeError, /processes must be an integer, got '2'/],
    [[{ processes: 0 }], RangeError, /options\.processes/],
    [[1, 5], TypeError, /options/],
    [[1, null], TypeError, /options/],
    [[1, { initializer: 5 }], TypeError, /options\.initializer must be a function, got 5/],
    [[1, { initArgs: 5 }], TypeError, /options\.initArgs/],
    [[1, { retries: -1 }], RangeError, /options\.retries/],
    [[1, { maxTasksPerChild: 0 }], RangeError, /options\.maxTasksPerChild/],
    [[1, { maxQueued: 0 }], RangeError, /options\.maxQueued/],
    [[1, { minProcesses: 2 }], RangeError, /options\.minProcesses/],
    [[1, { name: 5 }], TypeError, /options\.name/],
    [[1, { maxMemory: 0 }], RangeError, /options\.maxMemory/],
    [[1, { maxMemory: '1 GB' }], TypeError, /options\.maxMemory/],
    [
      [1, { maxMemory: 1e9, startMethod: 'thread' }],
      TypeError,
      /options\.maxMemory must be left out where workers are threads/,
    ],
    [[1, { idleTimeout: -1 }], RangeError, /options\.idleTimeout/],
    [[1, { idleTimeout: NaN }], RangeError, /options\.idleTimeout/],
    [[1, { startMethod: 'fork' }], TypeError, /options\.startMethod/],
  ] as const)('%j', ([args, type, message]) => {
    expect(() => new Pool(...(args as unknown as []))).toThrow(type);
    expect(() => new Pool(...(args as unknown as []))).toThrow(message);
  });

  test('what is not there yet says so', () => {
    for (const options of [{ trace: true }]) {
      expect(() => new Pool(1, options)).toThrow(expect.objectContaining({ code: 'ERR_NOT_IMPLEMENTED' }));
    }
  });

  test('its size is that of the machine by default', () => {
    expect(new Pool().processes).toBeGreaterThanOrEqual(1);
    expect(new Pool({}).processes).toBe(new Pool(undefined, {}).processes);
  });
});

describe('a promise is rejected, a blocking call throws', () => {
  const CASES: [string, unknown[], unknown, RegExp][] = [
    ['apply', ['f'], TypeError, /^f must be a function, got 'f'$/],
    ['apply', [() => 1, 5], TypeError, /args must be an array, got 5/],
    ['apply', [() => 1, [], 5], TypeError, /options/],
    ['apply', [() => 1, [], { timeout: -1 }], RangeError, /options\.timeout/],
    ['apply', [() => 1, [], { timeout: '5' }], TypeError, /options\.timeout/],
    ['apply', [() => 1, [], { retries: 1.5 }], RangeError, /options\.retries/],
    ['apply', [() => 1, [], { abortGrace: NaN }], RangeError, /options\.abortGrace/],
    ['apply', [() => 1, [], { priority: 'high' }], TypeError, /options\.priority/],
    ['apply', [() => 1, [], { key: {} }], TypeError, /options\.key/],
    ['apply', [() => 1, [], { onReport: 1 }], TypeError, /options\.onReport/],
    ['apply', [() => 1, [], { signal: {} }], TypeError, /options\.signal/],
    ['map', [5, []], TypeError, /f must be a function/],
    ['map', [() => 1], TypeError, /items must be iterable, got undefined/],
    ['map', [() => 1, 5], TypeError, /items/],
    ['map', [() => 1, [], { chunkSize: 0 }], RangeError, /options\.chunkSize/],
    ['map', [() => 1, [], { progress: 5 }], TypeError, /options\.progress must be a boolean or a function, got 5/],
    ['map', [() => 1, [], { stopOnError: 1 }], TypeError, /options\.stopOnError/],
    ['map', [() => 1, [], { buffered: 0 }], RangeError, /options\.buffered/],
    ['starmap', [() => 1, [[1], 2]], TypeError, /items\[1\] must be an array of arguments, got 2/],
    ['mapSettled', [() => 1, null], TypeError, /items/],
    ['apply', [process.kill], Error, /native/],
    ['apply', [(x: unknown) => x, [new WeakMap()]], Error, /args\[0\]/],
  ];
  test.for(CASES)('%s %j', async ([method, args, type, message]) => {
    await using pool = new Pool(1);
    const call = (name: string) => (pool as any)[name](...args) as unknown;
    const outcome = await (call(method) as Promise<unknown>).then(wrong, (error: unknown) => error);
    expect(outcome).toBeInstanceOf(type);
    expect((outcome as Error).message).toMatch(message);
    const twin = `${method}Sync`;
    if (twin in pool && !JSON.stringify(args).includes('signal')) {
      expect(() => call(twin)).toThrow(type as never);
      expect(() => call(twin)).toThrow(message);
    }
    expect(pool.stats).toMatchObject({ queued: 0, running: 0, workersStarted: 0 });
  });
});

test('imap throws at the call', async () => {
  await using pool = new Pool(1);
  expect(() => pool.imap(wrong(5), [])).toThrow(TypeError);
  expect(() => pool.imapUnordered(() => 1, wrong(5))).toThrow(TypeError);
  expect(() => pool.imapSettled(() => 1, [], { buffered: 0 })).toThrow(RangeError);
});

test('a blocking call takes no signal, and no async iterable', async () => {
  await using pool = new Pool(1);
  expect(() => pool.applySync(() => 1, [], wrong({ signal: new AbortController().signal }))).toThrow(/signal/);
  expect(() => pool.mapSync(() => 1, wrong((async function* () {})()))).toThrow(/items must be iterable/);
});
