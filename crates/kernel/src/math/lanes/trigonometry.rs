//! Sine and cosine of fdlibm (s_sin.c, k_sin.c, k_cos.c, e_rem_pio2.c, Sun Microsystems 1993), as V8 has them, without jumps.
//!
//! |x| = n π/2 + (high + low); the quarter n says which of the two polynomials it is, and its sign.

const S1: f64 = f64::from_bits(0xbfc5_5555_5555_5549);
const S2: f64 = f64::from_bits(0x3f81_1111_1110_f8a6);
const S3: f64 = f64::from_bits(0xbf2a_01a0_19c1_61d5);
const S4: f64 = f64::from_bits(0x3ec7_1de3_57b1_fe7d);
const S5: f64 = f64::from_bits(0xbe5a_e5e6_8a2b_9ceb);
const S6: f64 = f64::from_bits(0x3de5_d93a_5acf_d57c);
const C1: f64 = f64::from_bits(0x3fa5_5555_5555_554c);
const C2: f64 = f64::from_bits(0xbf56_c16c_16c1_5177);
const C3: f64 = f64::from_bits(0x3efa_01a0_19cb_1590);
const C4: f64 = f64::from_bits(0xbe92_7e4f_809c_52ad);
const C5: f64 = f64::from_bits(0x3e21_ee9e_bdb4_b1c4);
const C6: f64 = f64::from_bits(0xbda8_fae9_be88_38d4);
const TWO_BY_PI: f64 = f64::from_bits(0x3fe4_5f30_6dc9_c883);
/// The first 33 bits of π/2, and the rest.
const HALF_PI: f64 = f64::from_bits(0x3ff9_21fb_5440_0000);
const HALF_PI_REST: f64 = f64::from_bits(0x3dd0_b461_1a62_6331);

/// From here on there is something to reduce: the high word is above that of π/4.
const REDUCED: f64 = f64::from_bits(0x3fe9_21fc_0000_0000);
/// Larger ones need π/2 with more bits.
const LARGEST: f64 = 4096.0;
/// Closer to a multiple of π/2, relative to x, more of its bits are needed.
const CLOSE: f64 = 1.0 / 32768.0;

/// What is left of |x|, and of which quarter.
struct Rest {
    high: f64,
    low: f64,
    quarter: i32,
}

#[inline(always)]
fn reduce(size: f64) -> Rest {
    let turns = size * TWO_BY_PI + 0.5;
    let turns = if size >= REDUCED { turns } else { 0.0 };
    // SAFETY: an ordinary x has turns below 2700.
    let quarter: i32 = unsafe { turns.to_int_unchecked() };
    let n = f64::from(quarter);
    let r = size - n * HALF_PI;
    let w = n * HALF_PI_REST;
    let high = r - w;
    Rest {
        high,
        low: (r - high) - w,
        quarter,
    }
}

/// Neither large nor close to a multiple of π/2.
#[inline(always)]
pub fn ordinary(x: f64) -> bool {
    let size = x.abs();
    let small = size < LARGEST;
    let rest = reduce(if small { size } else { 0.0 });
    small & ((size < REDUCED) | (rest.high.abs() >= size * CLOSE))
}

/// sin of `high + low` in the first eighth. `whole`: nothing was reduced, low is 0.
#[inline(always)]
fn sine(high: f64, low: f64, whole: bool) -> f64 {
    let z = high * high;
    let v = z * high;
    let r = S2 + z * (S3 + z * (S4 + z * (S5 + z * S6)));
    if whole {
        high + v * (S1 + z * r)
    } else {
        high - ((z * (0.5 * low - v * r) - low) - v * S1)
    }
}

/// cos of the same.
#[inline(always)]
fn cosine(high: f64, low: f64) -> f64 {
    const THIRD: f64 = f64::from_bits(0x3fd3_3333_0000_0000);
    const MOST: f64 = f64::from_bits(0x3fe9_0001_0000_0000);
    let size = high.abs();
    let z = high * high;
    let r = z * (C1 + z * (C2 + z * (C3 + z * (C4 + z * (C5 + z * C6)))));
    let quarter =
        f64::from_bits((size.to_bits() & !0xffff_ffff).wrapping_sub(0x0020_0000_0000_0000));
    let q = if size >= MOST { 0.28125 } else { quarter };
    let tail = z * r - high * low;
    let near = 1.0 - (0.5 * z - tail);
    let far = (1.0 - q) - ((0.5 * z - q) - tail);
    if size < THIRD {
        near
    } else {
        far
    }
}

#[inline(always)]
fn negated_if(value: f64, negative: bool) -> f64 {
    if negative {
        -value
    } else {
        value
    }
}

/// The sine of an ordinary x.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let size = x.abs();
    let Rest { high, low, quarter } = reduce(size);
    let (s, c) = (sine(high, low, size < REDUCED), cosine(high, low));
    let value = if quarter & 1 == 0 { s } else { c };
    let value = negated_if(value, quarter & 2 != 0);
    negated_if(value, x.is_sign_negative())
}

/// The cosine of an ordinary x.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let size = x.abs();
    let Rest { high, low, quarter } = reduce(size);
    let (s, c) = (sine(high, low, size < REDUCED), cosine(high, low));
    let value = if quarter & 1 == 0 { c } else { s };
    negated_if(value, (quarter + 1) & 2 != 0)
}
