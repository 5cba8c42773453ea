//! How a process ended, and who wanted it.

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It exited with this code, 0..=255.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// Not known: something else in this process reaped it (`SIGCHLD` ignored, a `waitpid(-1)`).
    Lost,
}

impl ExitStatus {
    /// Python's convention: the code, or the negated signal number. `None` where it is not known.
    pub fn exit_code(self) -> Option<i32> {
        match self {
            ExitStatus::Code(code) => Some(code),
            ExitStatus::Signal(signal) => Some(-signal),
            ExitStatus::Lost => None,
        }
    }

    /// `"SIGKILL"` and the like, if a signal ended it; `None` for real-time signals.
    pub fn signal_name(self) -> Option<&'static str> {
        match self {
            ExitStatus::Signal(signal) => crate::os::signal_name(signal),
            _ => None,
        }
    }
}

/// A signal to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// `SIGINT`
    Interrupt,
    /// `SIGTERM`
    Terminate,
    /// `SIGKILL`
    Kill,
    /// Any other, by number.
    Other(i32),
}

impl Signal {
    pub(crate) fn number(self) -> i32 {
        match self {
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
            Signal::Kill => 9,
            Signal::Other(number) => number,
        }
    }
}

/// What this side did last to end a child. A child may have ended by itself all the same: compare
/// with its [`ExitStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// [`Core::signal`](crate::Core::signal) or [`Core::kill_all`](crate::Core::kill_all) sent it this.
    Asked(Signal),
    /// Its `kill_at` came.
    Deadline,
    /// It sent what is no frame, or one above the limit.
    BadFrame,
    /// It closed its control socket and went on running.
    ClosedSocket,
}
