// What the compiler infers of calls, and what it refuses: checked by types.test.ts, never run.
/* oxlint-disable no-unused-vars, no-unused-expressions -- what is declared is what is checked */
import {
  Pool,
  Process,
  Queue,
  Pipe,
  wait,
  waitSync,
  getContext,
  currentTask,
  share,
  Value,
  SynchronizedArray,
  sharedArray,
  Lock,
  parallel,
  currentProcess,
  parentProcess,
  activeChildren,
  WorkerDiedError,
  type TimeoutError,
  TaskTimeoutError,
  type Target,
  type Connection,
} from 'multiproc';
type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<A, B>(_: Eq<A, B>): void {}
const pool = new Pool(2);
const a1 = await pool.map((x) => x * 2, [1, 2]);
is<typeof a1, number[]>(true);
const a2 = await pool.map(async (x) => String(x), [1, 2]);
is<typeof a2, string[]>(true);
const a3 = await pool.map((x) => x.length, new Set(['a']));
is<typeof a3, number[]>(true);
const a4 = await pool.map(([a, b]) => a.length + b, [
  ['a', 1],
  ['b', 2],
] as [string, number][]);
is<typeof a4, number[]>(true);
const a5 = await pool.map(
  (x) => x,
  (async function* () {
    yield 1;
  })(),
);
is<typeof a5, number[]>(true);
const a6 = await pool.map(Math.sqrt, [1, 2]);
is<typeof a6, number[]>(true);
const a7 = await pool.map((x) => x, [1, 'a'] as const);
is<typeof a7, (1 | 'a')[]>(true);
const a8 = await pool.map((x) => x, new Float64Array(3));
is<typeof a8, number[]>(true);
const a10 = await pool.map(() => {}, [1]);
is<typeof a10, void[]>(true);
const a11 = await pool.map(([k, v]) => k + v, new Map<string, number>());
is<typeof a11, string[]>(true);
const a12 = pool.mapSync((x) => x > 1, [1]);
is<typeof a12, boolean[]>(true);
const a13 = pool.mapSync(async (x) => x > 1, [1]);
is<typeof a13, boolean[]>(true);
const a14 = await pool.mapSettled((x) => x + '', [1]);
is<typeof a14, PromiseSettledResult<string>[]>(true);
const s1 = await pool.starmap(
  (a: number, b: string) => a + b,
  [
    [1, 'a'],
    [2, 'b'],
  ],
);
is<typeof s1, string[]>(true);
const s2 = await pool.starmap((a: number, b: number) => a * b, new Map([[1, 2]]));
is<typeof s2, number[]>(true);
const s3 = await pool.starmap(async (a: number) => a, [[1]]);
is<typeof s3, number[]>(true);
const s4 = await pool.starmap(Math.max, [
  [1, 2],
  [3, 4],
]);
is<typeof s4, number[]>(true);
const s5 = await pool.starmap((a: number, b = 2) => a + b, [[1], [1, 2]]);
is<typeof s5, number[]>(true);
const s6 = await pool.starmap(
  (a: string, b: number) => a,
  [['a', 1]].map(([a, b]) => [a as string, b as number] as const),
);
is<typeof s6, string[]>(true);
const s7 = await pool.starmap((a, b) => a + b, [
  [1, 2],
  [3, 4],
] as [number, number][]);
is<typeof s7, number>(false);
// @ts-expect-error wrong item type
await pool.starmap((a: number, b: string) => a, [[1, 2]]);
// @ts-expect-error wrong item type
await pool.map((x: string) => x, [1]);
const p1 = await pool.apply((a: number, b: number) => a + b, [1, 2]);
is<typeof p1, number>(true);
const p2 = await pool.apply((a, b) => a + b.length, [1, 'x']);
is<typeof p2, number>(true);
const p3 = await pool.apply(async () => 'x');
is<typeof p3, string>(true);
const p4 = await pool.apply(() => 1);
is<typeof p4, number>(true);
const p5 = await pool.apply((a?: number) => a ?? 1);
is<typeof p5, number>(true);
const p6 = await pool.apply((...xs: number[]) => xs.length, [1, 2, 3]);
is<typeof p6, number>(true);
const p7 = await pool.apply(Math.max, [1, 2]);
is<typeof p7, number>(true);
const p8 = await pool.apply(() => 1, [], { timeout: 5 });
is<typeof p8, number>(true);
const p10 = pool.applySync(async (x: number) => ({ x }), [1]);
is<typeof p10, { x: number }>(true);
// @ts-expect-error missing args
await pool.apply((a: number) => a);
// @ts-expect-error wrong args
await pool.apply((a: number) => a, ['x']);
// @ts-expect-error too many
await pool.apply((a: number) => a, [1, 2]);
// @ts-expect-error signal in Sync
pool.applySync(() => 1, [], { signal: new AbortController().signal });
for await (const x of pool.imap((x) => x + '', [1])) is<typeof x, string>(true);
for await (const x of pool.imapUnordered(async (x) => x + '', new Set([1]))) is<typeof x, string>(true);
for await (const x of pool.imapSettled((x) => x + '', [1])) {
  x.index satisfies number;
  if (x.status === 'fulfilled') is<typeof x.value, string>(true);
}
for await (const x of pool.imap(
  (x) => x,
  (async function* () {
    yield 'a';
  })(),
))
  is<typeof x, string>(true);
