//! Linux. The parts are in the files of the folder `linux`; this one gathers them behind the trait.

mod attach;
mod names;
mod poll;
mod proc;
mod socket;
mod spawn;

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::time::Duration;

use super::{Attached, Interest, Os, Spawned, Transfer};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::request::{Request, Stdio};

pub type Handle = OwnedFd;
pub type RawHandle = RawFd;

pub(crate) struct Platform;

/// The control socket's descriptor in a child.
const CONTROL_FD: RawFd = 4;
/// Every descriptor that a child is to get is first moved to at least this number, so that no
/// `dup2` in the child overwrites one that a later `dup2` needs.
const ABOVE_CHILDS: RawFd = 16;

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// A duplicate that is closed on exec and numbered `ABOVE_CHILDS` or more.
fn lift(raw: RawFd) -> Result<OwnedFd, i32> {
    // SAFETY: fcntl takes any number; a closed one gives EBADF.
    let fd = unsafe { libc::fcntl(raw, libc::F_DUPFD_CLOEXEC, ABOVE_CHILDS) };
    if fd < 0 {
        return Err(errno());
    }
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// For a pipe: its write end opened anew, so that its flags are this process's own. A runtime that makes it blocking, so
/// that nothing is lost at an exit, must not make the parent's blocking too. None: no pipe, or it can't be had.
fn own_pipe_end(pipe: &Handle) -> Option<OwnedFd> {
    let file_type = std::fs::File::from(pipe.try_clone().ok()?)
        .metadata()
        .ok()?
        .file_type();
    if !file_type.is_fifo() {
        return None;
    }
    // Without O_NONBLOCK the open would wait for a reader where there is none any more.
    let end = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(format!("/proc/self/fd/{}", pipe.as_raw_fd()))
        .ok()?;
    // SAFETY: a descriptor of ours; takes no pointers.
    if unsafe { libc::fcntl(end.as_raw_fd(), libc::F_SETFL, 0) } < 0 {
        return None;
    }
    Some(end.into())
}

fn dev_null() -> Result<OwnedFd, Error> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map(OwnedFd::from)
        .map_err(|e| Error::Os {
            what: "open /dev/null",
            errno: e.raw_os_error().unwrap_or(0),
        })
}

fn stdio_of(stdio: Stdio, own: RawFd) -> Result<OwnedFd, Error> {
    let null = || {
        let null = dev_null()?;
        lift(null.as_raw_fd()).map_err(|errno| Error::Os {
            what: "fcntl",
            errno,
        })
    };
    match stdio {
        Stdio::Null => null(),
        Stdio::Inherit => match lift(own) {
            Err(libc::EBADF) => null(),
            other => other.map_err(|errno| Error::Os {
                what: "fcntl",
                errno,
            }),
        },
        Stdio::Fd(raw) => Platform::duplicate(raw),
    }
}

impl Os for Platform {
    type Prepared = spawn::Prepared;
    const NO_SUCH_PROCESS: i32 = libc::ESRCH;

    fn prepare(request: &Request) -> Result<spawn::Prepared, Error> {
        spawn::Prepared::new(request)
    }

    fn spawn(prepared: &spawn::Prepared, pidfd: bool) -> Result<Spawned, Error> {
        spawn::spawn(prepared, pidfd)
    }

    fn status_of_dying(pid: u32) -> Option<ExitStatus> {
        proc::status_of_dying(pid)
    }

    fn reap(pid: u32) -> Option<ExitStatus> {
        proc::reap(pid)
    }

    fn signal(pid: u32, death: Option<&Handle>, signal: i32) -> Result<(), i32> {
        proc::signal(pid, death, signal)
    }

    fn stdio(stdio: Stdio, number: i32) -> Result<Handle, Error> {
        stdio_of(stdio, number)
    }

    fn duplicate(raw: RawHandle) -> Result<Handle, Error> {
        lift(raw).map_err(|errno| match errno {
            libc::EBADF => Error::Argument {
                name: "descriptor",
                was: raw.to_string(),
                allowed: "an open descriptor of this process",
            },
            errno => Error::Os {
                what: "fcntl",
                errno,
            },
        })
    }

    fn raw(handle: &Handle) -> RawHandle {
        handle.as_raw_fd()
    }

    fn read(socket: &Handle, into: &mut [u8], handles: Option<&mut VecDeque<Handle>>) -> Transfer {
        socket::read(socket, into, handles)
    }

    fn write(socket: &Handle, parts: [&[u8]; 2], handles: &[Handle]) -> Transfer {
        socket::write(socket, parts, handles)
    }

    fn waker() -> Result<Handle, Error> {
        poll::waker()
    }

    fn wake(waker: &Handle) {
        poll::wake(waker)
    }

    fn rest(waker: &Handle) {
        poll::rest(waker)
    }

    fn poll(interests: &mut [Interest], timeout: Option<Duration>) {
        poll::poll(interests, timeout)
    }

    fn without_signals<T>(f: impl FnOnce() -> T) -> T {
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: both sets are written before they are read; the mask is this thread's own.
        let blocked = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) == 0
        };
        let result = f();
        if blocked {
            // SAFETY: `before` was written by the call above, which succeeded.
            unsafe {
                libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut())
            };
        }
        result
    }

    fn attach() -> Result<Attached, Error> {
        attach::attach()
    }

    fn die_with_parent(attached_to: u32) {
        attach::die_with_parent(attached_to)
    }

    fn replace_stdio(number: i32, by: &Handle) -> Result<(), Error> {
        let own = own_pipe_end(by);
        let by = own.as_ref().unwrap_or(by);
        // SAFETY: 1 and 2 are not owned by any Rust object; dup2 replaces them in one step.
        if unsafe { libc::dup2(by.as_raw_fd(), number) } < 0 {
            return Err(Error::Os {
                what: "dup2",
                errno: errno(),
            });
        }
        Ok(())
    }

    fn change_directory(to: &OsStr) -> Result<(), i32> {
        std::env::set_current_dir(to).map_err(|e| e.raw_os_error().unwrap_or(libc::EINVAL))
    }

    fn os_string(bytes: Vec<u8>) -> OsString {
        OsString::from_vec(bytes)
    }

    fn os_bytes(text: &OsStr) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    fn end_self() -> ! {
        proc::end_self()
    }

    fn start_time(pid: u32) -> Option<u64> {
        proc::start_time(pid)
    }

    fn private_memory(pid: u32) -> Option<u64> {
        proc::private_memory(pid)
    }

    fn cpu_count() -> usize {
        proc::cpu_count()
    }

    fn affinity() -> usize {
        proc::affinity()
    }

    fn errno_name(errno: i32) -> Option<&'static str> {
        names::errno_name(errno)
    }

    fn signal_name(signal: i32) -> Option<&'static str> {
        names::signal_name(signal)
    }
}
