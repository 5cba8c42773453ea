//! What the crate needs of an operating system: one trait, one file for each system.
//!
//! The truth is always in shared words; a wake is a hint, and every sleep is sliced. So a backend is small.

use crate::Error;
use std::time::Duration;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::{Deaths, Handle, System};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub use macos::{Deaths, Handle, System};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::{Deaths, Handle, System};

/// A system's backend. All functions are callable from any thread.
pub(crate) trait Platform {
    /// An unnamed sparse file of `bytes` bytes, close-on-exec.
    fn create(bytes: u64) -> Result<Handle, Error>;
    /// Its length in bytes.
    fn length(file: &Handle) -> Result<u64, Error>;
    /// Maps all of it, shared, without reserving memory, left out of core dumps and of forks.
    fn map(file: &Handle, bytes: u64) -> Result<*mut u8, Error>;
    /// # Safety
    /// `base` and `bytes` are of one `map`, and nothing borrows from it any more.
    unsafe fn unmap(base: *mut u8, bytes: u64);
    /// Reads the first bytes of the file, without a mapping.
    fn peek(file: &Handle, bytes: &mut [u8]) -> Result<(), Error>;
    /// Backs a range with memory. Can be repeated.
    fn commit(file: &Handle, offset: u64, bytes: u64) -> Result<(), Error>;
    /// Writes `parts` one behind the other, and backs what it writes with memory. Cheaper than to commit and then to copy:
    /// no page is cleared or faulted in. On an error part of it may be backed.
    fn write(file: &Handle, offset: u64, parts: &[&[u8]]) -> Result<(), Error>;
    /// Gives the memory of a range back.
    fn punch(file: &Handle, offset: u64, bytes: u64);
    /// Bytes of memory behind the file.
    fn used(file: &Handle) -> u64;
    /// Sleeps while `*word == value`, at most `slice`. May return early for no reason.
    fn wait(word: *const u32, value: u32, slice: Duration);
    /// Wakes up to `count` sleepers in any process.
    fn wake(word: *const u32, count: i32);
    /// Makes a robust mutex shared by processes in `bytes` bytes at `mutex` and takes it; the calling thread never lets it
    /// go. The offset of the word in it that the kernel marks (bit 30) and wakes (if bit 31) when the thread ends; None: not
    /// on this system, or not in so many bytes.
    ///
    /// # Safety
    /// The memory is writable, aligned to 8, the caller's alone, and stays mapped while the thread lives.
    unsafe fn hold_for_ever(mutex: *mut u8, bytes: usize) -> Option<u32>;
    /// Whether `wait_any` works here.
    fn can_wait_any() -> bool;
    /// Sleeps while each of at most 128 words has its value, at most `slice`. False: this system can't.
    fn wait_any(words: &[(*const u32, u32)], slice: Duration) -> bool;
    fn pid() -> u32;
    fn tid() -> u32;
    /// When the process started, in units of the system; None: there is no such process.
    fn start_time(pid: u32) -> Option<u64>;
    /// Memory that this process may use: the machine's or its container's, in bytes.
    fn memory_limit() -> u64;
    fn random(bytes: &mut [u8]) -> Result<(), Error>;
    /// A non-blocking close-on-exec pipe: (read end, write end).
    fn pipe() -> Result<(Handle, Handle), Error>;
    /// Writes a byte into a pipe; it may be full.
    fn poke(pipe: &Handle);
    /// Reads a pipe empty.
    fn drain(pipe: &Handle);
    /// The write end of another process's pipe, by its number there.
    fn pipe_of(pid: u32, number: i32) -> Option<Handle>;
    /// Milliseconds of a clock that all processes share and nobody sets; it runs over.
    fn millis() -> u32;
    /// The number under which others know this descriptor.
    fn number(handle: &Handle) -> i32;
}

/// Tells of deaths of processes, and of a pipe that became readable.
pub(crate) trait Watch: Sized {
    fn new() -> Result<Self, Error>;
    /// Watches a process that started at `start`. One that is already dead is reported by the next `wait`.
    fn add(&mut self, pid: u32, start: u64);
    /// Sleeps until a death, a byte in `bell`, or `timeout`. The pids that died since, each once.
    fn wait(&mut self, bell: &Handle, timeout: Duration) -> Vec<u32>;
}
