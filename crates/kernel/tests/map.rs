//! Kernels compute what Rust computes, where both are IEEE 754's. What is V8's alone is compared in the package's tests.

mod common;

use common::{compile, job, map, request};
use multiproc_kernel::ElementKind;

fn numbers(n: usize) -> Vec<f64> {
    let special = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        -1.5,
        2_147_483_648.0,
        4_294_967_296.5,
        -7.0,
        1e300,
    ];
    (0..n)
        .map(|i| special.get(i).copied().unwrap_or(i as f64 / 3.0 - 40.0))
        .collect()
}

fn check(source: &str, f: impl Fn(f64, f64, usize) -> f64) {
    let (a, b) = (numbers(500), numbers(501)[1..].to_vec());
    for threads in [1, 3] {
        let found = map(source, vec![a.clone(), b.clone()], threads);
        for (i, found) in found.into_iter().enumerate() {
            let expected = f(a[i], b[i], i);
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(
                same,
                "{source} of {}, {}, {i}: {found} for {expected}",
                a[i], b[i]
            );
        }
    }
}

fn to_int32(x: f64) -> i32 {
    if x.is_finite() {
        x.trunc().rem_euclid(4_294_967_296.0) as u32 as i32
    } else {
        0
    }
}

#[test]
fn arithmetic() {
    check("(x, y) => x + y * 2 - x / y", |x, y, _| x + y * 2.0 - x / y);
    check("(x, y, i) => x % y + i", |x, y, i| x % y + i as f64);
    check("(x) => -x", |x, _, _| -x);
    check(
        "function (x, y) { return Math.sqrt(Math.abs(x)) + Math.floor(y) }",
        |x, y, _| x.abs().sqrt() + y.floor(),
    );
}

#[test]
fn integers() {
    check("(x, y) => x | y", |x, y, _| {
        f64::from(to_int32(x) | to_int32(y))
    });
    check("(x, y) => x >>> y", |x, y, _| {
        f64::from(to_int32(x) as u32 >> (to_int32(y) & 31))
    });
    check("(x, y) => Math.imul(x, y)", |x, y, _| {
        f64::from(to_int32(x).wrapping_mul(to_int32(y)))
    });
    check("(x, y) => ((x | 0) + (y | 0)) | 0", |x, y, _| {
        f64::from(to_int32(x).wrapping_add(to_int32(y)))
    });
    // Speculation that fails: products beyond int32, -0.
    check(
        "(x, y) => { let p = x | 0; for (let k = 0; k < 3; k++) p *= y | 0; return p }",
        |x, y, _| (0..3).fold(f64::from(to_int32(x)), |p, _| p * f64::from(to_int32(y))),
    );
    check("(x, y) => (x | 0) % (y | 0)", |x, y, _| {
        f64::from(to_int32(x)) % f64::from(to_int32(y))
    });
}

#[test]
fn control_flow() {
    check(
        "(x, y) => { let s = 0; outer: for (let i = 0; i < 10; i++) { for (;;) { s += x; if (s > y) break outer; if (!(s < 1e6)) return -1; continue outer; } } return s }",
        |x, y, _| {
            let mut s = 0.0;
            for _ in 0..10 {
                s += x;
                if s > y {
                    return s;
                }
                // not the same as s >= 1e6: s may be NaN
                let below = s < 1e6;
                if !below {
                    return -1.0;
                }
            }
            s
        },
    );
    check(
        "(x, y, i) => { switch (i % 3) { case 0: x++; case 1: return x; default: return y } }",
        |x, y, i| match i % 3 {
            0 => x + 1.0,
            1 => x,
            _ => y,
        },
    );
    check(
        "(x, y) => { const f = (a, b = 3) => a * b; return f(x) + f(x, y) }",
        |x, y, _| x * 3.0 + x * y,
    );
    check("(x, y) => x < y && y < 30 ? x : y || 5", |x, y, _| {
        if x < y && y < 30.0 {
            x
        } else if y == 0.0 || y.is_nan() {
            5.0
        } else {
            y
        }
    });
}

#[test]
fn each_tier_is_used() {
    let tier = |source: &str| {
        let kernel = compile(&request(source, 1, Some(ElementKind::Float64)));
        (kernel.is_vectorised(), kernel.is_speculative())
    };
    assert_eq!(tier("(x) => x * x + 1"), (true, false));
    assert_eq!(
        tier("(x) => { let n = 0; while (x > 1) { x /= 2; n++ } return n }"),
        (false, true)
    );
    assert_eq!(tier("(x, i) => x * i"), (false, false));
}

#[test]
fn a_stopped_run_ends() {
    let kernel = compile(&request(
        "(x) => { for (;;) x++; }",
        1,
        Some(ElementKind::Float64),
    ));
    let (mut inputs, mut out) = ([vec![1.0; 100]], vec![0.0; 100]);
    let job = job(&mut inputs, Some(&mut out), 100, 2);
    let stop = job.stop.clone();
    std::thread::scope(|scope| {
        // SAFETY: the vectors outlive the run, and nothing else uses them.
        let run = scope.spawn(|| unsafe { kernel.map(&job) });
        std::thread::sleep(std::time::Duration::from_millis(20));
        stop.stop();
        assert!(run.join().expect("it does not panic").is_err());
    });
}

#[test]
fn a_conditional_count_needs_no_jump() {
    check(
        "(x, y) => { let n = 0; for (let i = -5; i < 9; i++) { if (x < i) n++; if (i >= y) n--; } return n }",
        |x, y, _| {
            let below = (-5..9).filter(|i| x < f64::from(*i)).count() as f64;
            let above = (-5..9).filter(|i| f64::from(*i) >= y).count() as f64;
            below - above
        },
    );
    check(
        "(x) => { let n = 2147483646; for (let i = 0; i < 4; i++) if (x !== 0) n++; return n }",
        |x, _, _| {
            if x == 0.0 {
                2_147_483_646.0
            } else {
                2_147_483_650.0
            }
        },
    );
}
