// Stacks name the lines of the original file.
import { across, check, finish } from '../support/across.cjs';

// The file may have been compiled, and have another ending.
const FILE = /stacks(?:\.test)?\.m?[jt]s:(\d+:\d+)/;
const place = (error) =>
  error.stack
    .split('\n')
    .find((line) => FILE.test(line))
    ?.match(FILE)?.[1];
const attempt = (f) => {
  try {
    return f();
  } catch (error) {
    return error;
  }
};
const object = {
  method(a) {
    throw new Error(a);
  },
  ['x' + 1](q) {
    throw new Error(q);
  },
  async later() {
    throw new Error('later');
  },
};
function declaration(a) {
  throw new Error(a);
}
const anonymous = function (a) {
    throw new Error(a);
  },
  arrow = (a) => {
    throw new Error(a);
  };
class Plain {
  constructor(a) {
    throw new Error(a);
  }
  static s() {
    throw new Error('s');
  }
}
class Long {
  x = 1;
  constructor(a) {
    if (a) throw new Error(a);
  }
  m() {
    throw new Error(this.x);
  }
}
const far = (a) => {
  throw new Error(a);
};
const functions = {
  method: () => object.method(),
  computed: () => object.x1(),
  declaration: () => declaration(),
  anonymous: () => anonymous(),
  arrow: () => arrow(),
  constructor: () => new Plain(),
  static: () => Plain.s(),
  far: () => far(),
  long: () => new Long(1),
  longMethod: () => new Long().m(),
  itself: () => {
    throw new Error('itself');
  },
};
for (const [name, fn] of Object.entries(functions)) {
  const want = place(attempt(fn));
  const got = place(await across((f) => f(), fn).catch((error) => error));
  check(`the place of ${name}`, (want !== undefined && got === want) || { want, got });
}
const error = await across(object.later).catch((e) => e);
check('a rejection', place(error) === place(await object.later().catch((e) => e)));
check(
  'the file is named by its path',
  process.env.MULTIPROC_BUNDLED !== undefined || error.stack.includes(new URL(import.meta.url).pathname) || error.stack,
);
finish();
