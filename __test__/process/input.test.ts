// Wrong arguments and wrong order of calls: a typed error at the call that names it; nothing is started.
import { describe, expect, test } from 'vitest';
import {
  activeChildren,
  configure,
  getContext,
  Pool,
  Process,
  ProcessError,
  Queue,
  SerializationError,
  setStartMethod,
} from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

describe('new Process()', () => {
  const wrong: [name: string, value: unknown, text: string][] = [
    ['target', 5, '5'],
    ['target', 'f', "'f'"],
    ['target', null, 'null'],
    ['target', {}, '{}'],
    ['args', 5, '5'],
    ['args', 'abc', "'abc'"],
    ['args', { length: 1 }, 'length'],
    ['args', null, 'null'],
    ['args', new Set([1]), 'Set'],
    ['name', 5, '5'],
    ['daemon', 'yes', "'yes'"],
    ['daemon', 1, '1'],
    ['env', 'A=B', "'A=B'"],
    ['env', null, 'null'],
    ['execArgv', '--expose-gc', '--expose-gc'],
    ['cwd', 5, '5'],
    ['startMethod', 'fork', "'fork'"],
    ['startMethod', 5, '5'],
  ];

  test.each(wrong)('refuses %s: %s', (name, value, text) => {
    const make = () => new Process({ target: () => {}, [name]: value } as never);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(new RegExp(`\\b${name}\\b`));
    expect(make).toThrow(text);
  });

  test('names the element of a list that is wrong', () => {
    expect(() => new Process({ execArgv: ['--a', 5] } as never)).toThrow('execArgv[1]');
    expect(() => new Process({ env: { GOOD: 'x', BAD: 5 } } as never)).toThrow('env.BAD');
  });

  test.each([5, null, 'options', () => {}])('refuses options that are no object: %s', (options) => {
    expect(() => new Process(options as never)).toThrow(TypeError);
    expect(() => new Process(options as never)).toThrow(/options/);
  });

  test('without new throws a TypeError', () => {
    expect(() => (Process as unknown as () => void)()).toThrow(TypeError);
  });
});

describe('setters', () => {
  test('name and daemon refuse other types', () => {
    const child = new Process();
    expect(() => (child.name = 5 as never)).toThrow(TypeError);
    expect(() => (child.daemon = 'yes' as never)).toThrow(TypeError);
    expect(child.daemon).toBe(false);
  });
});

describe('start()', () => {
  test('a second time throws, whether the process runs or has ended', async () => {
    const queue = new Queue();
    const child = new Process({ target: (q: Queue) => void q.getSync(), args: [queue] }).start();
    expect(() => child.start()).toThrow(ProcessError);
    expect(() => child.start()).toThrow(/started/);
    queue.putSync('end');
    expect(await child.join()).toBe(0);
    expect(() => child.start()).toThrow(/started/);
  });

  const unsendable: [name: string, args: unknown[], path: string][] = [
    ['a promise', [Promise.resolve()], 'args[0]'],
    ['a symbol', [1, Symbol('s')], 'args[1]'],
    ['a pool', [new Pool(1)], 'args[0]'],
    ['a process', [new Process({ target() {} })], 'args[0]'],
    ['something deep inside', [0, { list: [new WeakMap()] }], 'args[1].list[0]'],
  ];
  test.each(unsendable)('refuses an argument that can not be sent: %s', (_, args, path) => {
    const child = new Process({ target: () => {}, args: args as never });
    expect(() => child.start()).toThrow(SerializationError);
    expect(() => child.start()).toThrow(expect.objectContaining({ code: 'ERR_SERIALIZATION', path }));
    expect(child.pid).toBeUndefined();
    expect(child.isAlive()).toBe(false);
    expect(activeChildren()).toEqual([]);
  });

  test('that failed may be called again', async () => {
    const args: unknown[] = [Symbol('s')];
    const child = new Process({ target: () => {}, args: args as never });
    expect(() => child.start()).toThrow(SerializationError);
    args[0] = 'sendable';
    child.start();
    expect(await child.join()).toBe(0);
  });

  test('refuses a target that can not be sent, and says what to do', () => {
    const child = new Process({ target: new Proxy(() => {}, {}) });
    expect(() => child.start()).toThrow(SerializationError);
    expect(() => child.start()).toThrow(/target/);
  });
});

describe('before start()', () => {
  const child = new Process({ target: () => {} });
  const uses: Record<string, () => unknown> = {
    joinSync: () => child.joinSync(),
    sentinel: () => child.sentinel,
    terminate: () => child.terminate(),
    kill: () => child.kill(),
    interrupt: () => child.interrupt(),
  };
  test.each(Object.keys(uses))('%s throws', (use) => {
    expect(uses[use]).toThrow(ProcessError);
    expect(uses[use]).toThrow(/not started/);
  });

  test('join() rejects', async () => {
    const joining = child.join();
    await expect(joining).rejects.toThrow(ProcessError);
    await expect(child.join()).rejects.toThrow(/not started/);
  });
});

describe('join()', () => {
  test.each([-1, NaN, -Infinity])('refuses a timeout of %s', async (timeout) => {
    const child = new Process({ target: () => {} }).start();
    expect(() => child.joinSync({ timeout })).toThrow(RangeError);
    expect(() => child.joinSync({ timeout })).toThrow(/timeout/);
    await expect(child.join({ timeout })).rejects.toThrow(RangeError);
    expect(await child.join()).toBe(0);
  });

  test.each(['5', null, {}])('refuses a timeout that is no number: %s', async (timeout) => {
    const child = new Process({ target: () => {} }).start();
    expect(() => child.joinSync({ timeout } as never)).toThrow(TypeError);
    await expect(child.join({ timeout } as never)).rejects.toThrow(TypeError);
    await expect(child.join({ signal: 'signal' } as never)).rejects.toThrow(/signal/);
    expect(await child.join()).toBe(0);
  });
});

describe('start methods', () => {
  test.each(['fork', '', 5, null])('setStartMethod(%s) and getContext(%s) throw', (method) => {
    expect(() => setStartMethod(method as never)).toThrow(/method/);
    expect(() => getContext(method as never)).toThrow(/method/);
  });
});

describe('configure()', () => {
  test.each([{ spares: -1 }, { spares: 1.5 }, { spares: '1' }, { spareIdle: -1 }, { spareIdle: NaN }, null, 5])(
    'refuses %o',
    (options) => {
      expect(() => configure(options as never)).toThrow();
    },
  );
});
