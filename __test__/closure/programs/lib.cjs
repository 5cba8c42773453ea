exports.Typed = class Typed extends TypeError {};
exports.fail = () => {
  throw new exports.Typed('typed');
};
