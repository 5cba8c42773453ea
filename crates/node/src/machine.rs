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

/// Bytes of a process's resident memory that are its own alone; absent where the system does not tell.
#[napi(catch_unwind)]
pub fn private_memory(pid: u32) -> Option<f64> {
    process::private_memory(pid).map(|bytes| bytes as f64)
}

/// Memory that this process has let go of stays with it, up to so many bytes at the heap's end.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: i32 = 64 << 20;
/// glibc's largest, below which memory comes from the heap, and stays.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGEST: i32 = 32 << 20;

/// Freed memory is used again before it goes back to the system: a worker that takes in one large array after the other
/// would have fresh pages for each, which take longer than to copy it. Where the C library is another than glibc, it decides.
#[napi(catch_unwind)]
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets numbers of the allocator, under its own lock.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}
