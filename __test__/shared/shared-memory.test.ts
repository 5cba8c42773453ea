// Named memory: unrelated processes of one user attach to it by name, and nothing is left of it.
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { NotOwnerError, Process, Queue, SharedMemory } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { Program, result } from '../support/program';
import { until } from '../support/until';

noLeaks();

const name = () => `test-${randomUUID()}`;
const files = (of: string) => readdirSync('/dev/shm').filter((file) => file.includes(of));

test('a block has a name, a size and a buffer', () => {
  using block = new SharedMemory({ create: true, size: 512 });
  expect(block.name).toMatch(/^psm_[0-9a-f]{12}$/);
  expect(block.size).toBe(512);
  expect(block.buffer).toBeInstanceOf(ArrayBuffer);
  expect(block.buffer.byteLength).toBe(512);
  expect(new Uint8Array(block.buffer).every((byte) => byte === 0)).toBe(true);
  expect(block.buffer).toBe(block.buffer);
});

test('who attaches has the same memory', () => {
  using block = new SharedMemory({ name: name(), create: true, size: 100 });
  using same = new SharedMemory({ name: block.name });
  expect([same.size, same.name]).toEqual([100, block.name]);
  new Uint8Array(block.buffer)[42] = 7;
  expect(new Uint8Array(same.buffer)[42]).toBe(7);
});

test('an unrelated process attaches by name; what it wrote stays when it has ended', async () => {
  using block = new SharedMemory({ name: name(), create: true, size: 8 });
  new Uint8Array(block.buffer)[0] = 1;
  expect(await result('named-memory', ['increment', block.name])).toBe(2);
  expect(new Uint8Array(block.buffer)[0]).toBe(2);
});

test('it can be handed to another process: it travels as its name', async () => {
  using block = new SharedMemory({ create: true, size: 8 });
  const queue = new Queue<SharedMemory>();
  queue.putSync(block);
  const target = async (given: SharedMemory, q: Queue<SharedMemory>) => {
    const got = await q.get();
    new Uint8Array(given.buffer)[0] = 5;
    new Uint8Array(got.buffer)[1] = 6;
  };
  expect(await new Process({ target, args: [block, queue] }).start().join()).toBe(0);
  expect([...new Uint8Array(block.buffer)].slice(0, 2)).toEqual([5, 6]);
});

