// Variables that several captured functions share, one of which writes them.
import { across, check, finish, refused, same } from '../support/across.cjs';

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

const counter = (() => {
  let m = 0;
  return { up: () => ++m, read: () => m };
})();
await same(
  'function scope: one variable there too',
  () => {
    counter.up();
    counter.up();
    return counter.read();
  },
  { want: 2 },
);
check('that original stays too', counter.read() === 0);
const pair = (m = 0) => [() => ++m, () => m];
const [up1] = pair(),
  [, read2] = pair();
await same(
  'of two calls: two variables',
  () => {
    up1();
    return [up1(), read2()];
  },
  { want: [2, 0] },
);
const loops = [];
for (let i = 0; i < 2; i++) loops.push([() => ++i, () => i]);
await same(
  'a loop has a variable for each turn',
  () => {
    loops[0][0]();
    return [loops[0][1](), loops[1][1]()];
  },
  { want: [1, 1] },
);
const byVar = [];
for (var w = 0; w < 2; w++) byVar.push([() => ++w, () => w]);
await same('that of a var is one', () => [byVar[0][0](), byVar[1][1]()], { want: [3, 3] });
const [same1] = pair(),
  [same2] = pair();
await same('one text, made twice', () => [same1(), same1(), same2()], { want: [1, 2, 1] });
const account = (() => {
  let balance = 10;
  class Account {
    pay(x) {
      balance -= x;
    }
    get left() {
      return balance;
    }
  }
  return [
    new Account(),
    () => balance,
    async ({ x } = {}) => (balance += x),
    function* () {
      yield balance++;
    },
  ];
})();
await same(
  'a class, an arrow, an async function and a generator',
  async () => {
    account[0].pay(3);
    await account[2]({ x: 100 });
    return [...account[3](), account[1](), account[0].left];
  },
  { want: [107, 108, 108] },
);
const deepScopes = ((a) => {
  let x = 1;
  return [
    ((b) => () => [++x, a, b])(2),
    (() => {
      const x = 50;
      return () => x;
    })(),
    () => x,
    (() => {
      let x = 7;
      return [() => ++x, () => x];
    })(),
  ];
})(1);
await same(
  'names that are shadowed',
  () => {
    const [first, second, third, [up, read]] = deepScopes;
    up();
    return [first(), second(), third(), read()];
  },
  { want: [[2, 1, 2], 50, 2, 8] },
);
const memoize = (f) => {
  const cache = new Map();
  let hits = 0;
  return Object.assign(
    (x) => {
      if (cache.has(x)) hits++;
      else cache.set(x, f(x));
      return cache.get(x);
    },
    { hits: () => hits },
  );
};
const memoized = memoize((x) => x * 2);
await same('a function and its property', () => [memoized(1), memoized(1), memoized.hits()], { want: [2, 2, 1] });
class OnlyConstructor {
  static made = () => 0;
}
const constructed = (() => {
  let n = 0;
  return [
    class {
      constructor() {
        n++;
      }
    },
    () => n,
  ];
})();
refused(
  'a variable that only a constructor shares',
  () => [new constructed[0](), constructed[1](), OnlyConstructor],
  /cannot tell whether two captured functions share the variable '(\w+)', which one of them changes; keep it in an object, or in module scope/,
);
process.env.MULTIPROC_SHARED_VARIABLES = 'refuse';
refused('any of them, where that is switched off', () => counter.up() + counter.read(), /cannot tell/);
delete process.env.MULTIPROC_SHARED_VARIABLES;
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
