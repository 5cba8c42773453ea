//! Reductions have the order that is documented, whatever the number of threads.

mod common;

use common::{job, reduce};
use multiproc_kernel::Plain;

fn documented(f: impl Fn(f64, f64) -> f64, input: &[f64], initial: f64) -> f64 {
    let runs = input
        .chunks(1024)
        .map(|run| run.iter().fold(initial, |a, b| f(a, *b)));
    runs.reduce(&f).unwrap_or(initial)
}

fn input(n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| (i as f64 * 0.7).sin() * 10_f64.powi((i % 20) as i32))
        .collect()
}

#[test]
fn compiled_and_plain_sums_have_the_same_bits() {
    for n in [0, 1, 1023, 1024, 1025, 8192, 8193, 100_000] {
        let expected = documented(|a, b| a + b, &input(n), 0.0);
        for threads in [1, 2, 3, 8] {
            let compiled =
                reduce("(a, b) => a + b", input(n), 0.0, threads).expect("nobody stops it");
            assert_eq!(
                compiled.to_bits(),
                expected.to_bits(),
                "{n} elements on {threads} threads"
            );
            let mut inputs = [input(n)];
            let job = job(&mut inputs, None, n, threads);
            // SAFETY: the vector outlives the run, and nothing else uses it.
            let plain = unsafe { Plain::Sum.reduce(&job, 0.0) }.expect("nobody stops it");
            assert_eq!(
                plain.to_bits(),
                expected.to_bits(),
                "{n} elements on {threads} threads"
            );
        }
    }
}

#[test]
fn the_initial_value_begins_every_run() {
    let count = reduce("(a, b) => a + b", vec![0.0; 3000], 1.0, 2).expect("nobody stops it");
    assert_eq!(count, 3.0);
}