const im = pool.imap((x: number) => x, [1]);
is<typeof im, AsyncGenerator<number, void, undefined>>(true);
// @ts-expect-error
new Pool('2');
// @ts-expect-error
new Pool({ processes: 2, startMethod: 'fork' });
new Pool(2, { initializer: (a: number) => {}, initArgs: [1] });
new Pool(2, { initializer: async (q: Queue<number>) => {}, initArgs: [new Queue<number>()] });
await using pp = new Pool();
pool.stats.runTime.percentile(99) satisfies number;
pool.map((x) => x, [1], {
  progress: (d, n) => {
    is<typeof d, number>(true);
    is<typeof n, number | undefined>(true);
  },
});
// Process
new Process({ target: (a: number, b: string) => {}, args: [1, 'a'] });
new Process({
  target: (a, b) => {
    a.toFixed();
  },
  args: [1, 'a'],
});
new Process({ target: () => {} });
new Process({ target: (a?: number) => {} });
new Process({ target: console.log, args: [1, 'x'] });
new Process({ target: async () => {} });
new Process();
new Process({});
new Process({ name: 'x', daemon: true });
// @ts-expect-error missing
new Process({ target: (a: number) => {} });
// @ts-expect-error wrong
new Process({ target: (a: number) => {}, args: ['x'] });
// @ts-expect-error too many
new Process({ target: (a: number) => {}, args: [1, 2] });
const q = new Queue<string>();
is<Awaited<ReturnType<typeof q.get>>, string>(true);
const pr = new Process({ target: (q: Queue<string>) => q.putSync('x'), args: [q] });
// @ts-expect-error
await q.put(5);
for await (const s of q) is<typeof s, string>(true);
for (const s of q) is<typeof s, string>(true);
const gm = await q.getMany(5);
is<typeof gm, string[]>(true);
const anyq = new Queue();
is<ReturnType<typeof anyq.getSync>, any>(true);
class W extends Process {
  constructor(public x: number) {
    super();
  }
  override run() {
    return this.x;
  }
}
class W2 extends Process {
  constructor(public x: number) {
    super({ name: 'w', daemon: true });
  }
  override async run() {}
}
new W(1)
  .start()
  .join()
  .then((c) => is<typeof c, number | null>(true));
const [r, wr] = Pipe<number>({ duplex: false });
is<ReturnType<typeof r.recvSync>, number>(true);
wr.sendSync(1);
// @ts-expect-error
wr.sendSync('x');
// @ts-expect-error
r.sendSync(1);
const [da, db] = Pipe<number, string>();
da.sendSync(1);
is<ReturnType<typeof da.recvSync>, string>(true);
db.sendSync('x');
const w1 = await wait([r, q, pr, pr.sentinel]);
w1[0] satisfies Connection<any, any> | Queue | Process | { ready: boolean };
const w2 = waitSync([pr, pr]);
is<typeof w2, Process<[q: Queue<string>]>[]>(true);
const ctx = getContext('thread');
const cp = new ctx.Pool(2);
const cr = await cp.map((x) => x + 1, [1]);
is<typeof cr, number[]>(true);
new ctx.Process({ target: (a: number) => {}, args: [1] });
const cq = new ctx.Queue<number>();
cq.getSync().toFixed();
const sh = share({ a: [1] });
is<typeof sh.value, { a: number[] }>(true);
const v = new Value('int32', 5);
is<typeof v.value, number>(true);
const vb = new Value('bigint64', 5n);
is<typeof vb.value, bigint>(true);
// @ts-expect-error
new Value('bigint64', 5);
const sa = new SynchronizedArray('float32', [1, 2]);
sa.array satisfies Float32Array;
const ar = sharedArray(Float64Array, 5);
ar.fill(1);
const sarr = sharedArray(BigInt64Array, [1n]);
is<(typeof sarr)[number], bigint>(true);
const l = new Lock();
const lr = await l.run(async () => 5);
is<typeof lr, number>(true);
const ls = l.runSync(() => 'x');
is<typeof ls, string>(true);
// @ts-expect-error promise
l.runSync(async () => 5);
const pm = await parallel.map((x) => x * 2, new Float32Array(2));
pm satisfies Float32Array;
currentTask()?.report(5);
currentProcess().name satisfies string;
parentProcess()?.pid;
activeChildren().map((p) => p.pid);
const f: Target = (a, b) => a;
const f2: Target<[number], string> = (n) => String(n);
(await pool.apply(f2, [1])) satisfies string;
declare const e: unknown;
if (e instanceof WorkerDiedError) {
  is<typeof e.exitCode, number | null>(true);
  e.pid.toFixed();
}
if (e instanceof TaskTimeoutError) {
  const t: TimeoutError = e;
}
