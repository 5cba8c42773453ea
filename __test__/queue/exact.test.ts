// A million items, two producers, two consumers: none lost, none twice, each producer's in order.
import { expect, test } from 'vitest';
import { Process, Queue } from 'multiproc';
import { noLeaks } from '../support/leaks';

noLeaks();

interface Account {
  readonly count: number;
  readonly sum: number;
  readonly inOrder: boolean;
}

/** Puts the numbers from `first` on. */
function produce(queue: Queue<number>, first: number, count: number) {
  for (let i = first; i < first + count; i++) queue.putSync(i);
  queue.close();
}

/** Gets until the queue is closed; the numbers of each half must rise. */
function consume(queue: Queue<number>, accounts: Queue<Account>, half: number) {
  let count = 0;
  let sum = 0;
  let inOrder = true;
  const last = [-1, half - 1];
  for (const n of queue) {
    const producer = n < half ? 0 : 1;
    if (n <= last[producer]) inOrder = false;
    last[producer] = n;
    count++;
    sum += n;
  }
  accounts.putSync({ count, sum, inOrder });
}

async function transfer(total: number, maxSize: number): Promise<void> {
  const queue = new Queue<number>(maxSize, { producers: 2 });
  const accounts = new Queue<Account>();
  const half = total / 2;
  const children = [
    new Process({ target: consume, args: [queue, accounts, half] }).start(),
    new Process({ target: consume, args: [queue, accounts, half] }).start(),
    new Process({ target: produce, args: [queue, 0, half] }).start(),
    new Process({ target: produce, args: [queue, half, half] }).start(),
  ];
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  const [one, two] = accounts.getManySync(2);
  expect(one.inOrder && two.inOrder).toBe(true);
  expect(one.count + two.count).toBe(total);
  expect(one.sum + two.sum).toBe((total * (total - 1)) / 2);
  expect(queue.size).toBe(0);
}

test('1,000,000 through an unbounded queue', () => transfer(1_000_000, 0));

test('200,000 through a queue of 100', () => transfer(200_000, 100));

test('the same with awaiting producers and consumers, 40,000 through a queue of 10', async () => {
  const queue = new Queue<number>(10, { producers: 2 });
  const sums = new Queue<[count: number, sum: number]>();
  const put = async (q: Queue<number>, first: number) => {
    for (let i = first; i < first + 20_000; i++) await q.put(i);
    q.close();
  };
  const get = async (q: Queue<number>, s: Queue<[number, number]>) => {
    let count = 0;
    let sum = 0;
    for await (const n of q) {
      count++;
      sum += n;
    }
    s.putSync([count, sum]);
  };
  const children = [
    new Process({ target: get, args: [queue, sums] }).start(),
    new Process({ target: get, args: [queue, sums] }).start(),
    new Process({ target: put, args: [queue, 0] }).start(),
    new Process({ target: put, args: [queue, 20_000] }).start(),
  ];
  expect(await Promise.all(children.map((child) => child.join()))).toEqual([0, 0, 0, 0]);
  const [one, two] = sums.getManySync(2);
  expect(one[0] + two[0]).toBe(40_000);
  expect(one[1] + two[1]).toBe((40_000 * 39_999) / 2);
});
