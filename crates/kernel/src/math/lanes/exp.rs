//! The exponential function of fdlibm (e_exp.c, Sun Microsystems 1993), as V8 has it, without jumps.
//!
//! x = k ln 2 + r with |r| ≤ ln 2 / 2; e^r by a rational approximation; times 2^k.

use super::power_of_two;

const LN2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);
const INVERSE_LN2: f64 = f64::from_bits(0x3ff7_1547_652b_82fe);
pub const P1: f64 = f64::from_bits(0x3fc5_5555_5555_553e);
pub const P2: f64 = f64::from_bits(0xbf66_c16c_16be_bd93);
pub const P3: f64 = f64::from_bits(0x3f11_566a_af25_de2c);
pub const P4: f64 = f64::from_bits(0xbebb_bd41_c5d2_6bf1);
pub const P5: f64 = f64::from_bits(0x3e66_3769_72be_a4d0);

/// The least size of x for which k is not 0: the high word is above that of ln 2 / 2.
const REDUCED: f64 = f64::from_bits(0x3fd6_2e43_0000_0000);
/// Below this size the result is 1 + x.
const TINY: f64 = f64::from_bits(0x3e30_0000_0000_0000);

/// Where e^x is a normal number, far from the ends.
#[inline(always)]
pub fn ordinary(x: f64) -> bool {
    x.abs() < 700.0
}

/// e^x of an ordinary x.
#[inline(always)]
pub fn lane(x: f64) -> f64 {
    let size = x.abs();
    let turns = INVERSE_LN2 * x + 0.5_f64.copysign(x);
    let turns = if size >= REDUCED { turns } else { 0.0 };
    // SAFETY: an ordinary x has |turns| < 1100.
    let k: i32 = unsafe { turns.to_int_unchecked() };
    let t = f64::from(k);
    let high = x - t * LN2_HIGH;
    let low = t * LN2_LOW;
    let r = high - low;
    let square = r * r;
    let c = r - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
    let y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    let scaled = y * power_of_two(t);
    let near = if size < TINY { 1.0 + x } else { scaled };
    // V8's own addition: Math.exp(1) is Math.E.
    if x == 1.0 {
        std::f64::consts::E
    } else {
        near
    }
}
