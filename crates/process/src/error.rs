//! The one error type of this crate.

use std::ffi::OsString;
use std::fmt;

use crate::child::ChildId;

/// Why a call of this crate failed. `Display` names the argument, what it was and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The system would not start the program: `ENOENT`, `EACCES`, `E2BIG`, `EAGAIN`, `ENOMEM`…
    Spawn { path: OsString, errno: i32 },
    /// Another system call failed. `what` names it.
    Os { what: &'static str, errno: i32 },
    /// An argument that can't be used.
    Argument {
        name: &'static str,
        was: String,
        allowed: &'static str,
    },
    /// The child has ended, or is about to: it was killed, or its `kill_at` has come.
    Gone(ChildId),
    /// [`Core::shut_down`](crate::Core::shut_down) was called.
    ShutDown,
    /// A blocking call from an [`Events`](crate::Events) callback would wait for itself.
    OnCoreThread,
    /// This process was not started by a [`Core`](crate::Core): descriptor 4 is no control socket.
    NotAChild,
    /// The control socket of this process is in use already.
    AlreadyAttached,
    /// The core thread has ended, which it never should.
    CoreLost,
    /// This process is a fork of the one that made the `Core`.
    Forked,
    /// Not available on this operating system.
    Unsupported(&'static str),
}

impl Error {
    /// The system's error number, where there is one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Error::Spawn { errno, .. } | Error::Os { errno, .. } => Some(*errno),
            _ => None,
        }
    }

    /// The name of [`errno`](Error::errno), such as `"ENOENT"`, for those that starting a process
    /// is known to give.
    pub fn code(&self) -> Option<&'static str> {
        self.errno().and_then(crate::os::errno_name)
    }
}

/// `ENOENT (No such file or directory)`, or the number where it has no name here.
struct Errno(i32);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::io::Error::from_raw_os_error(self.0);
        match crate::os::errno_name(self.0) {
            Some(name) => write!(f, "{name}: {text}"),
            None => write!(f, "{text}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Spawn { path, errno } => {
                write!(
                    f,
                    "could not start {}: {}",
                    path.to_string_lossy(),
                    Errno(*errno)
                )
            }
            Error::Os { what, errno } => write!(f, "{what} failed: {}", Errno(*errno)),
            Error::Argument { name, was, allowed } => {
                write!(f, "{name} was {was}; allowed: {allowed}")
            }
            Error::Gone(id) => write!(f, "child {} has ended", id.0),
            Error::ShutDown => write!(f, "this process is ending: no child is started any more"),
            Error::OnCoreThread => write!(f, "called on the core thread, which it would wait for"),
            Error::NotAChild => write!(f, "this process has no control socket: multiproc did not start it"),
            Error::AlreadyAttached => write!(
                f,
                "the control socket is in use: another copy of multiproc in this process has attached to it"
            ),
            Error::CoreLost => write!(f, "the core thread has ended"),
            Error::Forked => write!(f, "called in a fork of the process that the children belong to"),
            Error::Unsupported(what) => write!(f, "{what} is not supported on this system yet"),
        }
    }
}

impl std::error::Error for Error {}
