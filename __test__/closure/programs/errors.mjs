// Errors of classes that a child imports by itself, before and after this process has imported them.
import { getContext } from 'multiproc';

const { Pool } = getContext(process.argv[2]);
const pool = new Pool({ workers: 1 });
const caught = async (fn) => await pool.apply(fn).catch((error) => error);
const es = async () => (await import('./lib.mjs')).fail();
const cjs = async () => (await import('./lib.cjs')).default.fail();
const found = {};
const early = await caught(es);
found.early = [early instanceof Error, early.code, early.message, 'twice' in early];
const earlyCjs = await caught(cjs);
found.earlyCjs = [earlyCjs instanceof Error, earlyCjs.message];
const { Coded } = await import('./lib.mjs');
const {
  default: { Typed },
} = await import('./lib.cjs');
const late = await caught(es);
found.late = [late instanceof Coded, Object.getPrototypeOf(late) === Coded.prototype, late.code, late.twice];
const lateCjs = await caught(cjs);
found.lateCjs = [lateCjs instanceof Typed, lateCjs instanceof TypeError];
const within = await caught(async () => {
  const { Coded: Inner } = await import('./lib.mjs');
  throw new Error('outer', { cause: new Inner('inner', 4) });
});
found.cause = [within.cause instanceof Coded, within.cause.twice];
const hidden = await caught(async () => (await import('./lib.mjs')).failHidden());
found.hidden = [hidden instanceof Error, hidden.message];
await pool.close();
await pool.join();
console.log(JSON.stringify(found));
