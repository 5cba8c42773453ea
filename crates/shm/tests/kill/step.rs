//! Kills a process after exactly k machine instructions of an operation, repairs, and checks that nothing is lost, leaked or
//! stuck.
//!
//! `step [NAME]`: every k of every operation whose name contains NAME. The short form takes some k of each.

#[path = "blocks.rs"]
mod blocks;
#[path = "primitives.rs"]
mod primitives;
#[path = "stepper.rs"]
mod stepper;
#[path = "world.rs"]
mod world;

fn run(only: &str, budget: Option<u64>) {
    let mut cases = blocks::cases();
    cases.extend(primitives::cases());
    stepper::run(cases, only, budget);
}

#[allow(dead_code)]
pub fn short() {
    run("", Some(10_000));
}

#[allow(dead_code)]
pub fn long() {
    run(&std::env::args().nth(1).unwrap_or_default(), None);
}
