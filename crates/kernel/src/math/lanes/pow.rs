//! The power function of fdlibm (e_pow.c, Sun Microsystems 2004), as V8 had it until it took the host's, without jumps.
//!
//! log2 x in two parts, of 24 and 53 bits; times y, in two parts; 2 to the power of that.

use super::exp::{P1, P2, P3, P4, P5};
use super::power_of_two;

const L1: f64 = f64::from_bits(0x3fe3_3333_3333_3303);
const L2: f64 = f64::from_bits(0x3fdb_6db6_db6f_abff);
const L3: f64 = f64::from_bits(0x3fd5_5555_518f_264d);
const L4: f64 = f64::from_bits(0x3fd1_7460_a91d_4101);
const L5: f64 = f64::from_bits(0x3fcd_864a_93c9_db65);
const L6: f64 = f64::from_bits(0x3fca_7e28_4a45_4eef);
const LN2: f64 = f64::from_bits(0x3fe6_2e42_fefa_39ef);
const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e43_0000_0000);
const LN2_LOW: f64 = f64::from_bits(0xbe20_5c61_0ca8_6c39);
/// 2 / (3 ln 2), its first bits, and the rest.
const CP: f64 = f64::from_bits(0x3fee_c709_dc3a_03fd);
const CP_HIGH: f64 = f64::from_bits(0x3fee_c709_e000_0000);
const CP_LOW: f64 = f64::from_bits(0xbe3e_2fe0_145b_01f5);
/// log2 1.5.
const DP_HIGH: f64 = f64::from_bits(0x3fe2_b803_4000_0000);
const DP_LOW: f64 = f64::from_bits(0x3e4c_fdeb_43cf_d006);

const HIGH: u64 = 0xffff_ffff_0000_0000;
const FRACTION: u64 = (1 << 52) - 1;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const TWO_52: u64 = 0x4330_0000_0000_0000;
/// Up to here the fraction is seen from 1, then from 1.5, then, halved, from 1 again.
const FROM_MIDDLE: f64 = f64::from_bits(0x3ff3_988f_0000_0000);
const FROM_TWO: f64 = f64::from_bits(0x3ffb_b67a_0000_0000);

#[inline(always)]
fn high_word(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & HIGH)
}

/// x positive, normal and finite; y of middling size, and none that has a way of its own.
#[inline(always)]
pub fn ordinary(x: f64, y: f64) -> bool {
    let size = y.abs();
    let own = (size == 1.0) | (size == 2.0) | (size == 0.5);
    (x >= f64::MIN_POSITIVE) & (x <= f64::MAX) & (size < 2_147_483_648.0) & !own
}

/// x to the power of y, both ordinary; and the exponent of 2 that it is, whose size must be below [`LARGEST`].
#[inline(always)]
pub fn lane(x: f64, y: f64) -> (f64, f64) {
    let bits = x.to_bits();
    let fraction = f64::from_bits((bits & FRACTION) | ONE);
    let (middle, halved) = (
        (fraction >= FROM_MIDDLE) & (fraction < FROM_TWO),
        fraction >= FROM_TWO,
    );
    let exponent = f64::from_bits((bits >> 52) | TWO_52) - (4_503_599_627_370_496.0 + 1023.0);
    let n = if halved { exponent + 1.0 } else { exponent };
    let ax = if halved { fraction * 0.5 } else { fraction };
    let base = if middle { 1.5 } else { 1.0 };
    let dp_high = if middle { DP_HIGH } else { 0.0 };
    let dp_low = if middle { DP_LOW } else { 0.0 };

    let u = ax - base;
    let v = 1.0 / (ax + base);
    let ss = u * v;
    let s_high = high_word(ss);
    let third: u64 = if middle { 1 << 50 } else { 0 };
    let t_high = f64::from_bits(
        ((((ax.to_bits() >> 1) & HIGH) | 0x2000_0000_0000_0000) + 0x0008_0000_0000_0000)
            .wrapping_add(third),
    );
    let t_low = ax - (t_high - base);
    let s_low = v * ((u - s_high * t_high) - s_high * t_low);

    let s2 = ss * ss;
    let r = s2 * s2 * (L1 + s2 * (L2 + s2 * (L3 + s2 * (L4 + s2 * (L5 + s2 * L6)))));
    let r = r + s_low * (s_high + ss);
    let s2 = s_high * s_high;
    let t_high = high_word(3.0 + s2 + r);
    let t_low = r - ((t_high - 3.0) - s2);
    let u = s_high * t_high;
    let v = s_low * t_high + t_low * ss;
    let p_high = high_word(u + v);
    let p_low = v - (p_high - u);
    let z_high = CP_HIGH * p_high;
    let z_low = CP_LOW * p_high + p_low * CP + dp_low;
    let t1 = high_word(((z_high + z_low) + dp_high) + n);
    let t2 = z_low - (((t1 - n) - dp_high) - z_high);

    let y1 = high_word(y);
    let p_low = (y - y1) * t1 + y * t2;
    let p_high = y1 * t1;
    let whole = p_low + p_high;

    let z = high_word(whole);
    let turns = z + 0.5_f64.copysign(z);
    let turns = if (z.abs() > 0.5) & (z.abs() < LARGEST) {
        turns
    } else {
        0.0
    };
    // SAFETY: its size is below 1024.
    let k: i32 = unsafe { turns.to_int_unchecked() };
    let k = f64::from(k);
    let p_high = p_high - k;
    let t = high_word(p_low + p_high);
    let u = t * LN2_HIGH;
    let v = (p_low - (t - p_high)) * LN2 + t * LN2_LOW;
    let z = u + v;
    let w = v - (z - u);
    let square = z * z;
    let c = z - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
    // V8's own: fdlibm subtracts the last term from the quotient.
    let r = (z * c) / ((c - 2.0) - (w + z * w));
    ((1.0 - (r - z)) * power_of_two(k), whole)
}

/// Beyond this 2^z is close to the ends of normal numbers.
pub const LARGEST: f64 = 1000.0;
