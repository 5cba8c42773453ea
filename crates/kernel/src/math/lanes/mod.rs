//! Functions of Math, eight elements at a time.
//!
//! The same operations in the same order as in V8's own ones, which come from fdlibm: so they have the same bits. Both sides
//! of what is a jump there are computed here, and one is taken, so that the compiler makes instructions for several numbers
//! at once of it. Elements that are not ordinary (NaN, infinities, subnormal numbers, results close to the ends, what takes
//! more care) are given to V8's own function one by one.
//!
//! That a block has V8's bits is not believed but tried, like everything in [`math`](super): on the table of hard inputs,
//! and against V8's own function on more of them.

// Both comparisons are made, without a jump between them.
#![allow(clippy::manual_range_contains)]

mod exp;
mod log;
mod pow;
mod trigonometry;

use super::{same, Function, Table};

/// Elements of a block.
pub const WIDTH: usize = 8;

/// Replaces each of the [`WIDTH`] elements at `x` by the function of it; of two arguments: of it and the one at `y`.
/// `scalar` is the address of the same function for one element.
pub type Block = unsafe extern "C" fn(x: *mut f64, y: *const f64, scalar: usize);

/// 2 to the power of an integer, whose result is normal.
#[inline(always)]
fn power_of_two(k: f64) -> f64 {
    // The last bits of a number from 2^52 on are those of an integer.
    f64::from_bits((k + (6_755_399_441_055_744.0 + 1023.0)).to_bits() << 52)
}

/// The elements at `from`, one by one: a longer read of what was just written in parts would wait until those have left
/// the processor.
///
/// # Safety
/// [`WIDTH`] elements are there.
#[inline(always)]
unsafe fn read(from: *const f64) -> [f64; WIDTH] {
    // SAFETY: by the contract of this function.
    std::array::from_fn(|at| unsafe { from.add(at).read_volatile() })
}

#[inline(always)]
unsafe fn one(
    x: *mut f64,
    scalar: usize,
    ordinary: impl Fn(f64) -> bool,
    lane: impl Fn(f64) -> f64,
) {
    // SAFETY: by the contract of `Block`.
    let (given, x) = unsafe { (read(x), &mut *x.cast::<[f64; WIDTH]>()) };
    // As wide as the elements, so that nothing has to be packed: 1 where one is odd.
    let mut odd = [0_u64; WIDTH];
    for at in 0..WIDTH {
        let fine = ordinary(given[at]);
        x[at] = lane(if fine { given[at] } else { 1.0 });
        odd[at] = if fine { 0 } else { 1 };
    }
    if odd.iter().fold(0, |any, odd| any | odd) == 0 {
        return;
    }
    // SAFETY: by the contract of `Block`.
    let scalar = unsafe { std::mem::transmute::<usize, unsafe extern "C" fn(f64) -> f64>(scalar) };
    for at in (0..WIDTH).filter(|at| odd[*at] != 0) {
        // SAFETY: as above.
        x[at] = unsafe { scalar(given[at]) };
    }
}

#[inline(always)]
unsafe fn two(x: *mut f64, y: *const f64, scalar: usize) {
    // SAFETY: by the contract of `Block`.
    let (given, y, x) = unsafe { (read(x), read(y), &mut *x.cast::<[f64; WIDTH]>()) };
    let (mut bases, mut exponents, mut sizes) = ([1.0; WIDTH], [1.0; WIDTH], [0.0; WIDTH]);
    let mut odd = [0_u64; WIDTH];
    for at in 0..WIDTH {
        let fine = pow::ordinary(given[at], y[at]);
        bases[at] = if fine { given[at] } else { 1.0 };
        exponents[at] = if fine { y[at] } else { 1.0 };
        odd[at] = if fine { 0 } else { 1 };
    }
    for at in 0..WIDTH {
        (x[at], sizes[at]) = pow::lane(bases[at], exponents[at]);
    }
    for at in 0..WIDTH {
        odd[at] |= if sizes[at].abs() < pow::LARGEST { 0 } else { 1 };
    }
    if odd.iter().fold(0, |any, odd| any | odd) == 0 {
        return;
    }
    // SAFETY: by the contract of `Block`.
    let scalar =
        unsafe { std::mem::transmute::<usize, unsafe extern "C" fn(f64, f64) -> f64>(scalar) };
    for at in (0..WIDTH).filter(|at| odd[*at] != 0) {
        // SAFETY: as above.
        x[at] = unsafe { scalar(given[at], y[at]) };
    }
}

