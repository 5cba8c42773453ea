//! The kernels as one writes them by hand in Rust with rayon. Speaks the protocol of harness/contestant.mjs.
//! Functions of the mathematical library are the host's, so results may differ from V8's in the last place.

use rayon::prelude::*;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::os::fd::FromRawFd;
use std::time::Instant;

fn cnd(d: f64) -> f64 {
    let k = 1.0 / (1.0 + 0.2316419 * d.abs());
    let series = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))));
    let w = 1.0 - 0.39894228040143 * (-d * d / 2.0).exp() * series;
    if d < 0.0 {
        1.0 - w
    } else {
        w
    }
}

fn black_scholes(s: f64, x: f64, t: f64) -> f64 {
    let (r, v) = (0.03, 0.3);
    let q = v * t.sqrt();
    let d1 = ((s / x).ln() + (r + v * v / 2.0) * t) / q;
    let d2 = d1 - q;
    s * cnd(d1) - x * (-r * t).exp() * cnd(d2)
}

fn mandelbrot(cx: f64, cy: f64) -> f64 {
    let (mut x, mut y, mut i) = (0.0, 0.0, 0);
    while i < 200 {
        let (x2, y2) = (x * x, y * y);
        if x2 + y2 > 4.0 {
            break;
        }
        y = 2.0 * x * y + cy;
        x = x2 - y2 + cx;
        i += 1;
    }
    f64::from(i)
}

fn monte_carlo(seed: f64) -> f64 {
    let mut s = (seed as i64 as u32).wrapping_mul(0x9E37_79B1) | 1;
    let mut hit = 0;
    let mut next = || {
        s ^= s << 13;
        s ^= s >> 17;
        s ^= s << 5;
        f64::from(s) / 4_294_967_296.0
    };
    for _ in 0..500 {
        let (x, y) = (next(), next());
        if x * x + y * y <= 1.0 {
            hit += 1;
        }
    }
    f64::from(hit)
}

fn is_prime(n: f64) -> f64 {
    let n = n as u32;
    if n < 2 {
        return 0.0;
    }
    if n % 2 == 0 {
        return f64::from(n == 2);
    }
    let mut i = 3;
    while i * i <= n {
        if n % i == 0 {
            return 0.0;
        }
        i += 2;
    }
    1.0
}

fn polynomial(x: f64) -> f64 {
    ((((0.1 * x + 0.2) * x - 0.3) * x + 0.4) * x - 0.5) * x + x.abs().sqrt()
}

fn column(n: usize, of: impl Fn(usize) -> f64) -> Vec<f64> {
    (0..n).map(of).collect()
}

type Round = Box<dyn FnMut()>;

/// Elements that a task has at least: rayon splits further, without need.
const GRAIN: usize = 1024;

fn one(n: usize, grain: usize, of: impl Fn(usize) -> f64, f: impl Fn(f64) -> f64 + Sync + 'static) -> Round {
    let (a, mut out) = (column(n, of), vec![0.0; n]);
    Box::new(move || {
        out.par_iter_mut().with_min_len(grain).zip(&a).for_each(|(out, x)| *out = f(*x));
        black_box(&out);
    })
}

fn two(n: usize, grain: usize, a: Vec<f64>, b: Vec<f64>, f: impl Fn(f64, f64) -> f64 + Sync + 'static) -> Round {
    let mut out = vec![0.0; n];
    Box::new(move || {
        out.par_iter_mut().with_min_len(grain).zip(&a).zip(&b).for_each(|((out, x), y)| *out = f(*x, *y));
        black_box(&out);
    })
}

fn prepare(name: &str, n: usize) -> Round {
    let part = move |i: usize| i as f64 / n as f64;
    match name {
        "x ** x" => one(n, GRAIN, move |i| 0.5 + 5.0 * part(i), |x| x.powf(x)),
        "polynomial" => one(n, GRAIN, move |i| part(i) - 0.5, polynomial),
        "sin · exp" => one(n, GRAIN, move |i| part(i) * 20.0 - 10.0, |x| x.sin() * (-x * x / 10.0).exp()),
        "Monte-Carlo π" => one(n, 1, |i| i as f64 + 1.0, monte_carlo),
        "isPrime" => one(n, 16, |i| 1_000_001.0 + 2.0 * i as f64, is_prime),
        "Mandelbrot" => {
            let a = column(n, |i| (i % 128) as f64 / 128.0 * 3.0 - 2.0);
            let b = column(n, |i| (i / 128) as f64 / 128.0 * 2.4 - 1.2);
            two(n, 16, a, b, mandelbrot)
        }
        "axpy" => two(n, GRAIN, column(n, |i| i as f64), column(n, |i| 2.0 * i as f64), |x, y| 1.5 * x + y),
        "Black-Scholes" => {
            let s = column(n, |i| 50.0 + (i % 101) as f64);
            let x = column(n, |i| 60.0 + (i % 67) as f64);
            let t = column(n, |i| 0.2 + (i % 13) as f64 / 10.0);
            let mut out = vec![0.0; n];
            Box::new(move || {
                let inputs = s.par_iter().zip(&x).zip(&t);
                out.par_iter_mut().with_min_len(GRAIN).zip(inputs).for_each(|(out, ((s, x), t))| *out = black_scholes(*s, *x, *t));
                black_box(&out);
            })
        }
        _ => {
            let a = column(n, |i| i as f64 * 0.5);
            Box::new(move || {
                black_box(a.par_iter().with_min_len(GRAIN).sum::<f64>());
            })
        }
    }
}

/// The text between `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: char) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

fn main() {
    // SAFETY: the harness hands over descriptor 3, which nothing else here uses.
    let mut answers = unsafe { File::from_raw_fd(3) };
    let names = ["x ** x", "polynomial", "sin · exp", "Black-Scholes", "Mandelbrot", "Monte-Carlo π", "isPrime", "sum", "axpy"];
    let list = names.map(|name| format!("\"{name}\"")).join(",");
    writeln!(answers, "{{\"ready\":[{list}]}}").expect("the harness listens");
    let mut prepared: Option<(String, Round)> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("the harness writes text");
        let name = between(&line, "\"call\":\"", '"').expect("a call").to_owned();
        if name == "close" {
            writeln!(answers, "{{}}").expect("the harness listens");
            break;
        }
        let number = |name: &str, after| between(&line, name, after).and_then(|n| n.parse::<usize>().ok()).expect("a count");
        let (n, turns) = (number("\"n\":", ','), number("\"turns\":", '}'));
        if prepared.as_ref().is_none_or(|(known, _)| *known != name) {
            let mut round = prepare(&name, n);
            round();
            prepared = Some((name, round));
        }
        let (_, round) = prepared.as_mut().expect("just prepared");
        let turn = || {
            let begun = Instant::now();
            round();
            begun.elapsed().as_nanos()
        };
        let ns = std::iter::repeat_with(turn).take(turns).min().expect("a turn");
        writeln!(answers, "{{\"ns\":{ns},\"ops\":{n},\"cpuOps\":{}}}", n * turns).expect("the harness listens");
    }
}
