// Classes whose text says all of them; the others are refused.
import { EventEmitter } from 'node:events';
import { finish, refused, same } from '../support/across.mjs';

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

class Private {
  #p = 1;
  get() {
    return this.#p;
  }
}
refused('a private field', () => Private, /private name/, "target → variable 'Private'");
class StaticField {
  static count = 1;
}
refused('a static field', () => StaticField, /static field/);
class StaticBlock {
  static {
    globalThis.ran = 1;
  }
}
refused('a static block', () => StaticBlock, /static block/);
const key = 'm';
class Computed {
  [key]() {}
}
refused('a computed key', () => Computed, /computed key/);
class Patched {
  a() {
    return 1;
  }
}
Patched.prototype.a = () => 2;
refused('a changed prototype', () => Patched, /prototype has a property 'a'/);
function Old() {}
Old.prototype.get = () => 1;
refused('a constructor function with methods', () => Old, /prototype has a property 'get'/);
const point = new Point(1);
refused('an instance', () => point.norm(), /instance of Point would lose its class/, "target → variable 'point'");
const failure = new Failure(1);
refused('an error of an own class', () => failure, /instance of Failure/);
class Sub extends (() => Point)() {}
refused('a class that extends an expression', () => Sub, /extends an expression/);
let Parent = Point;
class Child extends Parent {
  up() {
    return Parent;
  }
}
Parent = Object;
refused('a class whose parent variable was assigned to', () => Child, /no longer the class that it extends/);
finish();
