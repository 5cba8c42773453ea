//! Functions of our own: those that are exact by definition, and candidates for those that are not.

use super::Function;

/// ECMAScript's ToInt32: the low 32 bits of the truncated number.
pub extern "C" fn to_int32(x: f64) -> i32 {
    if !x.is_finite() {
        return 0;
    }
    let modulo = x.trunc() % 4_294_967_296.0;
    (if modulo < 0.0 {
        modulo + 4_294_967_296.0
    } else {
        modulo
    }) as u32 as i32
}

/// ECMAScript's `%`: fmod, which is exact.
pub extern "C" fn remainder(x: f64, y: f64) -> f64 {
    x % y
}

/// Math.hypot as V8 computes it (src/builtins/math.tq): scaled by the largest, summed with Kahan's correction.
///
/// # Safety
/// `sizes` is the address of `count` doubles, none negative.
pub unsafe extern "C" fn hypot(sizes: *const f64, count: usize) -> f64 {
    // SAFETY: by the contract of this function.
    let sizes = unsafe { std::slice::from_raw_parts(sizes, count) };
    if sizes.contains(&f64::INFINITY) {
        return f64::INFINITY;
    }
    if sizes.iter().any(|size| size.is_nan()) {
        return f64::NAN;
    }
    let largest = sizes.iter().fold(0.0, |a: f64, b| a.max(*b));
    if largest == 0.0 {
        return 0.0;
    }
    if count == 1 {
        return largest;
    }
    let (mut sum, mut lost) = (0.0, 0.0);
    for size in sizes {
        let scaled = size / largest;
        let square = scaled * scaled - lost;
        let next = sum + square;
        lost = (next - sum) - square;
        sum = next;
    }
    sum.sqrt() * largest
}

macro_rules! ports {
    ($($name:ident)*) => {
        $(extern "C" fn $name(x: f64) -> f64 {
            libm::$name(x)
        })*

        /// The port of this name, where there is one.
        fn one(name: &str) -> Option<Function> {
            match name {
                $(stringify!($name) => Some(Function::One($name)),)*
                _ => None,
            }
        }
    };
}

ports!(acos acosh asin asinh atan atanh cbrt cos cosh exp expm1 log log10 log1p log2 sin sinh tan tanh);

extern "C" fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// What JavaScript has otherwise than C: 1 to the power of an infinity or NaN is NaN; a signalling NaN, which V8's log gives for
/// what is below 0, to the power of 0 is 1.
fn odd_power(x: f64, y: f64) -> Option<f64> {
    if y == 0.0 {
        return Some(1.0);
    }
    if y.is_nan() || y.is_infinite() && x.abs() == 1.0 {
        return Some(f64::NAN);
    }
    None
}

/// By the host's C library, as newer V8s do, with the shortcuts that they take.
extern "C" fn power_host(x: f64, y: f64) -> f64 {
    if let Some(odd) = odd_power(x, y) {
        return odd;
    }
    if y == 2.0 {
        return x * x;
    }
    if y == 0.5 {
        return if x.is_infinite() {
            f64::INFINITY
        } else {
            (x + 0.0).sqrt()
        };
    }
    x.powf(y)
}

/// By the host's C library, without shortcuts.
extern "C" fn power_host_plain(x: f64, y: f64) -> f64 {
    odd_power(x, y).unwrap_or_else(|| x.powf(y))
}

extern "C" fn power_port(x: f64, y: f64) -> f64 {
    odd_power(x, y).unwrap_or_else(|| libm::pow(x, y))
}

/// Candidates for a function, the likeliest first.
pub fn find(name: &str) -> Vec<Function> {
    match name {
        "pow" => vec![
            Function::Two(power_host),
            Function::Two(power_host_plain),
            Function::Two(power_port),
        ],
        "atan2" => vec![Function::Two(atan2)],
        _ => one(name).into_iter().collect(),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn to_int32_keeps_the_low_bits() {
        for (x, bits) in [
            (0.0, 0),
            (-0.9, 0),
            (2_147_483_648.0, i32::MIN),
            (4_294_967_297.0, 1),
            (-4_294_967_297.0, -1),
            (1e22, -1_304_428_544),
            (-1e22, 1_304_428_544),
            (9.3e18, -81_657_856),
            (f64::NAN, 0),
            (f64::NEG_INFINITY, 0),
        ] {
            assert_eq!(to_int32(x), bits, "{x}");
        }
    }

    #[test]
    fn hypot_of_odd_numbers() {
        let of = |list: &[f64]| {
            // SAFETY: a slice, and its length.
            unsafe { hypot(list.as_ptr(), list.len()) }
        };
        assert_eq!(of(&[3.0, 4.0]), 5.0);
        assert_eq!(of(&[f64::NAN, f64::INFINITY]), f64::INFINITY);
        assert!(of(&[f64::NAN, 1.0]).is_nan());
        assert_eq!(of(&[0.0, 0.0]).to_bits(), 0.0_f64.to_bits());
        assert_eq!(of(&[1e300, 1e300]), 1e300 * 2.0_f64.sqrt());
    }

    #[test]
    fn powers_that_differ_from_c() {
        for power in [power_host, power_host_plain, power_port] {
            assert!(power(1.0, f64::NAN).is_nan());
            assert!(power(-1.0, f64::INFINITY).is_nan());
            assert_eq!(power(2.0, 10.0), 1024.0);
            assert_eq!(power(f64::NAN, 0.0), 1.0);
            assert_eq!(power(f64::from_bits(0x7ff0_0000_0000_0001), -0.0), 1.0);
        }
    }
}
