exports.calls = 0;
exports.call = () => ++exports.calls;
