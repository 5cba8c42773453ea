// The event: set, cleared, and waited for by any number of threads and processes.
import { expect, test } from 'vitest';
import { Event, Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

test('is not set at first, then set, then not', () => {
  const event = new Event();
  expect(event.isSet()).toBe(false);
  expect(event.set()).toBeUndefined();
  expect(event.isSet()).toBe(true);
  event.set();
  expect(event.isSet()).toBe(true);
  expect(event.clear()).toBeUndefined();
  expect(event.isSet()).toBe(false);
  event.clear();
  expect(event.isSet()).toBe(false);
});

test('wait() gives true at once where it is set, false after the timeout where it is not', async () => {
  const event = new Event();
  expect(await event.wait({ timeout: 0 })).toBe(false);
  expect(event.waitSync({ timeout: 0 })).toBe(false);
  for (const way of ['wait', 'waitSync'] as const) {
    const begun = performance.now();
    expect(await event[way]({ timeout: 60 })).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(59);
  }
  event.set();
  expect(await event.wait({ timeout: 0 })).toBe(true);
  expect(event.waitSync({ timeout: 0 })).toBe(true);
  expect(await event.wait()).toBe(true);
  expect(event.waitSync()).toBe(true);
});

test('set() lets all through that wait, blocked or awaiting, in any process', async () => {
  const event = new Event();
  const said = new Queue<unknown>();
  const blocked = (e: Event, q: Queue<unknown>) => {
    q.putSync('waiting');
    q.putSync(e.waitSync());
  };
  const awaiting = async (e: Event, q: Queue<unknown>) => {
    const waits = [e.wait(), e.wait()];
    q.putSync('waiting');
    q.putSync((await Promise.all(waits)).every(Boolean));
  };
  const children = [blocked, awaiting, blocked, awaiting].map((target) =>
    new Process({ target, args: [event, said] }).start(),
  );
  const here = Array.from({ length: 10 }, () => event.wait());
  for (let i = 0; i < 4; i++) expect(await said.get()).toBe('waiting');
  event.set();
  for (let i = 0; i < 4; i++) expect(await said.get()).toBe(true);
  expect((await Promise.all(here)).every(Boolean)).toBe(true);
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
});

test('a child may set what its parent waits for', async () => {
  const event = new Event();
  const child = new Process({ target: (e: Event) => e.set(), args: [event] }).start();
  expect(await event.wait()).toBe(true);
  await child.join();
  event.clear();
  const later = new Process({ target: (e: Event) => void setTimeout(() => e.set(), 50), args: [event] }).start();
  expect(event.waitSync()).toBe(true);
  await later.join();
});

test('set() and clear() at once let through all that waited, and nobody who comes later', async () => {
  const event = new Event();
  const said = new Queue<unknown>();
  const target = (e: Event, q: Queue<unknown>) => {
    q.putSync('waiting');
    q.putSync(e.waitSync());
  };
  const child = new Process({ target, args: [event, said] }).start();
  const here = [event.wait(), event.wait()];
  await said.get();
  await new Promise((resolve) => setTimeout(resolve, 50));
  event.set();
  event.clear();
  const late = event.wait({ timeout: 20 });
  expect(await Promise.all(here)).toEqual([true, true]);
  expect(await late).toBe(false);
  expect(await said.get()).toBe(true);
  await child.join();
});

test('an abort rejects with its reason, also where the event is set, and leaves the others', async () => {
  const event = new Event();
  const controller = new AbortController();
  const aborted = event.wait({ signal: controller.signal });
  const behind = event.wait();
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  event.set();
  expect(await behind).toBe(true);
  await expect(event.wait({ signal: AbortSignal.abort('before') })).rejects.toBe('before');
});

test('a waiter that is killed disturbs nobody', async () => {
  const event = new Event();
  const said = new Queue<string>();
  const target = (e: Event, q: Queue<string>) => {
    q.putSync('waiting');
    e.waitSync();
  };
  const victims = [1, 2].map(() => new Process({ target, args: [event, said] }).start());
  await said.get();
  await said.get();
  const waiting = event.wait();
  for (const victim of victims) victim.kill();
  for (const victim of victims) expect(await victim.join()).toBe(-9);
  expect(event.isSet()).toBe(false);
  event.set();
  expect(await waiting).toBe(true);
});

test('a thousand pulses reach one that waits each time', async () => {
  const event = new Event();
  const seen = new Event();
  const target = (e: Event, s: Event) => {
    for (let i = 0; i < 1000; i++) {
      e.waitSync();
      e.clear();
      s.set();
    }
  };
  const child = new Process({ target, args: [event, seen] }).start();
  for (let i = 0; i < 1000; i++) {
    event.set();
    await seen.wait();
    seen.clear();
  }
  expect(await child.join()).toBe(0);
});
