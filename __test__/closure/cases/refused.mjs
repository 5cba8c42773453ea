// What can't be sent, with the way to it.
import net from 'node:net';
import { createReadStream } from 'node:fs';
import { finish, refused } from '../support/across.cjs';

const sock = new net.Socket();
refused(
  'a socket',
  () => sock.destroyed,
  /reached through: function "\(\) ?=> ?sock\.destroyed" → variable 'sock'$/,
  "target → variable 'sock'",
);
const inner = () => sock;
const box = { list: [{ run: inner }] };
refused(
  'through an object and a function',
  () => box.list[0].run(),
  /variable 'box'\.list\[0\]\.run → function "\(\) ?=> ?sock" → variable 'sock'$/,
);
const server = net.createServer();
refused('a server', () => server, /Server/);
const promise = Promise.resolve(1);
refused('a promise', () => promise, /await it first/);
const weak = new WeakMap();
refused('a WeakMap', () => weak, /WeakMap/);
const timer = setTimeout(() => {}, 1);
refused('a timer', () => timer, /Timeout/);
const running = (function* () {})();
refused('a running generator', () => running, /generator/);
const stream = createReadStream(import.meta.filename ?? process.argv[1]);
stream.on('error', () => {});
refused('a stream', () => stream.path, /ReadStream/);
stream.destroy();
let resolve;
void new Promise((r) => {
  resolve = r;
});
refused('a native function', () => resolve(), /native code/);
refused('a Proxy of a function', new Proxy(() => {}, {}), /Proxy/);
const proxy = new Proxy({}, {});
refused('a Proxy', () => proxy, /Proxy/);
refused('direct eval', (s) => eval(s), /eval/);
class Owner {
  #p = 1;
  makePrivate(other) {
    return () => other.#p;
  }
  makeSuper() {
    return () => super.toString();
  }
  toString() {
    return super.toString();
  }
}
const owner = new Owner();
refused('a private name', owner.makePrivate(owner), /#p/);
refused('super', owner.makeSuper(), /super/);
refused('a method with super', owner.toString, /super/);
refused(
  'new.target of another',
  new (class {
    constructor() {
      this.f = () => new.target;
    }
  })().f,
  /new\.target/,
);
const getters = {
  get now() {
    return sock;
  },
};
refused('what a getter captures', () => getters, /Socket/, "target → variable 'getters'.now → variable 'sock'");
const namespaces = { ns: await import('./lib/module.mjs') };
refused('a namespace in an object', () => namespaces, /namespace object/);
const { searchParams } = new URL('http://x');
refused('the searchParams of a URL', () => searchParams.get('a'), /of a URL; send the URL/);
class OwnUrl extends URL {}
const ownUrl = new OwnUrl('http://x');
refused('an instance of a class that extends URL', () => ownUrl.href, /OwnUrl/);
const many = Array.from({ length: 1001 }, (_, i) => () => i);
refused('more than 1,000 functions', () => many, /(?:more than 1000 functions|longer than 2000 ms).*configure/s);
refused(
  'a write to a global of the user',
  (() => {
    globalThis.mine = 1;
    return () => {
      mine = 2;
    };
  })(),
  /global variable 'mine'/,
);
let ran = 0;
const trap = {
  get() {
    ran++;
  },
};
const tricky = {
  inner: new Proxy({}, trap),
  toJSON() {
    ran++;
  },
};
refused('a Proxy in an object, whose traps do not run', () => tricky, /Proxy/);
if (ran > 0) refused(`code ran ${ran} times`, 1, /never/);
sock.destroy();
clearTimeout(timer);
finish();
