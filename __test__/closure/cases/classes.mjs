// Classes whose text says all of them; the others are refused.
import { EventEmitter } from 'node:events';
import { Sealed } from './lib/module.mjs';
import { across, check, deserialize, finish, refused, same, serialize } from '../support/across.cjs';

const unit = 2;
class Point {
  scale = unit;
  constructor(x) {
    this.x = x;
  }
  norm() {
    return Math.abs(this.x) * this.scale;
  }
  get double() {
    return this.x * 2;
  }
  set double(v) {
    this.x = v / 2;
  }
  static of(x) {
    return new Point(x);
  }
  static make(x) {
    return new this(x);
  }
}
await same('a class', () => new Point(-2).norm());
await same('its statics, getters and setters', () => {
  const p = Point.of(-3);
  p.double = 8;
  return [p.double, Point.make(1).x, p instanceof Point];
});
class Point3 extends Point {
  constructor(x, z) {
    super(x);
    this.z = z;
  }
  norm() {
    return super.norm() + this.z;
  }
}
await same('a class that extends one', () => [new Point3(1, 2).norm(), new Point3(1, 2) instanceof Point]);
const mixin = (B) =>
  class Mixed extends B {
    m() {
      return `mix${this.norm()}`;
    }
  };
const Mixed = mixin(Point);
await same('a mixin', () => new Mixed(1).m());
class Emitter extends EventEmitter {
  go() {
    let r = 0;
    this.on('x', (v) => {
      r += v;
    });
    this.emit('x', 5);
    return r;
  }
}
await same('one that extends a class of Node', () => new Emitter().go());
class Failure extends Error {
  constructor(code) {
    super(`code ${code}`);
    this.code = code;
  }
}
await same('one that extends Error', () => {
  try {
    throw new Failure(3);
  } catch (e) {
    return [e.message, e.code, e instanceof Failure];
  }
});
class A {
  other() {
    return new B();
  }
  name() {
    return 'a';
  }
}
class B extends A {
  name() {
    return 'b' + new A().name();
  }
}
await same('classes that refer to each other', () => new A().other().name());
await same(
  'a class expression',
  (() => {
    const C = class {
      v = unit;
    };
    return () => new C().v;
  })(),
);
await same('a class inside of the function', () => {
  class In {
    #p = unit;
    static s = 1;
    get p() {
      return this.#p + In.s;
    }
  }
  return new In().p;
});

