// What the target threw, as its parent sees it.
import { describe, expect, test } from 'vitest';
import { Process, Queue, QueueEmptyError } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { run } from '../support/program';

noLeaks();

/** What the child of that target threw; it must have ended with 1. */
async function thrownBy(target: () => unknown): Promise<any> {
  const child = new Process({ target }).start();
  expect(await child.join()).toBe(1);
  return child.error;
}

test('nothing was thrown: undefined, whatever the exit code', async () => {
  for (const target of [() => {}, () => process.exit(4)]) {
    const child = new Process({ target }).start();
    await child.join();
    expect(child.error).toBeUndefined();
  }
});

describe('an Error', () => {
  test('keeps its message, and the stack of the child', async () => {
    const error = await thrownBy(function failing() {
      throw new Error('it failed');
    });
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe('it failed');
    expect(error.stack).toMatch(/^Error: it failed\n/);
    expect(error.stack).toContain('failing');
    expect(error.stack).toContain('error.test.ts');
  });

  test('is the same object each time it is asked for', async () => {
    const child = new Process({
      target: () => {
        throw new Error('once');
      },
    }).start();
    await child.join();
    expect(child.error).toBe(child.error);
  });

  test('of a builtin class is of that class', async () => {
    const error = await thrownBy(() => (null as any).x);
    expect(error).toBeInstanceOf(TypeError);
    expect(
      await thrownBy(() => {
        throw new RangeError('r');
      }),
    ).toBeInstanceOf(RangeError);
    expect(await thrownBy(() => JSON.parse('{'))).toBeInstanceOf(SyntaxError);
  });

  test('of this library is of that class', async () => {
    const target = (q: Queue) => q.getNoWait();
    const child = new Process({ target, args: [new Queue()] }).start();
    expect(await child.join()).toBe(1);
    expect(child.error).toBeInstanceOf(QueueEmptyError);
    expect(child.error).toMatchObject({ code: 'ERR_QUEUE_EMPTY' });
  });

  test('of a class that is not known here keeps its name, and is an Error', async () => {
    const error = await thrownBy(() => {
      class OutOfCheese extends Error {
        override name = 'OutOfCheese';
        readonly left: number;
        constructor(left: number, _needed: object) {
          super(`${left} left`);
          this.left = left;
        }
      }
      throw new OutOfCheese(3, {});
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'OutOfCheese', message: '3 left', left: 3 });
  });

  test('keeps its cause, however deep, and its own properties', async () => {
    const error = await thrownBy(() => {
      const root = new SyntaxError('root');
      const middle = new Error('middle', { cause: root });
      throw Object.assign(new Error('top', { cause: middle }), { code: 'E_TOP', data: [1, new Map([['k', 'v']])] });
    });
    expect(error.cause.message).toBe('middle');
    expect(error.cause.cause).toBeInstanceOf(SyntaxError);
    expect(error.code).toBe('E_TOP');
    expect(error.data).toEqual([1, new Map([['k', 'v']])]);
  });

  test('keeps a cause that is no error, and one that leads back to it', async () => {
    expect(
      (
        await thrownBy(() => {
          throw new Error('x', { cause: 'text' });
        })
      ).cause,
    ).toBe('text');
    const error = await thrownBy(() => {
      const circular: Error = new Error('circular');
      circular.cause = circular;
      throw circular;
    });
    expect(error.message).toBe('circular');
  });

  test('that holds several keeps them', async () => {
    const error = await thrownBy(() => Promise.any([Promise.reject(new TypeError('a')), Promise.reject('b')]));
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(TypeError);
    expect(error.errors[1]).toBe('b');
  });

  test('of the system keeps code, errno and path', async () => {
    const error = await thrownBy(() => process.getBuiltinModule('node:fs').readFileSync('/nowhere/at/all'));
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/nowhere/at/all' });
  });

  test('with a message of a megabyte arrives whole', async () => {
    const error = await thrownBy(() => {
      throw new Error('m'.repeat(1 << 20));
    });
    expect(error.message).toHaveLength(1 << 20);
  });
});

