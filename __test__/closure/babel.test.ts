/** Functions that Babel has given an import() keep what they loaded in a WeakMap: they are sent without it. */
import { Script } from 'node:vm';
import { expect, it } from 'vitest';
import { decode, encode } from '../../dist/internals.js';

type Load = (module: object) => object;

/** By Babel's version, a function of the shape that it writes. */
const HELPERS = {
  'that makes its map when it needs it': `
    var cache;
    function _interopRequireWildcard(e, t) {
      if (!t && e && e.__esModule) return e;
      var n = { __proto__: null, default: e };
      if ((cache || 'function' != typeof WeakMap || (cache = new WeakMap()), cache)) {
        if (cache.has(e)) return cache.get(e);
        cache.set(e, n);
      }
      return n;
    }`,
  'of two maps, 7.27': `
    function _interopRequireWildcard(e, t) {
      var r = new WeakMap(), n = new WeakMap();
      return (_interopRequireWildcard = function (e, t) {
        if (!t && e && e.__esModule) return e;
        var o, f = { __proto__: null, default: e };
        if (o = t ? n : r) { if (o.has(e)) return o.get(e); o.set(e, f); }
        return f;
      })(e, t);
    }`,
  'of a function that has the maps, before': `
    function _getRequireWildcardCache(e) {
      var r = new WeakMap(), t = new WeakMap();
      return (_getRequireWildcardCache = function (e) { return e ? t : r; })(e);
    }
    function _interopRequireWildcard(e, r) {
      var t = _getRequireWildcardCache(r);
      if (t.has(e)) return t.get(e);
      var n = { __proto__: null, default: e };
      t.set(e, n);
      return n;
    }`,
};

it.each(Object.entries(HELPERS))('one %s, before and after it has run', (_, helper) => {
  const load = new Script(
    `(() => { ${helper}; return (m) => _interopRequireWildcard(m); })()`,
  ).runInThisContext() as Load;
  for (let i = 0; i < 3; i++) {
    const there = decode(encode(load, 'load').bytes) as Load;
    const module = { i };
    expect(there(module)).toMatchObject({ default: module });
    // From now on it has kept something here.
    expect(load(module)).toBe(load(module));
  }
});

it('any other WeakMap is refused', () => {
  const map = new WeakMap<object, number>();
  const _getRequireWildcardCache = (key: object): number | undefined => map.get(key);
  expect(() => encode(_getRequireWildcardCache, 'fn')).toThrow(/a WeakMap belongs to this process/);
});
