//! The natural logarithm of fdlibm (e_log.c, Sun Microsystems 1993), as V8 has it, without jumps.
//!
//! x = 2^k (1 + f) with √2/2 < 1 + f < √2; log(1 + f) by a polynomial in s = f / (2 + f).

const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
const LG1: f64 = f64::from_bits(0x3fe5_5555_5555_5593);
const LG2: f64 = f64::from_bits(0x3fd9_9999_9997_fa04);
const LG3: f64 = f64::from_bits(0x3fd2_4924_9422_9359);
const LG4: f64 = f64::from_bits(0x3fcc_71c5_1d8e_78af);
const LG5: f64 = f64::from_bits(0x3fc7_4664_96cb_03de);
const LG6: f64 = f64::from_bits(0x3fc3_9a09_d078_c69f);
const LG7: f64 = f64::from_bits(0x3fc2_f112_df3e_5244);

const FRACTION: u64 = (1 << 52) - 1;
const FRACTION_HIGH: u64 = 0x000f_ffff_0000_0000;
const ONE: u64 = 0x3ff0_0000_0000_0000;
/// An integer below 2^52 in the fraction of this is 2^52 more.
const TWO_52: u64 = 0x4330_0000_0000_0000;
/// |f| below this has a shorter polynomial.
const NEAR: f64 = f64::from_bits(0x3eb0_0000_0000_0000);
/// Between these the fraction is so far from 1 that f²/2 is taken apart.
const MIDDLE_FROM: f64 = f64::from_bits(0x3ff6_147a_0000_0000);
const MIDDLE_TO: f64 = f64::from_bits(0x3ff6_b852_0000_0000);

/// Positive, normal and finite.
#[inline(always)]
pub fn ordinary(x: f64) -> bool {
    x >= f64::MIN_POSITIVE && x <= f64::MAX
}

/// The logarithm of an ordinary x.
#[inline(always)]
pub fn lane(x: f64) -> f64 {
    let bits = x.to_bits();
    // 2^20 above the high word's fraction where 1 + f is to be halved.
    let halved = ((bits & FRACTION_HIGH) + 0x0009_5f64_0000_0000) & (1 << 52);
    let f = f64::from_bits((bits & FRACTION) | (halved ^ ONE)) - 1.0;
    let exponent = (bits >> 52) + (halved >> 52);
    let k = f64::from_bits(exponent | TWO_52) - (4_503_599_627_370_496.0 + 1023.0);
    let (k_high, k_low) = (k * LN2_HIGH, k * LN2_LOW);

    let short = f * f * (0.5 - (1.0 / 3.0) * f);
    let near = k_high - ((short - k_low) - f);

    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (LG2 + w * (LG4 + w * LG6));
    let odd = z * (LG1 + w * (LG3 + w * (LG5 + w * LG7)));
    let r = odd + even;
    let half = 0.5 * f * f;
    let middle = k_high - ((half - (s * (half + r) + k_low)) - f);
    let outer = k_high - ((s * (f - r) - k_low) - f);

    let fraction = f64::from_bits((bits & FRACTION) | ONE);
    let far = if (fraction >= MIDDLE_FROM) & (fraction < MIDDLE_TO) {
        middle
    } else {
        outer
    };
    if (f >= -NEAR) & (f < NEAR) {
        near
    } else {
        far
    }
}
