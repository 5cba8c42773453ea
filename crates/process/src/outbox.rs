//! What is still to be written to a control socket.
//!
//! Whoever sends writes at once as much as the socket takes, if nothing waits before it; the rest
//! waits here and is written by the core thread as the socket gets room. So a sender never blocks,
//! the order is that of the calls, and a small message costs no change of thread.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::message::{Frame, HEADER};
use crate::os::{Handle, Os, Platform, Transfer};

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is in the socket.
    Written,
    /// The core thread has to write it: wake it.
    Queued,
    /// Nobody reads the socket any more.
    Closed,
}

struct Waiting {
    frame: Frame,
    header: [u8; HEADER],
    /// Bytes of header and content that are in the socket.
    written: usize,
}

struct Queue {
    waiting: VecDeque<Waiting>,
    closed: bool,
}

pub(crate) struct Outbox {
    socket: Handle,
    queue: Mutex<Queue>,
    /// Something waits. Written under the lock; read by the core thread without it, which is woken
    /// after every change to `true`.
    pending: AtomicBool,
    /// Told when nothing waits any more.
    empty: Condvar,
}

impl Outbox {
    pub fn new(socket: Handle) -> Outbox {
        Outbox {
            socket,
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                closed: false,
            }),
            pending: AtomicBool::new(false),
            empty: Condvar::new(),
        }
    }

    pub fn socket(&self) -> &Handle {
        &self.socket
    }

    /// Sends a frame after all that were sent before. Does not block.
    pub fn push(&self, frame: Frame) -> Pushed {
        let mut queue = self.lock();
        if queue.closed {
            return Pushed::Closed;
        }
        let header = frame.header();
        queue.waiting.push_back(Waiting {
            frame,
            header,
            written: 0,
        });
        if queue.waiting.len() > 1 {
            return Pushed::Queued;
        }
        self.write_some(&mut queue);
        match (queue.closed, queue.waiting.is_empty()) {
            (true, _) => Pushed::Closed,
            (false, true) => Pushed::Written,
            (false, false) => Pushed::Queued,
        }
    }

    /// Writes as much as the socket takes. The core thread calls it when the socket has room.
    pub fn drain(&self) {
        self.write_some(&mut self.lock());
    }

    /// Whether the core thread should wait for room in the socket.
    pub fn pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Drops what waits; nothing is sent any more.
    pub fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        self.settle(&mut queue);
    }

    /// Waits until everything is in the socket. `false`: the time is over, or nobody reads it.
    pub fn flush(&self, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut queue = self.lock();
        while !queue.closed && !queue.waiting.is_empty() {
            let left = match deadline {
                None => Duration::from_secs(3600),
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                return false;
            }
            queue = self
                .empty
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        !queue.closed
    }

    fn write_some(&self, queue: &mut Queue) {
        while let Some(first) = queue.waiting.front_mut() {
            let head = &first.header[first.written.min(HEADER)..];
            let body = &first.frame.bytes[first.written.saturating_sub(HEADER)..];
            match Platform::write(&self.socket, [head, body], &first.frame.handles) {
                Transfer::Bytes(count) => first.written += count,
                Transfer::Later => break,
                Transfer::Closed => {
                    queue.closed = true;
                    break;
                }
            }
            // The kernel holds the descriptors now; they must not go a second time.
            first.frame.handles.clear();
            if first.written == HEADER + first.frame.bytes.len() {
                queue.waiting.pop_front();
            }
        }
        self.settle(queue);
    }

    /// Makes `pending` say what the queue says, and tells those who wait in `flush`.
    fn settle(&self, queue: &mut Queue) {
        if queue.closed {
            queue.waiting.clear();
        }
        self.pending
            .store(!queue.waiting.is_empty(), Ordering::Release);
        if queue.waiting.is_empty() {
            self.empty.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
