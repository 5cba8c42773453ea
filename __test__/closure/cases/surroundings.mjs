// `this`, `arguments`, bound functions: what a function takes from around it that is no variable.
import { across, check, finish, same } from '../support/across.cjs';

let ran = 0;
class Holder {
  q = 3;
  field = (y) => y * this.q;
  constructor() {
    this.own = () => this.q + 1;
  }
  make() {
    return (x) => x + this.q;
  }
  async makeAsync() {
    return async (x) => (await x) + this.q;
  }
  patterns() {
    return ({ a, ...more }, [b = ran++, ...rest] = [], { c } = { c: ran++ }, d = ran++) => [
      this.q,
      a,
      b,
      c,
      d,
      more,
      rest,
    ];
  }
  nested() {
    return () => () => [this.q, (() => this.q)()];
  }
  both() {
    const read = () => this.q,
      write = (q) => {
        this.q = q;
      };
    return [read, write];
  }
  list() {
    return (...x) => [arguments.length, arguments[0], [...arguments], x];
  }
  shorthand() {
    return () => ({ arguments });
  }
  loop() {
    return () => {
      for (;;) {
        ran++;
        if (ran > 1e6) return this;
      }
    };
  }
}
const holder = new Holder();
await same("a method's arrow", holder.make(), { args: [1] });
await same("a class field's arrow", holder.field, { args: [2] });
await same('an arrow that the constructor made', () => holder.own());
await same('an async one', await holder.makeAsync(), { args: [4] });
await same('one with patterns and default values', holder.patterns(), { args: [{ a: 1, z: 2 }, [5, 6], { c: 7 }, 8] });
check('none of its default values ran', ran === 0);
await same('arrows in arrows', holder.nested()());
await same('arrows in arrows, from the outer one', () => holder.nested()()());
const [read, write] = holder.both();
await same(
  'two arrows have one this',
  () => {
    write(9);
    return read();
  },
  { want: 9 },
);
check('and the original stays', holder.q === 3);
const held = holder.make();
await same(
  'this is the captured object',
  () => {
    holder.q = 100;
    return held(1);
  },
  { want: 101 },
);
await same('arguments of the function around', holder.list(5, 6), { args: ['x'] });
await same('arguments, as a shorthand', () => Object.values(holder.shorthand(1)().arguments));
await same('arguments of none', holder.list());
void holder.loop();
const top = () => typeof this;
await same('this of a module', top);
const plain = {
  k: 4,
  make() {
    return () => this.k;
  },
};
await same("an object literal's arrow", plain.make());
await same(
  'this that is undefined',
  (function () {
    return () => this;
  })(),
  { want: undefined },
);
await same(
  'this that is a primitive',
  function () {
    'use strict';
    return () => this;
  }.call(7),
);
await same(
  'this and a variable that is written',
  {
    k: 2,
    make() {
      let n = 1;
      return () => (n += this.k);
    },
  }.make(),
  { want: 3 },
);

function target(a, b, c) {
  return [this?.k, a, b, c];
}
await same('a bound function', target.bind(plain, 1, 2), { args: [3] });
const bound = target.bind(plain, 1);
await same('one that is captured', (x) => bound(x, 5), { args: [4] });
await same('its name and length', () => [bound.name, bound.length]);
const twice = bound.bind(null, 2);
await same('bound twice', twice, { args: [3] });
class Point {
  constructor(x, y) {
    Object.assign(this, { x, y });
  }
  sum() {
    return this.x + this.y;
  }
}
const BoundPoint = Point.bind(null, 3);
await same('a bound class', () => new BoundPoint(4).sum());
const log = console.log.bind(console);
await same('a bound function of the runtime', () => typeof log);
const slice = Function.prototype.call.bind(Array.prototype.slice);
await same('a method without its this', () => slice([1, 2, 3], 1));
const method = new Point(1, 2).sum.bind(new Point(3, 4));
await same('a bound method', method);
const self = { f: undefined, k: 1 };
self.f = target.bind(self, 'x');
await same('one that is bound to what holds it', () => self.f(2));
check(
  'sent on from there',
  await across(async (f, g) => f(1)[0] === 4 && g(1) === 4, target.bind(plain), holder.make()),
);
finish();
