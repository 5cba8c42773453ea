// Loaded beforehand: a Node without an inspector, as `--permission` makes it.
const Module = require('node:module');

const load = Module._load;
Module._load = function (name, ...rest) {
  if (/^(?:node:)?inspector$/.test(name)) throw new Error('there is no inspector');
  return Reflect.apply(load, this, [name, ...rest]);
};
