//! A child's connection to its parent: what waits to be sent, and what waits to be received.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::message::Frame;
use crate::os::Attached;
use crate::outbox::Outbox;

#[derive(Default)]
struct Inbox {
    arrived: VecDeque<Frame>,
    /// The core thread has ended: nothing arrives any more.
    lost: bool,
}

pub(crate) struct Link {
    pub parent_pid: u32,
    pub outbox: Outbox,
    inbox: Mutex<Inbox>,
    arrival: Condvar,
    /// The parent was told that this process has booted.
    said_ready: AtomicBool,
}

/// Nothing will arrive any more.
pub(crate) struct Lost;

impl Link {
    pub fn new(attached: Attached) -> Link {
        Link {
            parent_pid: attached.parent_pid,
            outbox: Outbox::new(attached.socket),
            inbox: Mutex::default(),
            arrival: Condvar::new(),
            said_ready: AtomicBool::new(false),
        }
    }

    /// True the first time.
    pub fn first_receive(&self) -> bool {
        !self.said_ready.swap(true, Ordering::Relaxed)
    }

    pub fn deliver(&self, frame: Frame) {
        self.inbox().arrived.push_back(frame);
        self.arrival.notify_one();
    }

    pub fn lose(&self) {
        self.inbox().lost = true;
        self.arrival.notify_all();
    }

    /// The next frame; `None` if none came in time.
    pub fn take(&self, timeout: Option<Duration>) -> Result<Option<Frame>, Lost> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inbox = self.inbox();
        loop {
            if let Some(frame) = inbox.arrived.pop_front() {
                return Ok(Some(frame));
            }
            if inbox.lost {
                return Err(Lost);
            }
            let left = match deadline {
                None => Duration::from_secs(3600),
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                return Ok(None);
            }
            inbox = self
                .arrival
                .wait_timeout(inbox, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
