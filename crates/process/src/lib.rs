//! Start, watch, reap and end processes, so that nothing survives its parent.
//!
//! One *core thread* per process does it all: it starts children by `posix_spawn`, holds their
//! control sockets, learns of their deaths and, in a child, watches its own parent. It is made by
//! the first [`Core::start`] or [`Core::attach`] and lives as long as the process, which
//! `PR_SET_PDEATHSIG` needs: that signal follows the death of the *thread* that started a child.
//!
//! Why nothing is left behind when a process is killed, whatever it was doing:
//! - its children asked the kernel for `SIGKILL` at the death of their parent's core thread;
//! - independently, each child's core thread sees the end of its control socket and kills its own
//!   process; it is native, so a JavaScript loop does not keep it from running;
//! - a child that had not come so far (it was booting) looks in [`Core::attach`] whether its
//!   parent is still there, after it has asked for the signal, and ends if not.
//!
//! A process made by `fork` without `exec` has no core thread and must not use the `Core` it
//! inherited. Its signals would hit the children of another: [`Core::signal`] and
//! [`Core::kill_all`] therefore refuse there.
//!
//! Linux is complete. macOS and Windows answer [`Error::Unsupported`].

// Where starting processes is refused, most of what serves them is not reached.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

mod child;
mod control;
mod core;
mod cpu;
mod error;
mod exit;
mod frame;
#[cfg(all(test, unix))]
mod frame_test;
mod identity;
mod link;
mod message;
mod os;
mod outbox;
mod request;
mod run;
mod table;

pub use self::child::{Child, ChildId, ChildInfo};
pub use self::control::{Control, Received};
pub use self::core::{Core, Events, Options};
pub use self::cpu::{available_cpu_count, cpu_count};
pub use self::error::Error;
pub use self::exit::{Ended, ExitStatus, Signal};
pub use self::identity::{identity, Identity};
pub use self::os::{private_memory, start_time, Handle, RawHandle, ARENA_FD};
pub use self::request::{Adoption, Request, Stdio};
