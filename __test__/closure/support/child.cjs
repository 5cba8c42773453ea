// The other process of ../support/across.mjs: makes what it is sent, calls it, and sends back what came of it.
const { types } = require('node:util');
const { decode, encode, encodeError, prepare } = require('../../../dist/internals.js');

process.on('message', async ({ id, bytes }) => {
  let answer;
  try {
    await prepare(bytes);
    const [fn, args] = decode(bytes);
    let result = fn(...args);
    if (types.isGeneratorObject(result)) {
      const items = [];
      for await (const item of result) items.push(item);
      result = items;
    }
    answer = { id, ok: true, bytes: encode(await result, 'result').bytes };
  } catch (error) {
    answer = { id, ok: false, bytes: encodeError(error) };
  }
  process.send(answer);
});
