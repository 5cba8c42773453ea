const factor = 4;
exports.times = (x) => x * factor;
exports.data = { a: 1 };
exports.nested = { f: (x) => x * factor };
