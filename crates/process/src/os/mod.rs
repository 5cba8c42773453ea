//! What this crate asks of an operating system: one trait, one file per system.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::time::Duration;

use crate::error::Error;
use crate::exit::ExitStatus;
use crate::request::{Request, Stdio};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as platform;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as platform;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as platform;

/// An open descriptor or handle, closed on drop.
pub use platform::Handle;
/// A descriptor's or handle's number, which somebody else owns.
pub use platform::RawHandle;

pub(crate) use platform::Platform;

/// The arena's descriptor in a child.
pub const ARENA_FD: RawHandle = 3;

/// A child that has just been started.
pub(crate) struct Spawned {
    pub pid: u32,
    /// Becomes readable when it has died; `None` where the system has no such thing.
    pub death: Option<Handle>,
    /// Our end of its control socket.
    pub socket: Handle,
}

/// This process's end of the control socket, in a child.
pub(crate) struct Attached {
    pub socket: Handle,
    pub parent_pid: u32,
}

/// What [`Os::poll`] waits for, and what it saw.
pub(crate) struct Interest {
    pub handle: Option<RawHandle>,
    /// Wait until there is something to be written to, too.
    pub write: bool,
    /// Something can be read, or there is nothing to come any more.
    pub readable: bool,
    /// Something can be written.
    pub writable: bool,
}

impl Interest {
    /// In what can be read from `handle`; in nothing, if it is `None`.
    pub fn read(handle: Option<&Handle>) -> Interest {
        Interest {
            handle: handle.map(Platform::raw),
            write: false,
            readable: false,
            writable: false,
        }
    }

    /// A place that is never ready.
    pub fn nothing() -> Interest {
        Interest::read(None)
    }
}

/// What came of a transfer that does not block.
pub(crate) enum Transfer {
    /// So many bytes; at least one.
    Bytes(usize),
    /// None now.
    Later,
    /// None ever again.
    Closed,
}

pub(crate) trait Os {
    /// What [`Os::spawn`] needs, made and checked on the caller's thread. Owns duplicates of all
    /// descriptors.
    type Prepared: Send;
    /// What [`Os::signal`] says of a process that is dead.
    const NO_SUCH_PROCESS: i32;

    fn prepare(request: &Request) -> Result<Self::Prepared, Error>;
    /// Starts a process. Only on the core thread.
    fn spawn(prepared: &Self::Prepared, pidfd: bool) -> Result<Spawned, Error>;
    /// How a child ended; `None` if it still runs. Afterwards its pid may be anybody's.
    fn reap(pid: u32) -> Option<ExitStatus>;
    /// How a process is ending whose main thread has ended; `None` where the system does not show it.
    fn status_of_dying(pid: u32) -> Option<ExitStatus>;
    /// Sends a signal to a child that was not reaped yet. The error is the system's number.
    fn signal(pid: u32, death: Option<&Handle>, signal: i32) -> Result<(), i32>;

    /// A duplicate of what [`Stdio`] means; `number` is 1 or 2, for `Inherit`.
    fn stdio(stdio: Stdio, number: i32) -> Result<Handle, Error>;
    fn duplicate(raw: RawHandle) -> Result<Handle, Error>;
    fn raw(handle: &Handle) -> RawHandle;

    /// Reads without blocking. Descriptors that come along are appended to `handles`; where that
    /// is `None`, they are closed.
    fn read(socket: &Handle, into: &mut [u8], handles: Option<&mut VecDeque<Handle>>) -> Transfer;
    /// Writes without blocking; `handles` go with the first byte.
    fn write(socket: &Handle, parts: [&[u8]; 2], handles: &[Handle]) -> Transfer;

    /// Something that [`Os::wake`] makes readable, until [`Os::rest`].
    fn waker() -> Result<Handle, Error>;
    fn wake(waker: &Handle);
    fn rest(waker: &Handle);
    /// Waits until one of them is ready, or the time is over; no limit if `None`. May return early.
    fn poll(interests: &mut [Interest], timeout: Option<Duration>);

    /// Runs `f` with all signals blocked, so that a thread made by it never sees one.
    fn without_signals<T>(f: impl FnOnce() -> T) -> T;

    /// Takes the control socket that this process was started with.
    fn attach() -> Result<Attached, Error>;
    /// Asks the kernel to kill this process when its parent dies, and does not return if that has
    /// happened. Holds as long as the calling thread lives.
    fn die_with_parent(attached_to: u32);
    /// Puts a descriptor in the place of standard output (1) or error (2).
    fn replace_stdio(number: i32, by: &Handle) -> Result<(), Error>;
    fn change_directory(to: &std::ffi::OsStr) -> Result<(), i32>;
    fn os_string(bytes: Vec<u8>) -> OsString;
    fn os_bytes(text: &std::ffi::OsStr) -> Vec<u8>;
    /// Ends this process at once; nothing is run or written any more.
    fn end_self() -> !;

    fn start_time(pid: u32) -> Option<u64>;
    fn private_memory(pid: u32) -> Option<u64>;
    fn cpu_count() -> usize;
    /// CPUs in this process's affinity mask.
    fn affinity() -> usize;
    fn errno_name(errno: i32) -> Option<&'static str>;
    fn signal_name(signal: i32) -> Option<&'static str>;
}

/// When a process was started, in clock ticks since boot: together with its pid it names a process
/// for as long as the machine runs. `None` if there is no such process, or no `/proc`.
pub fn start_time(pid: u32) -> Option<u64> {
    Platform::start_time(pid)
}

/// Bytes of a process's memory that are resident and no other process's: neither files nor shared memory. `None` if there is
/// no such process, or no `/proc`.
pub fn private_memory(pid: u32) -> Option<u64> {
    Platform::private_memory(pid)
}

pub(crate) fn errno_name(errno: i32) -> Option<&'static str> {
    Platform::errno_name(errno)
}

pub(crate) fn signal_name(signal: i32) -> Option<&'static str> {
    Platform::signal_name(signal)
}
