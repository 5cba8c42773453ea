//! What the floors have in common: shared memory, a futex, a child, the protocol of harness/contestant.mjs. Linux.

use std::ffi::{c_int, c_long, c_void};
use std::fs::File;
use std::os::fd::FromRawFd;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

extern "C" {
    fn mmap(
        at: *mut c_void,
        len: usize,
        prot: c_int,
        flags: c_int,
        fd: c_int,
        offset: c_long,
    ) -> *mut c_void;
    fn fork() -> c_int;
    fn prctl(option: c_int, argument: c_long) -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
}

#[cfg(target_arch = "x86_64")]
const SYS_FUTEX: c_long = 202;
#[cfg(target_arch = "aarch64")]
const SYS_FUTEX: c_long = 98;
const FUTEX_WAIT: c_int = 0;
const FUTEX_WAKE: c_int = 1;

/// Zeroed memory that children share, page aligned. It is never unmapped.
pub fn shared(bytes: usize) -> *mut u8 {
    // SAFETY: a fresh mapping, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS.
    let at = unsafe { mmap(ptr::null_mut(), bytes, 3, 0x21, -1, 0) };
    assert!(at as isize != -1, "mmap failed");
    at.cast()
}

/// Wakes at most `most` that sleep for `word`.
pub fn wake(word: &AtomicU32, most: u32) {
    // SAFETY: the word is borrowed for the call.
    unsafe { syscall(SYS_FUTEX, word, FUTEX_WAKE, most) };
}

/// Sleeps until `word` is not `seen` any more.
pub fn wait(word: &AtomicU32, seen: u32) {
    while word.load(SeqCst) == seen {
        // SAFETY: as in wake(); no timeout.
        unsafe { syscall(SYS_FUTEX, word, FUTEX_WAIT, seen, ptr::null::<c_void>()) };
    }
}

/// A child that runs `life` and ends with its parent.
pub fn child(life: impl FnOnce()) {
    // SAFETY: there is one thread.
    if unsafe { fork() } == 0 {
        // SAFETY: numbers alone: PR_SET_PDEATHSIG, SIGKILL.
        unsafe { prctl(1, 9) };
        life();
    }
}

/// Where answers to the harness go. To be called once.
pub fn answers() -> File {
    // SAFETY: the harness gives us descriptor 3, and nothing else here uses it.
    unsafe { File::from_raw_fd(3) }
}

/// The number after `"name":` in a line of JSON.
pub fn number(line: &str, name: &str) -> Option<usize> {
    let from = line.find(&format!("\"{name}\":"))? + name.len() + 3;
    let digits: String = line[from..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().ok()
}