describe('names', () => {
  test('that are taken: EEXIST. That are not: ENOENT', () => {
    using block = new SharedMemory({ name: name(), create: true, size: 1 });
    expect(() => new SharedMemory({ name: block.name, create: true, size: 1 })).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
    expect(() => new SharedMemory({ name: name() })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('go with unlink(); those who use the block go on', () => {
    using block = new SharedMemory({ name: name(), create: true, size: 4 });
    using user = new SharedMemory({ name: block.name });
    block.unlink();
    expect(() => new SharedMemory({ name: block.name })).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    new Uint8Array(block.buffer)[0] = 3;
    expect(new Uint8Array(user.buffer)[0]).toBe(3);
    using again = new SharedMemory({ name: block.name, create: true, size: 4 });
    expect(new Uint8Array(again.buffer)[0]).toBe(0);
  });

  test('only the owner takes them away, once', () => {
    using block = new SharedMemory({ name: name(), create: true, size: 4 });
    using user = new SharedMemory({ name: block.name });
    expect(() => user.unlink()).toThrow(NotOwnerError);
    block.unlink();
    expect(() => block.unlink()).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('close(), then unlink(), as in Python', () => {
    const block = new SharedMemory({ name: name(), create: true, size: 4 });
    block.close();
    block.unlink();
    expect(files(block.name)).toEqual([]);
    expect(() => block.unlink()).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });

  test('an unlink() after the name was given away leaves the new block alone', () => {
    const old = new SharedMemory({ name: name(), create: true, size: 4 });
    old.close();
    using young = new SharedMemory({ name: old.name, create: true, size: 4 });
    old.unlink();
    using user = new SharedMemory({ name: young.name });
    expect(user.size).toBe(4);
  });

  test('of all characters but / and NUL', () => {
    using block = new SharedMemory({ name: `${name()} ä漢.%`, create: true, size: 4 });
    using user = new SharedMemory({ name: block.name });
    expect(user.name).toBe(block.name);
  });
});

describe('close()', () => {
  test('empties the buffer and its views, may be repeated, and ends every use', () => {
    const block = new SharedMemory({ create: true, size: 64 });
    const bytes = new Uint8Array(block.buffer);
    block.close();
    block.close();
    expect(bytes).toHaveLength(0);
    expect(() => block.buffer).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    expect(() => new Queue().putSync(block)).toThrow(/closed/);
    expect([block.size, block.name.length]).toEqual([64, 16]);
  });

  test('of the last user takes the block with it, whoever that is', () => {
    const block = new SharedMemory({ name: name(), create: true, size: 4 });
    const user = new SharedMemory({ name: block.name });
    block.close();
    using late = new SharedMemory({ name: block.name });
    expect(late.size).toBe(4);
    late.close();
    user.close();
    expect(files(block.name)).toEqual([]);
  });
});

describe('nothing is left', () => {
  test.each(['exit', 'return', 'throw'])('by an owner that ends by %s without closing', async (way) => {
    const of = name();
    await new Program('named-memory', ['own', of, way]).ended;
    expect(files(of)).toEqual([]);
  });

  test('by an owner that was killed: its name is free, and swept at the next start', async () => {
    const of = name();
    const program = new Program('named-memory', ['own', of, 'wait']);
    await program.json();
    expect(files(of)).toHaveLength(1);
    program.kill('SIGKILL');
    await program.ended;
    // Any process that begins to use named memory sweeps.
    expect(await result('named-memory', ['exists', of])).toBe(false);
    expect(files(of)).toEqual([]);
    using block = new SharedMemory({ name: of, create: true, size: 4 });
    expect(block.size).toBe(4);
  });

  test('by a child that was killed, without any further use', async () => {
    using mine = new SharedMemory({ create: true, size: 1 });
    const of = name();
    const told = new Queue();
    const child = new Process({ target: ownForever, args: [mine, of, told] }).start();
    await told.get();
    expect(files(of)).toHaveLength(1);
    child.kill();
    await child.join();
    await until('the file is swept', () => files(of).length === 0);
    expect(files(mine.name)).toHaveLength(1);
  });

  test('of an owner that was killed while another uses it: the other goes on, and the last takes it along', async () => {
    const of = name();
    const program = new Program('named-memory', ['own', of, 'wait']);
    await program.json();
    const user = new SharedMemory({ name: of });
    program.kill('SIGKILL');
    await program.ended;
    new Uint8Array(user.buffer)[0] = 9;
    using late = new SharedMemory({ name: of });
    expect(new Uint8Array(late.buffer)[0]).toBe(9);
    user.close();
    late.close();
    expect(files(of)).toEqual([]);
  });
});

/** Makes a block by the class of one that it was given, and keeps it. */
function ownForever(mine: SharedMemory, of: string, told: Queue): void {
  const block = new (mine.constructor as typeof SharedMemory)({ name: of, create: true, size: 1 << 20 });
  told.putSync(block.size);
  setTimeout(() => block, 1e9);
}

test('many processes make, use and leave blocks of the same names: each ends as one of two errors or well', async () => {
  const { made, attached, wrong } = await result('named-memory', ['churn', name(), 3]);
  expect(wrong).toEqual([]);
  expect(made).toBeGreaterThan(0);
  expect(attached).toBeGreaterThanOrEqual(0);
});

describe('bad arguments', () => {
  test.each([undefined, null, 5, 'name'])('options that are no object: %s', (options) => {
    expect(() => new SharedMemory(options as never)).toThrow(TypeError);
  });
  test.each([5, null, {}, '', 'a/b', 'a\0b', 'x'.repeat(201)])('a name that is none: %s', (wrong) => {
    expect(() => new SharedMemory({ name: wrong as never, create: true, size: 1 })).toThrow(TypeError);
    expect(() => new SharedMemory({ name: wrong as never })).toThrow(/name/);
  });
  test('no name where it is not made', () => {
    expect(() => new SharedMemory({})).toThrow(TypeError);
  });
  test.each([0, -1, 1.5, NaN, Infinity])('a size of %s', (size) => {
    expect(() => new SharedMemory({ create: true, size })).toThrow(RangeError);
  });
  test.each([undefined, '5', null, 5n])('a size that is no number: %s', (size) => {
    expect(() => new SharedMemory({ create: true, size: size as never })).toThrow(TypeError);
  });
  test.each([1, 'yes', null])('create that is no boolean: %s', (create) => {
    expect(() => new SharedMemory({ name: name(), create: create as never, size: 1 })).toThrow(TypeError);
  });
  test('more than there is', () => {
    expect(() => new SharedMemory({ create: true, size: 2 ** 50 })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }),
    );
  });
});
