// Variables that several captured functions share, one of which writes them.
import { across, check, finish, refused, same } from '../support/across.mjs';

let n = 0;
const inc = () => ++n;
const get = () => n;
await same(
  'module scope: one variable there too',
  () => {
    inc();
    inc();
    return [get(), n];
  },
  { want: [2, 2] },
);
check('and the original stays', n === 0);
let list = null;
const fill = (x) => {
  list = { x };
  return list;
};
await same('an object in it keeps its identity', () => fill(3) === list && list.x === 3, { want: true });
let callback = (x) => x + n;
const setCallback = (f) => {
  callback = f;
};
await same(
  'a function in it',
  () => {
    setCallback((x) => x * 10);
    return callback(4);
  },
  { want: 40 },
);
await same(
  'a call of it has no this',
  (() => {
    return () => {
      setCallback(function () {
        return this;
      });
      return callback();
    };
  })(),
  { want: undefined },
);
let first = 1,
  second = 2;
const swap = () => {
  [first, second] = [second, first];
};
const both = () => ({ first, second });
await same(
  'destructuring and shorthand',
  () => {
    swap();
    return both();
  },
  { want: { first: 2, second: 1 } },
);
{
  let inBlock = 0;
  const up = () => ++inBlock,
    read = () => inBlock;
  await same(
    'a block of the module',
    () => {
      up();
      return read();
    },
    { want: 1 },
  );
}
function makes() {
  return () => ++n;
}
const made = makes();
await same(
  'a function and one that it made',
  () => {
    made();
    makes()();
    return get();
  },
  { want: 2 },
);
check(
  'sent on, still one variable',
  await across(
    (f, g) => {
      f();
      f();
      return g() === 2;
    },
    inc,
    get,
  ),
);

const may =
  /cannot tell whether two captured functions share the variable '(\w+)', which one of them changes; keep it in an object, or in module scope/;
const counter = (() => {
  let m = 0;
  return { up: () => ++m, read: () => m };
})();
refused(
  'function scope',
  () => {
    counter.up();
    return counter.read();
  },
  may,
);
const pair = (m = 0) => [() => ++m, () => m];
const [up1] = pair(),
  [, read2] = pair();
refused(
  'function scope, of two calls',
  () => {
    up1();
    return read2();
  },
  may,
);
const loops = [];
for (let i = 0; i < 2; i++) loops.push([() => ++i, () => i]);
refused(
  'a loop',
  () => {
    loops[0][0]();
    return loops[0][1]();
  },
  may,
);
const same1 = pair()[0],
  same2 = pair()[0];
refused('one text, made twice', () => same1() + same2(), may);
await same('one writer alone is a copy', pair(5)[0], { want: 6 });
await same(
  'readers only',
  (() => {
    const ro = (() => {
      let m = 1;
      return [() => m, () => m + 1, (m) => m];
    })();
    return () => [ro[0](), ro[1](), ro[2](9)];
  })(),
);
await same(
  'names that mean different declarations',
  (() => {
    const a = (() => {
        let m = 1;
        return () => ++m;
      })(),
      b = (() => {
        let m = 10;
        return () => m;
      })();
    return () => [a(), a(), b()];
  })(),
  { want: [2, 3, 10] },
);
await same(
  'in an object it is shared',
  (() => {
    const box = { m: 0 };
    const a = () => ++box.m,
      b = () => box.m;
    return () => {
      a();
      return b();
    };
  })(),
  { want: 1 },
);
finish();
