// Start methods and contexts: how the default is chosen, and what a context's classes are.
import { describe, expect, test } from 'vitest';
import {
  currentProcess,
  getAllStartMethods,
  getContext,
  getStartMethod,
  Lock,
  Pool,
  Process,
  Queue,
  type StartMethod,
} from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';
import { self, threads } from '../support/start-method';

noLeaks();

const METHODS: StartMethod[] = ['spawn', 'thread'];

test('all start methods are named, the default first', () => {
  expect(getAllStartMethods()).toEqual(METHODS);
  getAllStartMethods().pop();
  expect(getAllStartMethods()).toEqual(METHODS);
});

test('a start method is chosen once, unless forced', async () => {
  expect(await result('choosing')).toEqual({
    first: 'spawn',
    chosen: 'thread',
    again: 'ERR_START_METHOD_SET',
    same: 'ERR_START_METHOD_SET',
    forced: 'spawn',
    wrongForce: 'TypeError',
  });
});

test('children have the default of their parent, and may choose another', async () => {
  expect(await result('inherited')).toEqual([
    ['spawn', 'spawn', 'spawn'],
    ['thread', 'thread', 'spawn'],
  ]);
});

describe.each(METHODS)('the context %s', (method) => {
  const context = getContext(method);

  test('is one object, frozen, and names its start method', () => {
    expect(context.startMethod).toBe(method);
    expect(getContext(method)).toBe(context);
    expect(Object.isFrozen(context)).toBe(true);
  });

  test('has classes that are named after it, and are subclasses of those of the package', () => {
    const prefix = method === 'spawn' ? 'Spawn' : 'Thread';
    expect(context.Process.name).toBe(`${prefix}Process`);
    expect(context.Pool.name).toBe(`${prefix}Pool`);
    expect(new context.Process()).toBeInstanceOf(Process);
    expect(new context.Pool(1)).toBeInstanceOf(Pool);
    expect(context.Queue).toBe(Queue);
    expect(context.Lock).toBe(Lock);
  });

  test('starts what it says, whatever the default is', async () => {
    const answers = new context.Queue<[number, string]>();
    const child = new context.Process({
      target: (q: Queue) => q.putSync([process.pid, currentProcess().name]),
      args: [answers],
      name: 'child',
    }).start();
    expect(await child.join()).toBe(0);
    const [pid, name] = answers.getSync();
    expect(pid).toBe(child.pid);
    expect(pid === process.pid).toBe(method === 'thread');
    expect(name).toBe('child');
    await using pool = new context.Pool(1);
    expect((await pool.apply(() => process.pid)) === process.pid).toBe(method === 'thread');
    expect(await pool.apply(() => currentProcess().name)).toMatch(
      method === 'thread' ? /^ThreadPoolWorker-1$/ : /^SpawnPoolWorker-1$/,
    );
  });

  test('refuses the other start method in the options', () => {
    const other = METHODS.find((name) => name !== method)!;
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE', message: expect.stringContaining(other) });
    expect(() => new context.Process({ startMethod: other })).toThrow(wrong);
    expect(() => new context.Pool(1, { startMethod: other })).toThrow(wrong);
    expect(new context.Process({ startMethod: method })).toBeInstanceOf(context.Process);
  });

  test('can be subclassed', async () => {
    expect(await result('context-subclass', [method])).toEqual({
      code: 0,
      answer: 'doubled 42',
      same: method === 'thread',
    });
  });
});

test('without an argument getContext() gives that of the default', () => {
  expect(getContext()).toBe(getContext(threads ? 'thread' : 'spawn'));
  expect(getStartMethod()).toBe(getContext().startMethod);
});

describe.each(METHODS)('the option startMethod: %s', (startMethod) => {
  test('of a Process and of a Pool', async () => {
    const answers = new Queue<number>();
    const target = (q: Queue<number>) => q.putSync(process.pid);
    expect(await new Process({ target, args: [answers], startMethod }).start().join()).toBe(0);
    expect(answers.getSync() === process.pid).toBe(startMethod === 'thread');
    await using pool = new Pool(1, { startMethod });
    expect((await pool.apply(() => process.pid)) === process.pid).toBe(startMethod === 'thread');
  });
});

describe('one tree', () => {
  test.each([
    ['spawn', 'thread'],
    ['thread', 'spawn'],
    ['thread', 'thread'],
  ] as const)('a child by %s has a child by %s: they share locks and queues', async (outer, inner) => {
    const lock = new Lock();
    const answers = new Queue<unknown>();
    const go = new Queue<string>();
    const innermost = (l: Lock, q: Queue<unknown>, wait: Queue<string>, who: () => string) => {
      l.acquireSync();
      q.putSync([currentProcess().name, who()]);
      wait.getSync();
      l.release();
    };
    const between = async (method: StartMethod, run: typeof innermost, ...args: Parameters<typeof innermost>) => {
      const child = new Process({ target: run, args, startMethod: method });
      args[1].putSync(await child.start().join());
    };
    const child = new Process({
      target: between,
      args: [inner, innermost, lock, answers, go, self],
      startMethod: outer,
      name: 'outer',
    }).start();
    const [name, who] = (await answers.get()) as [string, string];
    expect(name).toMatch(/^Process-\d+:1$/);
    expect(who).not.toBe(self());
    expect(who.startsWith(`process ${process.pid},`)).toBe(outer === 'thread' && inner === 'thread');
    expect(lock.locked()).toBe(true);
    expect(lock.acquireSync({ timeout: 0 })).toBe(false);
    go.putSync('go on');
    expect(await answers.get()).toBe(0);
    expect(await child.join()).toBe(0);
    expect(lock.acquireSync()).toBe(true);
    lock.release();
  });
});

test('setStartMethod() and getContext() refuse what is no start method', () => {
  expect(() => getContext('fork' as never)).toThrow(TypeError);
  expect(() => getContext('fork' as never)).toThrow(/'spawn' or 'thread', got 'fork'/);
});
