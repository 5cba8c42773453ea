//! The short form of `step.rs`. It has no test harness, since the program must have one thread.

#[cfg(all(not(loom), target_os = "linux"))]
#[path = "step.rs"]
mod step;

fn main() {
    #[cfg(all(not(loom), target_os = "linux"))]
    step::short();
}
