//! macOS: counts CPUs; starting processes is refused.
//!
//! What is to come: `posix_spawn` with `POSIX_SPAWN_CLOEXEC_DEFAULT`, kqueue with `EVFILT_PROC` and
//! `NOTE_EXIT` for deaths of children and of the parent (`ESRCH` at registration is a death).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::time::Duration;

use super::{Attached, Interest, Os, Spawned, Transfer};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::request::{Request, Stdio};

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub type Handle = OwnedFd;
pub type RawHandle = RawFd;

/// Never made: [`Os::prepare`] refuses.
pub(crate) enum Never {}

pub(crate) struct Platform;

const STARTING: Error = Error::Unsupported("starting processes");

impl Os for Platform {
    type Prepared = Never;
    const NO_SUCH_PROCESS: i32 = 3;

    fn prepare(_request: &Request) -> Result<Never, Error> {
        Err(STARTING)
    }

    fn spawn(prepared: &Never, _pidfd: bool) -> Result<Spawned, Error> {
        match *prepared {}
    }

    fn status_of_dying(_pid: u32) -> Option<ExitStatus> {
        None
    }

    fn reap(_pid: u32) -> Option<ExitStatus> {
        Some(ExitStatus::Lost)
    }

    fn signal(_pid: u32, _death: Option<&Handle>, _signal: i32) -> Result<(), i32> {
        Err(Self::NO_SUCH_PROCESS)
    }

    fn stdio(_stdio: Stdio, _number: i32) -> Result<Handle, Error> {
        Err(STARTING)
    }

    fn duplicate(_raw: RawHandle) -> Result<Handle, Error> {
        Err(STARTING)
    }

    fn raw(handle: &Handle) -> RawHandle {
        handle.as_raw_fd()
    }

    fn read(
        _socket: &Handle,
        _into: &mut [u8],
        _handles: Option<&mut VecDeque<Handle>>,
    ) -> Transfer {
        Transfer::Closed
    }

    fn write(_socket: &Handle, _parts: [&[u8]; 2], _handles: &[Handle]) -> Transfer {
        Transfer::Closed
    }

    /// The core thread needs one, so there is none either.
    fn waker() -> Result<Handle, Error> {
        Err(STARTING)
    }

    fn wake(_waker: &Handle) {}

    fn rest(_waker: &Handle) {}

    fn poll(_interests: &mut [Interest], timeout: Option<Duration>) {
        std::thread::sleep(timeout.unwrap_or(Duration::from_millis(100)));
    }

    fn without_signals<T>(f: impl FnOnce() -> T) -> T {
        f()
    }

    fn attach() -> Result<Attached, Error> {
        Err(Error::NotAChild)
    }

    fn die_with_parent(_attached_to: u32) {}

    fn replace_stdio(_number: i32, _by: &Handle) -> Result<(), Error> {
        Err(STARTING)
    }

    fn change_directory(to: &OsStr) -> Result<(), i32> {
        std::env::set_current_dir(to).map_err(|error| error.raw_os_error().unwrap_or(0))
    }

    fn os_string(bytes: Vec<u8>) -> OsString {
        OsString::from_vec(bytes)
    }

    fn os_bytes(text: &OsStr) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    fn end_self() -> ! {
        std::process::abort()
    }

    fn start_time(_pid: u32) -> Option<u64> {
        None
    }

    fn private_memory(_pid: u32) -> Option<u64> {
        None
    }

    fn cpu_count() -> usize {
        Self::affinity()
    }

    fn affinity() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    fn errno_name(_errno: i32) -> Option<&'static str> {
        None
    }

    fn signal_name(_signal: i32) -> Option<&'static str> {
        None
    }
}
