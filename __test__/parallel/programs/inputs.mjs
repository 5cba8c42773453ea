// Inputs for comparisons with V8, the same in every run.

/** Numbers at which operations take another path, or are known to be got wrong. */
// prettier-ignore
export const SPECIAL = [
  0, -0, NaN, Infinity, -Infinity, 1, -1, 2, -2, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3, -3, 0.49999999999999994,
  -0.49999999999999994, 4503599627370495.5, 4503599627370497, 9007199254740991, -9007199254740991,
  9007199254740992, 2147483647, -2147483648, 2147483648, 4294967295, 4294967296, -4294967297, 1e10, -1e10,
  9.3e18, -9.3e18, 1.8e19, 1e22, 1e300, -1e300, 1e308, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE,
  -Number.MIN_VALUE, 2.2250738585072014e-308, 1e-300, 1e-10, -1e-10, Math.PI, -Math.PI, Math.PI / 2, Math.PI / 4,
  Math.E, 709.78, -745.2, 710, 33, 0.1, 0.3, 1 / 3, 100, -100, 1023.5, 1e-17, -523327,
];

/** A generator of 32-bit words (xorshift). */
export function words(seed) {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Two columns of n numbers: SPECIAL crossed with itself, random bits, and random numbers of several ranges. */
export function pairs(n, seed = 0x9e3779b9) {
  const word = words(seed);
  const unit = () => word() / 2 ** 32;
  const [a, b] = [new Float64Array(n), new Float64Array(n)];
  const [bitsA, bitsB] = [new Uint32Array(a.buffer), new Uint32Array(b.buffer)];
  let at = 0;
  for (const x of SPECIAL) {
    for (const y of SPECIAL) {
      if (at < n) [a[at], b[at]] = [x, y];
      at++;
    }
  }
  for (let i = Math.min(at, n); i < n; i++) {
    switch (i & 7) {
      case 0:
      case 1:
        bitsA[2 * i] = word();
        bitsA[2 * i + 1] = word();
        bitsB[2 * i] = word();
        bitsB[2 * i + 1] = word();
        break;
      case 2:
      case 3:
        a[i] = (unit() - 0.5) * 20;
        b[i] = (unit() - 0.5) * 20;
        break;
      case 4:
        a[i] = (unit() + unit() / 2 ** 32) * 2 - 1;
        b[i] = unit() * 2 - 1;
        break;
      case 5:
        a[i] = word() | 0;
        b[i] = (word() | 0) >> (word() & 31);
        break;
      case 6:
        a[i] = Math.exp((unit() - 0.5) * 1400);
        b[i] = Math.exp((unit() - 0.5) * 20) * (word() & 1 ? 1 : -1);
        break;
      default:
        a[i] = unit() * 1e6 * (word() & 1 ? 1 : -1);
        b[i] = (word() % 200) - 100;
    }
  }
  return [a, b];
}

/** Two columns of n numbers close to where the functions of Math take another path, from a few ulps away to 2^-10. */
export function borders(n, seed = 0x2545f491) {
  const word = words(seed);
  const [a, b] = [new Float64Array(n), new Float64Array(n)];
  // The fractions at which log and pow change over, and 1.
  const fractions = [1, Math.SQRT2, Math.sqrt(1.5), Math.sqrt(3), 1.38, 1.42, 2 - 2 ** -21].concat(
    1 + 0x6147a / 2 ** 20,
  );
  const near = (x) => x * (1 + ((word() | 0) / 2 ** 31) * 2 ** -(10 + (word() % 43)));
  const sign = () => (word() & 1 ? 1 : -1);
  for (let i = 0; i < n; i++) {
    switch (i & 3) {
      case 0:
        a[i] = sign() * near(((word() % 5300) * Math.PI) / 4);
        break;
      case 1:
        a[i] = sign() * near(((word() % 2200) * Math.LN2) / 2);
        break;
      case 2:
        a[i] = near(fractions[word() % fractions.length] * 2 ** ((word() % 2046) - 1022));
        break;
      default:
        a[i] = near(fractions[word() % fractions.length] * 2 ** ((word() % 8) - 4));
    }
    b[i] = sign() * (word() & 1 ? near((word() % 64) / 2) : (word() / 2 ** 32) * 2 ** ((word() % 40) - 30));
  }
  return [a, b];
}

/** The first index at which two arrays differ (-0 and 0 do, NaN and NaN don't), and how many do. */
export function difference(found, expected) {
  let count = 0;
  let first = -1;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(found[i], expected[i])) continue;
    if (count++ === 0) first = i;
  }
  return { count, first };
}