describe('anything else that is thrown arrives as it was', () => {
  const cases: [name: string, target: () => unknown, value: unknown][] = [
    [
      'null',
      () => {
        throw null;
      },
      null,
    ],
    [
      'a string',
      () => {
        throw 'text';
      },
      'text',
    ],
    [
      '0',
      () => {
        throw 0;
      },
      0,
    ],
    [
      'a bigint',
      () => {
        throw 5n;
      },
      5n,
    ],
    [
      'a frozen object',
      () => {
        throw Object.freeze({ frozen: true });
      },
      { frozen: true },
    ],
    [
      'an array',
      () => {
        throw [1, [2]];
      },
      [1, [2]],
    ],
    ['a rejection without an error', () => Promise.reject({ rejected: 1 }), { rejected: 1 }],
  ];
  test.each(cases)('%s', async (_, target, value) => {
    expect(await thrownBy(target)).toStrictEqual(value);
  });

  test('undefined: the exit code alone tells', async () => {
    expect(
      await thrownBy(() => {
        throw undefined;
      }),
    ).toBeUndefined();
  });
});

describe('what can not be sent still tells something', () => {
  const cases: [name: string, target: () => unknown, text: string][] = [
    [
      'a symbol',
      () => {
        throw Symbol('marker');
      },
      'marker',
    ],
    [
      'a function',
      () => {
        throw function thrownFunction() {};
      },
      '',
    ],
    [
      'an error with a getter that throws',
      () => {
        throw Object.defineProperty(new Error('visible'), 'trap', {
          enumerable: true,
          get() {
            throw new Error('trap');
          },
        });
      },
      'visible',
    ],
    [
      'an error whose message throws',
      () => {
        throw Object.defineProperty(new Error(), 'message', {
          get() {
            throw new Error('trap');
          },
        });
      },
      '',
    ],
    [
      'an error with a property that can not be sent',
      () => {
        throw Object.assign(new Error('visible'), { pending: Promise.resolve(), timer: setTimeout(() => {}, 0) });
      },
      'visible',
    ],
    [
      'a frozen error',
      () => {
        throw Object.freeze(new Error('visible'));
      },
      'visible',
    ],
    [
      'an error without a stack',
      () => {
        throw Object.assign(new Error('visible'), { stack: undefined });
      },
      'visible',
    ],
    [
      'a proxy that throws at everything',
      () => {
        throw new Proxy(
          {},
          {
            get() {
              throw new Error('trap');
            },
            ownKeys() {
              throw new Error('trap');
            },
            getPrototypeOf() {
              throw new Error('trap');
            },
          },
        );
      },
      '',
    ],
    [
      'an object with a null prototype',
      () => {
        throw Object.create(null, { a: { value: 1, enumerable: true } });
      },
      '',
    ],
  ];
  test.each(cases)('%s', async (_, target, text) => {
    const error = await thrownBy(target);
    expect(error).toBeDefined();
    expect(typeof error === 'object' ? String(error.message ?? '') : String(error)).toContain(text);
  });
});

describe('an error outside of the target', () => {
  test('in a timer arrives as well', async () => {
    const error = await thrownBy(
      () =>
        void setTimeout(() => {
          throw new TypeError('in a timer');
        }, 1),
    );
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe('in a timer');
  });

  test('as an unhandled rejection arrives as well', async () => {
    const error = await thrownBy(() => void Promise.reject(new RangeError('unhandled')));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('unhandled');
  });

  test('that the child handles itself is none', async () => {
    const child = new Process({
      target: () => {
        process.on('uncaughtException', () => {});
        setTimeout(() => {
          throw new Error('handled');
        }, 1);
      },
    }).start();
    expect(await child.join()).toBe(0);
    expect(child.error).toBeUndefined();
  });
});

test('is there as soon as the exit code is, without the event loop', async () => {
  const child = new Process({
    target: () => {
      throw new Error('seen at once');
    },
  }).start();
  expect(child.joinSync()).toBe(1);
  expect((child.error as Error).message).toBe('seen at once');
});

test('does not throw in the parent, where nobody asks for it; stderr names the process and the error', async () => {
  const { code, stdout, stderr } = await run('failing-child');
  expect(code).toBe(0);
  expect(stdout).toBe('parent goes on\n');
  expect(stderr).toContain('Process Failing:');
  expect(stderr).toContain('Error: only here');
  expect(stderr).toContain('at fail');
  expect(stderr.match(/only here/g)).toHaveLength(1);
});
