//! The long form of `tests/kill/torture.rs`; its header says what it does and which arguments it takes.

#[cfg(all(not(loom), target_os = "linux"))]
#[path = "../tests/kill/torture.rs"]
mod torture;

fn main() {
    #[cfg(all(not(loom), target_os = "linux"))]
    torture::long();
}
