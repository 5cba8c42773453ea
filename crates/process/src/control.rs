//! A started process's side of its control socket.

use std::sync::Arc;
use std::time::Duration;

use crate::core::Shared;
use crate::error::Error;
use crate::link::Link;
use crate::message::{Adopted, Frame, ADOPT, FIRST_OWN_KIND, READY};
use crate::os::{Handle, Os, Platform};
use crate::outbox::Pushed;

/// What a parent sent.
#[derive(Debug)]
pub enum Received {
    /// The process has got its work. Standard output, error and working directory are in place.
    Adopted {
        payload: Vec<u8>,
        /// The error number, if the working directory could not be entered.
        chdir_error: Option<i32>,
    },
    /// A message sent by [`Core::send`](crate::Core::send).
    Message {
        kind: u8,
        bytes: Vec<u8>,
        fds: Vec<Handle>,
    },
}

/// The way to the parent, got by [`Core::attach`](crate::Core::attach). Any thread may use it.
#[derive(Clone)]
pub struct Control {
    shared: Arc<Shared>,
    link: Arc<Link>,
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>, link: Arc<Link>) -> Control {
        Control { shared, link }
    }

    /// The parent's pid.
    pub fn parent_pid(&self) -> u32 {
        self.link.parent_pid
    }

    /// Waits for the next thing that the parent sent; no limit without `timeout`, `None` if it
    /// passed. The first call tells the parent that this process has booted. An adoption changes
    /// standard output, error and working directory within this call.
    pub fn receive(&self, timeout: Option<Duration>) -> Result<Option<Received>, Error> {
        if self.link.first_receive() {
            self.push(Frame {
                kind: READY,
                bytes: Vec::new(),
                handles: Vec::new(),
            })?;
        }
        match self.link.take(timeout) {
            Err(_) => Err(Error::CoreLost),
            Ok(None) => Ok(None),
            Ok(Some(frame)) if frame.kind == ADOPT => adopt(frame).map(Some),
            Ok(Some(frame)) => Ok(Some(Received::Message {
                kind: frame.kind,
                bytes: frame.bytes,
                fds: frame.handles,
            })),
        }
    }

    /// Sends `bytes` to the parent; `kind` is 0 to 239. Never blocks: what the socket does not take
    /// now is written by the core thread.
    pub fn send(&self, kind: u8, bytes: Vec<u8>) -> Result<(), Error> {
        self.push(Frame::of_user(
            kind,
            bytes,
            Vec::new(),
            self.shared.options.max_frame,
        )?)
    }

    /// Waits until all that was sent is on its way, so that an exit does not lose it. `false` if
    /// the time passed first.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.link.outbox.flush(timeout)
    }

    fn push(&self, frame: Frame) -> Result<(), Error> {
        match self.link.outbox.push(frame) {
            Pushed::Written => Ok(()),
            Pushed::Queued => {
                self.shared.wake();
                Ok(())
            }
            // The parent is dead; the core thread is about to end this process.
            Pushed::Closed => Err(Error::CoreLost),
        }
    }
}

/// Whether a parent may send a frame of that kind.
pub(crate) fn known_to_child(kind: u8) -> bool {
    kind < FIRST_OWN_KIND || kind == ADOPT
}

fn adopt(frame: Frame) -> Result<Received, Error> {
    let adopted = Adopted::decode(frame.bytes, frame.handles).ok_or(Error::Argument {
        name: "adoption",
        was: "cut short".into(),
        allowed: "an adoption by a parent of the same version",
    })?;
    if let Some(stdout) = &adopted.stdout {
        Platform::replace_stdio(1, stdout)?;
    }
    if let Some(stderr) = &adopted.stderr {
        Platform::replace_stdio(2, stderr)?;
    }
    let chdir_error = adopted
        .cwd
        .and_then(|cwd| Platform::change_directory(&Platform::os_string(cwd)).err());
    Ok(Received::Adopted {
        payload: adopted.payload,
        chdir_error,
    })
}
