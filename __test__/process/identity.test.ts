// Who is who in a tree of processes: names, parents, the main process.
import { expect, test } from 'vitest';
import { currentProcess, isMainProcess, parentProcess, Process, type ProcessError, Queue, wait } from 'multiproc';
import { noLeaks } from '../support/leaks';
import { result } from '../support/program';
import { threads } from '../support/start-method';

noLeaks();

interface Person {
  readonly name: string;
  readonly pid: number;
  readonly isMain: boolean;
  readonly daemon: boolean;
  readonly alive: boolean;
  readonly parent: { readonly name: string; readonly pid: number; readonly alive: boolean } | null;
}

test('the main process is called MainProcess and has no parent', () => {
  expect(currentProcess().name).toBe('MainProcess');
  expect(isMainProcess).toBe(true);
  expect(parentProcess()).toBeUndefined();
});

test('children and their children are numbered, and know their parents', async () => {
  const { main, people } = await result<{ main: number; people: Person[] }>('family');
  const named = Object.fromEntries(people.map((person) => [person.name, person]));
  expect(Object.keys(named).sort()).toEqual(['Process-1', 'Process-1:1', 'Process-1:2', 'Process-2', 'custom']);
  for (const { isMain, alive } of people) expect([isMain, alive]).toEqual([false, true]);
  expect(new Set(people.map(({ pid }) => pid)).size).toBe(threads ? 1 : 5);
  expect(named['Process-1'].parent).toEqual({ name: 'MainProcess', pid: main, alive: true });
  expect(named['Process-2'].parent).toEqual({ name: 'MainProcess', pid: main, alive: true });
  const first = { name: 'Process-1', pid: named['Process-1'].pid, alive: true };
  expect(named['Process-1:1'].parent).toEqual(first);
  expect(named['Process-1:2'].parent).toEqual(first);
  expect(named.custom.parent).toEqual({ name: 'Process-2', pid: named['Process-2'].pid, alive: true });
});

test('names can be given, and changed before the start', () => {
  const child = new Process({ target: () => {}, name: 'given' });
  expect(child.name).toBe('given');
  child.name = 'changed';
  expect(child.name).toBe('changed');
  expect(new Process().name).toMatch(/^Process-\d+$/);
});

test('a child can wait for its parent, which neither it nor itself can be closed while it runs', async () => {
  const answers = new Queue<unknown[]>();
  const child = new Process({
    target: async (q: Queue<unknown[]>) => {
      const parent = parentProcess()!;
      const looks = [await parent.join({ timeout: 10 }), parent.joinSync({ timeout: 10 }), parent.sentinel.ready];
      const ended = await wait([parent.sentinel], { timeout: 10 });
      const codeOf = (close: () => void) => {
        try {
          return close();
        } catch (error) {
          return (error as ProcessError).code;
        }
      };
      const closes = [codeOf(() => parent.close()), codeOf(() => currentProcess().close())];
      q.putSync([...looks, ended.length, ...closes, parent.isAlive()]);
    },
    args: [answers],
  }).start();
  const running = 'ERR_PROCESS_RUNNING';
  expect(await answers.get()).toEqual([null, null, false, 0, running, running, true]);
  expect(await child.join()).toBe(0);
  expect(() => currentProcess().close()).toThrow(/MainProcess still runs/);
  expect(currentProcess().name).toBe('MainProcess');
});