let made = 0;
class Private {
  static #count = made++;
  static limit = made++;
  static {
    made++;
  }
  #p = 1;
  #q;
  constructor(q) {
    made++;
    this.#q = q;
  }
  get() {
    return [this.#p, this.#q, this.#half(), this.#twice];
  }
  set p(v) {
    this.#p = v;
  }
  #half() {
    return this.#p / 2;
  }
  get #twice() {
    return this.#p * 2;
  }
  static count() {
    return ++Private.#count + this.#hidden();
  }
  static #hidden() {
    return 100;
  }
  static has(o) {
    return #p in o;
  }
}
await same('private fields, methods and accessors', () => new Private(7).get());
await same('private and public static fields have their values', () => [Private.count(), Private.limit], {
  want: [101, 1],
});
Private.limit = { deep: [made] };
const before = made;
await same('static fields as they are now, and nothing of the class runs again', () => [Private.limit.deep, made], {
  want: [[before], before],
});
const withPrivate = new Private(3);
withPrivate.p = 40;
await same('an instance with private members', () => [withPrivate.get(), Private.has(withPrivate)]);
check('its constructor did not run there', (await across(() => [withPrivate.get(), made]))[1] === made);
class Deeper extends Private {
  #p = 'deeper';
  own = made++;
  constructor({ q }, [r] = [made++]) {
    super(q);
    this.r = r;
  }
  both() {
    return [this.#p, super.get(), this.own, this.r];
  }
}
const deeper = new Deeper({ q: 9 });
await same('private fields of one name at two levels', () => [deeper.both(), deeper instanceof Private, made]);
class DefaultConstructor extends Private {
  #z = 5;
  z() {
    return this.#z;
  }
}
const byDefault = new DefaultConstructor(1);
await same('private fields of a class without a constructor', () => [byDefault.z(), byDefault.get()]);
class Counter {
  #n = 0;
  up() {
    return ++this.#n;
  }
}
const counted = new Counter();
counted.up();
await same('a copy of an instance is one of its own', () => [counted.up(), counted.up()], { want: [2, 3] });
check('and the original stays', counted.up() === 2);
const key = 'm' + made;
class Computed {
  [key]() {
    return key;
  }
  static [`s${made}`] = 4;
  static [key + 's']() {
    return key;
  }
  *[Symbol.iterator]() {
    yield* [1, 2];
  }
  ['literal']() {
    return 'l';
  }
}
await same('computed keys', () => [
  ...new Computed(),
  new Computed()[key](),
  Computed[key + 's'](),
  new Computed().literal(),
]);
class Patched {
  a() {
    return 1;
  }
  b() {
    return 2;
  }
}
const originalA = Patched.prototype.a;
Patched.prototype.a = function () {
  return originalA.call(this) + 41;
};
await same('a method that was replaced', () => [new Patched().a(), new Patched().b()]);
class Swapped {
  a() {
    return 'a';
  }
  b() {
    return 'b';
  }
}
[Swapped.prototype.a, Swapped.prototype.b] = [Swapped.prototype.b, Swapped.prototype.a];
await same('methods that changed places', () => [new Swapped().a(), new Swapped().b()]);
Object.defineProperty(Swapped.prototype, 'added', { get: () => key, configurable: true });
await same('a getter that was added', () => new Swapped().added);
function Old(x) {
  this.x = x;
}
Old.prototype.get = function () {
  return this.x;
};
function Older(x) {
  Old.call(this, x + 1);
}
Older.prototype = Object.create(Old.prototype, { constructor: { value: Older } });
Object.setPrototypeOf(Older, Old);
Old.make = (x) => new Old(x);
const old = new Older(5);
await same('constructor functions with methods, one that inherits', () => [
  new Old(1).get(),
  new Older(2).get(),
  old.get(),
  old instanceof Old,
  Older.make(4).x,
]);
function Replaced() {}
Replaced.prototype = { hi: () => key };
await same('a prototype that was replaced', () => new Replaced().hi());
const point = new Point(1);
const points = { list: [new Point3(1, 2), point], same: point };
await same('instances', () => [
  point.norm(),
  point instanceof Point,
  points.list[0].norm(),
  points.list[0].constructor === Point3,
  points.same === point,
]);
const failure = new Failure(1);
await same('an error of an own class', () => [
  failure instanceof Failure,
  failure instanceof Error,
  failure.message,
  failure.code,
  typeof failure.stack,
  Object.keys(failure),
]);
class MyMap extends Map {
  sum() {
    return [...this.values()].reduce((a, b) => a + b, 0);
  }
}
class MySet extends Set {}
class MyArray extends Array {
  last() {
    return this.at(-1);
  }
}
class MyBytes extends Uint8Array {
  first() {
    return this[0];
  }
}
class MyDate extends Date {
  year() {
    return this.getUTCFullYear();
  }
}
const [myMap, mySet, myArray] = [
  new MyMap([
    ['a', 1],
    ['b', 2],
  ]),
  new MySet([1]),
  MyArray.from([1, 2]),
];
const [myBytes, myDate] = [new MyBytes([7]), new MyDate(0)];
myArray.extra = 'x';
await same('instances of classes that extend built-in ones', () => [
  [myMap.sum(), myMap instanceof MyMap, myMap.get('b')],
  [mySet.has(1), mySet instanceof MySet],
  [myArray.last(), myArray.extra, myArray.length, Array.isArray(myArray)],
  [myBytes.first(), myBytes instanceof MyBytes],
  [myDate.year(), myDate instanceof MyDate],
]);
class Sub extends (() => Point)() {}
await same('a class that extends an expression', () => [new Sub(-1).norm(), new Sub(0) instanceof Point]);
let Parent = Point;
class Child extends Parent {
  up() {
    return Parent;
  }
}
Parent = Object;
await same('a class whose parent variable was assigned to', () => [new Child(-4).norm(), new Child(0).up() === Object]);
class Nothing extends null {
  static hi() {
    return 'hi';
  }
}
await same('a class that extends null', () => [Nothing.hi(), Object.getPrototypeOf(Nothing.prototype)]);
const emitter = new Emitter();
await same('an instance of a class that extends EventEmitter', () => [emitter.go(), emitter instanceof EventEmitter]);
const self = {
  make() {
    return class {
      static mine = this;
    };
  },
}.make();
await same('a class that holds itself', () => self.mine === self);
const Singleton = class {
  static instance = new this();
  value = unit;
};
await same('a class that holds its instance', () => [
  Singleton.instance.value,
  Singleton.instance instanceof Singleton,
]);
class Tree {
  constructor(parent) {
    this.parent = parent;
    this.children = [];
    parent?.children.push(this);
  }
  depth() {
    return this.parent ? this.parent.depth() + 1 : 0;
  }
}
const leaf = new Tree(new Tree(new Tree()));
await same('instances that refer to each other', () => [leaf.depth(), leaf.parent.children[0] === leaf]);
const crowd = Array.from({ length: 500 }, (_, i) => new Point(i));
await same('many instances', () => [crowd.length, crowd[499].norm(), crowd[7] instanceof Point]);
class Tagged {
  get [Symbol.toStringTag]() {
    return 'Tagged';
  }
  static [Symbol.hasInstance](x) {
    return x === 1;
  }
}
await same('well-known symbols', () => [String(new Tagged()), 1 instanceof Tagged]);
const NameField = class {
  static name = 'other';
  static length = 9;
};
await same('static fields called name and length', () => [NameField.name, NameField.length]);

// Classes are the same ones in every message.
check(
  'an instance in an argument is one of the captured class',
  await across((p) => p instanceof Point && p.norm() === 4, new Point(-2)),
);
const collect = (p) => {
  globalThis.seenPoint ??= p;
  return globalThis.seenPoint.constructor === p.constructor && p instanceof Point;
};
check('one class, in two messages', (await across(collect, new Point(1))) && (await across(collect, new Point(2))));
check('one that comes back is the original', (await across((x) => new Point(x), 5)) instanceof Point);
const back = await across((x) => new Private(x), 5);
check('also with private members', back instanceof Private && back.get()[1] === 5);
check('the class itself', (await across(() => Point)) === Point);
let turn = 1;
class Turns {
  get() {
    return turn;
  }
}
check('a class whose variables changed is sent anew', (await across(() => new Turns().get())) === 1);
turn = 2;
check('with the values they have now', (await across(() => new Turns().get())) === 2);
const sym = Symbol('own');
check(
  'a captured symbol',
  await across(
    (() => {
      const o = { [sym]: 2 };
      return () => o[sym] === 2 && sym.description === 'own';
    })(),
  ),
);

class Hooked {
  #secret;
  constructor(secret) {
    this.#secret = secret;
  }
  get() {
    return this.#secret;
  }
  [serialize]() {
    return { secret: this.#secret };
  }
  static [deserialize]({ secret }) {
    return new this(secret + 1);
  }
}
const hooked = new Hooked(1);
await same('[serialize] and [deserialize]', () => hooked.get(), { want: 2 });
await same('of one in an argument, twice', (a) => [a.x.get(), a.x === a.y], {
  args: [{ x: hooked, y: hooked }],
  want: [2, true],
});
class HalfHooked {
  [serialize]() {
    return 1;
  }
}
const half = new HalfHooked();
refused('[serialize] without [deserialize]', () => half, /no static method \[deserialize\]/);
class Throws {
  [serialize]() {
    throw new Error('not now');
  }
  static [deserialize]() {}
}
const throws = new Throws();
refused('[serialize] that throws', () => throws, /not now/);
class Loops {
  [serialize]() {
    return { me: this };
  }
  static [deserialize]() {}
}
const loops = new Loops();
refused('[serialize] that gives itself', () => loops, /refers back to it/);
const imported = new Sealed(1);
refused(
  'private fields of an imported class',
  () => imported.get(),
  /goes by import.*serialize/,
  "target → variable 'imported'",
);
const fieldKey = 'f';
class ComputedField {
  [fieldKey] = 1;
}
refused('a field whose name is computed', () => ComputedField, /field whose name is computed/);
finish();
