//! The short form of `torture.rs`. It has no test harness, since its processes are this program.

#[cfg(all(not(loom), target_os = "linux"))]
#[path = "torture.rs"]
mod torture;

fn main() {
    #[cfg(all(not(loom), target_os = "linux"))]
    torture::short();
}
