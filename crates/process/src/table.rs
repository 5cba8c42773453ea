//! The children of this process that have not ended, and those who wait for their end.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::child::{ChildId, Entry};
use crate::error::Error;

#[derive(Default)]
struct Inner {
    entries: HashMap<ChildId, Arc<Entry>>,
    /// Taken out of `entries`, and its exit event is being delivered.
    leaving: Option<ChildId>,
    /// No child is started any more.
    shut_down: bool,
    /// The core thread has ended: nothing will change any more.
    core_lost: bool,
}

#[derive(Default)]
pub(crate) struct Table {
    inner: Mutex<Inner>,
    /// Told when a child has left, or the core thread has.
    left: Condvar,
}

impl Table {
    pub fn get(&self, id: ChildId) -> Result<Arc<Entry>, Error> {
        self.lock().entries.get(&id).cloned().ok_or(Error::Gone(id))
    }

    pub fn all(&self) -> Vec<Arc<Entry>> {
        self.lock().entries.values().cloned().collect()
    }

    /// `false`: this process is ending, and the child must not live.
    pub fn insert(&self, entry: Arc<Entry>) -> bool {
        let mut inner = self.lock();
        inner.entries.insert(entry.child.id, entry);
        !inner.shut_down
    }

    /// The child has been reaped; its exit event comes next.
    pub fn begin_leaving(&self, id: ChildId) {
        let mut inner = self.lock();
        inner.entries.remove(&id);
        inner.leaving = Some(id);
    }

    /// Its exit event has been delivered.
    pub fn has_left(&self) {
        self.lock().leaving = None;
        self.left.notify_all();
    }

    pub fn shut_down(&self) {
        self.lock().shut_down = true;
    }

    pub fn is_shut_down(&self) -> bool {
        self.lock().shut_down
    }

    pub fn core_lost(&self) {
        self.lock().core_lost = true;
        self.left.notify_all();
    }

    /// Waits for one child. `false`: the time is over, or nobody is there to tell.
    pub fn wait(&self, id: ChildId, timeout: Option<Duration>) -> bool {
        self.wait_until(timeout, |inner| {
            !inner.entries.contains_key(&id) && inner.leaving != Some(id)
        })
    }

    /// Waits for all of them; says how many are left.
    pub fn wait_for_all(&self, timeout: Duration) -> usize {
        self.wait_until(Some(timeout), |inner| {
            inner.entries.is_empty() && inner.leaving.is_none()
        });
        self.lock().entries.len()
    }

    fn wait_until(&self, timeout: Option<Duration>, done: impl Fn(&Inner) -> bool) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inner = self.lock();
        loop {
            if done(&inner) {
                return true;
            }
            if inner.core_lost {
                return false;
            }
            let left = match deadline {
                None => Duration::from_secs(3600),
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() {
                return false;
            }
            inner = self
                .left
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
