//! The long form of `tests/kill/step.rs`; its header says what it does and which arguments it takes.

#[cfg(all(not(loom), target_os = "linux"))]
#[path = "../tests/kill/step.rs"]
mod step;

fn main() {
    #[cfg(all(not(loom), target_os = "linux"))]
    step::long();
}
