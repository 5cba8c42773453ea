//! What a process is started with, and what it is handed when it gets its work.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crate::os::RawHandle;

/// How a process is started.
///
/// Its command line is `exec_path args… --multiproc-child <slot> <generation>`. Descriptor 0 is
/// `/dev/null`, 3 the arena, 4 the control socket.
#[derive(Debug, Clone)]
pub struct Request {
    /// The program; not searched for in `PATH`.
    pub exec_path: OsString,
    /// Arguments between the program and `--multiproc-child`.
    pub args: Vec<OsString>,
    /// The whole environment: names without `=`, and values.
    pub env: Vec<(OsString, OsString)>,
    /// Standard output while it boots. An adoption may replace it.
    pub stdout: Stdio,
    /// Standard error while it boots. An adoption may replace it.
    pub stderr: Stdio,
    /// The arena's descriptor; duplicated by [`Core::start`](crate::Core::start).
    pub arena: RawHandle,
    /// The slot that was claimed for its main thread.
    pub slot: u32,
    /// That slot's generation.
    pub generation: u32,
    /// Comes back in [`Child::tag`](crate::Child::tag) of every event.
    pub tag: u64,
    /// A cold start: handed over at once, and taken when it has booted. `None`: a spare.
    pub adoption: Option<Adoption>,
    /// Killed at that time unless adopted before.
    pub kill_at: Option<Instant>,
    /// Once it has booted it is killed after so long unless adopted before: `kill_at` is set to that then.
    pub idle_limit: Option<Duration>,
    /// A process group of its own, which a terminal's Ctrl-C does not reach.
    pub own_group: bool,
}

impl Request {
    /// A spare without arguments and environment, on `/dev/null`.
    pub fn new(
        exec_path: impl Into<OsString>,
        arena: RawHandle,
        slot: u32,
        generation: u32,
    ) -> Request {
        Request {
            exec_path: exec_path.into(),
            args: Vec::new(),
            env: Vec::new(),
            stdout: Stdio::Null,
            stderr: Stdio::Null,
            arena,
            slot,
            generation,
            tag: 0,
            adoption: None,
            kill_at: None,
            idle_limit: None,
            own_group: false,
        }
    }
}

/// Where a child's standard output or error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stdio {
    /// `/dev/null`.
    Null,
    /// Where this process's goes; `/dev/null` if that is closed.
    Inherit,
    /// An open descriptor of this process. It is duplicated and stays the caller's.
    Fd(RawHandle),
}

/// What turns a spare into a working process.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    /// Its new working directory; `None` keeps the one it was started in.
    pub cwd: Option<OsString>,
    /// Its new standard output; `None` keeps it.
    pub stdout: Option<Stdio>,
    /// Its new standard error; `None` keeps it.
    pub stderr: Option<Stdio>,
    /// Given to the child as it is.
    pub payload: Vec<u8>,
}
