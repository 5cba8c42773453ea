//! What the machine has.

use std::path::Path;

use multiproc_process as process;
use napi_derive::napi;

/// Logical CPUs of the machine.
#[napi(catch_unwind)]
pub fn cpu_count() -> u32 {
    process::cpu_count() as u32
}

/// CPUs that this process may use: affinity and cgroup quota. `root` is where /proc and /sys are looked for: "/".
#[napi(catch_unwind)]
pub fn available_cpu_count(root: String) -> u32 {
    process::available_cpu_count(Path::new(&root)) as u32
}