macro_rules! blocks {
    ($module:ident $(, $feature:literal)?) => {
        mod $module {
            use super::{exp, log, one, trigonometry, two};

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn sin(x: *mut f64, _: *const f64, scalar: usize) {
                // SAFETY: by the contract of `Block`.
                unsafe { one(x, scalar, trigonometry::ordinary, trigonometry::sin) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn cos(x: *mut f64, _: *const f64, scalar: usize) {
                // SAFETY: as above.
                unsafe { one(x, scalar, trigonometry::ordinary, trigonometry::cos) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn exp(x: *mut f64, _: *const f64, scalar: usize) {
                // SAFETY: as above.
                unsafe { one(x, scalar, exp::ordinary, exp::lane) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn log(x: *mut f64, _: *const f64, scalar: usize) {
                // SAFETY: as above.
                unsafe { one(x, scalar, log::ordinary, log::lane) }
            }

            $(#[target_feature(enable = $feature)])?
            pub unsafe extern "C" fn pow(x: *mut f64, y: *const f64, scalar: usize) {
                // SAFETY: as above.
                unsafe { two(x, y, scalar) }
            }
        }
    };
}

blocks!(baseline);
#[cfg(target_arch = "x86_64")]
blocks!(avx2, "avx2");

/// The block of a function, where there is one for this processor.
pub fn find(name: &str) -> Option<Block> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return Some(match name {
            "sin" => avx2::sin,
            "cos" => avx2::cos,
            "exp" => avx2::exp,
            "log" => avx2::log,
            "pow" => avx2::pow,
            _ => return None,
        });
    }
    Some(match name {
        "sin" => baseline::sin,
        "cos" => baseline::cos,
        "exp" => baseline::exp,
        "log" => baseline::log,
        "pow" => baseline::pow,
        _ => return None,
    })
}

/// Random inputs on which a block is tried, beside the table.
const TRIED: usize = 4096;

/// Whether a block gives what the table has, and what `scalar` gives for other inputs.
pub fn agrees(block: Block, scalar: Function, table: &Table) -> bool {
    let mut random = randoms();
    let mut next = || random.next().unwrap_or_default();
    let more: Vec<(f64, f64)> = (0..TRIED).map(|_| (next(), next())).collect();
    let of_table = table.x.iter().copied().zip(table.y.iter().copied());
    let inputs: Vec<(f64, f64)> = of_table.chain(more).collect();
    inputs.chunks(WIDTH).enumerate().all(|(chunk, inputs)| {
        let (mut x, mut y) = ([1.0; WIDTH], [1.0; WIDTH]);
        for (at, (a, b)) in inputs.iter().enumerate() {
            (x[at], y[at]) = (*a, *b);
        }
        // SAFETY: two arrays of `WIDTH` elements, and the address of the function that the block is one of.
        unsafe { block(x.as_mut_ptr(), y.as_ptr(), scalar.address()) };
        inputs.iter().enumerate().all(|(at, (a, b))| {
            let expected = table.expected.get(chunk * WIDTH + at).copied();
            // SAFETY: a function of doubles, as its type says.
            same(
                x[at],
                expected.unwrap_or_else(|| unsafe { scalar.apply(*a, *b) }),
            )
        })
    })
}

/// Numbers that look random: of several magnitudes, most of them ordinary.
fn randoms() -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut word = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut unit = move || (word() >> 11) as f64 / 9_007_199_254_740_992.0;
    (0..).map(move |turn| match turn % 6 {
        0 => unit(),
        1 => 2.0 * unit() - 1.0,
        2 => 10.0 * unit(),
        3 => 1000.0 * (unit() - 0.5),
        4 => (100.0 * (unit() - 0.5)).exp(),
        _ => 1e6 * (unit() - 0.5),
    })
}

#[cfg(test)]
mod test {
    use super::*;

    /// A block's result for one element; -Infinity where it leaves that to the function of one.
    fn of(name: &str, x: f64, y: f64) -> f64 {
        unsafe extern "C" fn none(_: f64) -> f64 {
            f64::NEG_INFINITY
        }
        unsafe extern "C" fn nor(_: f64, _: f64) -> f64 {
            f64::NEG_INFINITY
        }
        let scalar = if name == "pow" {
            nor as *const () as usize
        } else {
            none as *const () as usize
        };
        let (mut xs, ys) = ([x; WIDTH], [y; WIDTH]);
        // SAFETY: two arrays of `WIDTH` elements, and a function of as many doubles as the block.
        unsafe { find(name).unwrap()(xs.as_mut_ptr(), ys.as_ptr(), scalar) };
        xs[3]
    }

    #[test]
    fn ordinary_elements_are_within_an_ulp_of_the_hosts() {
        let mut random = randoms();
        let close = |found: f64, expected: f64| {
            let apart = found.to_bits().abs_diff(expected.to_bits());
            found == f64::NEG_INFINITY || apart <= 1
        };
        let mut fast = 0;
        for _ in 0..20_000 {
            let (x, y) = (random.next().unwrap(), random.next().unwrap());
            for (name, found, expected) in [
                ("sin", of("sin", x, 0.0), x.sin()),
                ("cos", of("cos", x, 0.0), x.cos()),
                ("exp", of("exp", x, 0.0), x.exp()),
                ("log", of("log", x, 0.0), x.ln()),
                ("pow", of("pow", x, y), x.powf(y)),
            ] {
                assert!(
                    close(found, expected),
                    "{name}({x}, {y}): {found} for {expected}"
                );
                fast += usize::from(found != f64::NEG_INFINITY);
            }
        }
        assert!(fast > 50_000, "{fast} of 100,000 were ordinary");
    }

    #[test]
    fn odd_elements_are_left_to_the_function_of_one() {
        for (name, x, y) in [
            ("sin", f64::NAN, 0.0),
            ("sin", 1e9, 0.0),
            ("cos", f64::INFINITY, 0.0),
            ("sin", std::f64::consts::PI, 0.0),
            ("exp", -745.0, 0.0),
            ("exp", f64::NAN, 0.0),
            ("log", 0.0, 0.0),
            ("log", -1.0, 0.0),
            ("log", 5e-324, 0.0),
            ("log", f64::INFINITY, 0.0),
            ("pow", -2.0, 3.0),
            ("pow", 2.0, f64::NAN),
            ("pow", 10.0, 305.0),
            ("pow", 3.0, 0.5),
        ] {
            assert_eq!(of(name, x, y), f64::NEG_INFINITY, "{name}({x}, {y})");
        }
        assert_eq!(of("exp", 1.0, 0.0), std::f64::consts::E);
        assert_eq!(of("log", 1.0, 0.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(of("sin", -0.0, 0.0).to_bits(), (-0.0_f64).to_bits());
    }

    #[test]
    fn a_block_that_differs_anywhere_is_not_taken() {
        let table = |name: &str, wrong: u64| {
            let x: Vec<f64> = (1..1000).map(f64::from).collect();
            let mut expected: Vec<f64> = x.iter().map(|x| of(name, *x, 0.0)).collect();
            expected[500] = f64::from_bits(expected[500].to_bits() + wrong);
            Table {
                name: name.into(),
                y: x.clone(),
                x,
                expected,
            }
        };
        extern "C" fn itself(x: f64) -> f64 {
            of("log", x, 0.0)
        }
        extern "C" fn another(x: f64) -> f64 {
            if x > 10.0 {
                itself(x)
            } else {
                x
            }
        }
        let block = find("log").unwrap();
        assert!(agrees(block, Function::One(itself), &table("log", 0)));
        assert!(!agrees(block, Function::One(itself), &table("log", 1)));
        assert!(!agrees(block, Function::One(another), &table("log", 0)));
    }
}
