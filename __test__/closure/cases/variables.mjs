// Variables of every kind of scope, by value.
import { across, check, finish, refused, same } from '../support/across.cjs';

globalThis.ranMain = (globalThis.ranMain ?? 0) + 1;
const c = 3;
let l = 4;
var v = 5;
await same('const, let and var of the module', () => c + l + v);

function outer(a, { b, ...rest }, [d = 9] = [], ...more) {
  const e = a + 1;
  var f = e + 1;
  return () => [a, b, rest, d, e, f, more, c];
}
await same('parameters and locals of a function', outer(1, { b: 2, x: 3 }, [], 7, 8));

const byLet = [];
for (let i = 0; i < 3; i++) byLet.push(() => i);
await same('the loop variable of a let', byLet[1]);
const byVar = [];
for (var w = 0; w < 3; w++) byVar.push(() => w);
await same('the loop variable of a var', byVar[1]);
const byOf = [];
for (const { q } of [{ q: 1 }, { q: 2 }]) {
  const z = q * 2;
  byOf.push(() => q + z);
}
await same('for-of with destructuring, and a block', byOf[1]);
try {
  throw new Error('caught');
} catch (error) {
  await same('a catch parameter', () => error.message);
}
{
  const shadow = c + 1;
  const c2 = (c) => c + shadow;
  await same('a name that is shadowed inside', c2, { args: [1] });
}
switch (1) {
  case 1: {
    const inCase = 'case';
    await same('a variable of a switch', () => inCase);
  }
}
class WithStaticBlock {
  static read;
  static {
    const inBlock = 8;
    this.read = () => inBlock;
  }
}
await same('a variable of a static block', WithStaticBlock.read);

let counter = 0;
await same('a written variable is a copy', () => ++counter, { want: 1 });
check('and the original stays', counter === 0);
const readCounter = () => counter;
counter = 41;
await same('a value is read at each capture', readCounter, { want: 41 });
counter = 42;
await same('and read again', readCounter, { want: 42 });

let nothing;
const known = { flag: undefined };
const { flag } = known;
const late = (() => undefined)();
await same('variables that are undefined', () => [nothing, flag, late]);
const asynchronous = async () => {
  await null;
  return nothing;
};
await same('one that is undefined, in an async function', asynchronous);
await same('one that is undefined, in a generator', function* () {
  yield nothing;
});
refused('a variable that is not initialised yet', () => tooEarly, /'tooEarly' is not initialised yet/);
refused('one that is used by a called function', () => callsTooEarly(), /'tooEarly' is not initialised yet/);
refused('a class that is not initialised yet', () => TooEarly, /'TooEarly' is not initialised yet/);
function callsTooEarly() {
  return tooEarly;
}
let entered = 0;
refused('one where entering the function could run code', (x = entered++) => [x, tooEarly], /'tooEarly'/);
refused(
  'one that a generator uses',
  function* () {
    entered++;
    yield tooEarly;
  },
  /'tooEarly' is not initialised yet/,
);
refused(
  'one that an async function uses',
  async () => {
    entered++;
    return tooEarly;
  },
  /'tooEarly' is not initialised yet/,
);
await same('an undefined one, where the function would have an effect', () => {
  entered++;
  return nothing;
});
entered = 0;
refused(
  'one where the function would have an effect',
  () => {
    entered++;
    return tooEarly;
  },
  /'tooEarly' is not initialised yet/,
);
check('no code ran for it', entered === 0);
const tooEarly = 1;
class TooEarly {}
await same('the same, once it is', () => [tooEarly, typeof TooEarly]);

await same('a name that is defined nowhere', () => typeof nowhere);
await same('globals are those of the other process', () => [
  typeof process.pid,
  typeof structuredClone,
  NaN,
  Infinity,
  undefined,
]);
const readsLater = () => (typeof laterGlobal === 'undefined' ? 'none' : laterGlobal);
await same('a global that is not there yet', readsLater);
globalThis.laterGlobal = 'there';
await same('and then is', readsLater, { want: 'there' });
globalThis.ofMine = { z: 5 };
await same('a global of the user', () => ofMine.z);
const console = { log: (x) => `shadowed ${x}` };
await same('a variable with the name of a global', () => console.log(1));
await same('globalThis itself is the other one', () => globalThis.ranMain, { want: undefined });
check('the main module did not run there', (await across(() => globalThis.ranMain)) === undefined);
await same(
  'names that need care',
  (() => {
    const $ = 1,
      _ = 2,
      ünï = 3,
      value = 4,
      set = 5,
      get = 6,
      mp$ = 7,
      mp$set = 8;
    return () => [$, _, ünï, value, set, get, mp$, mp$set];
  })(),
);
finish();
