//! Stops runs when their time has passed. One thread of the process waits for all deadlines, and ends when there are none.

use super::Stop;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Table {
    /// By time, then in order of creation.
    waiting: BTreeMap<(Instant, u64), Stop>,
    created: u64,
    /// The thread runs.
    watched: bool,
}

static TABLE: Mutex<Option<Table>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();
/// So long the thread stays when nothing waits any more.
const LINGER: Duration = Duration::from_secs(1);

fn table() -> MutexGuard<'static, Option<Table>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops a run at its time, unless this is dropped before.
#[derive(Debug)]
pub struct Deadline(Option<(Instant, u64)>);

impl Deadline {
    /// `after`: how long the run may still take.
    pub fn new(after: Duration, stop: Stop) -> Self {
        if after.is_zero() {
            stop.stop();
            return Self(None);
        }
        // Beyond what a clock can show there is no end.
        let Some(at) = Instant::now().checked_add(after) else {
            return Self(None);
        };
        let mut guard = table();
        let table = guard.get_or_insert_with(Table::default);
        table.created += 1;
        let key = (at, table.created);
        table.waiting.insert(key, stop);
        if !table.watched {
            let thread = std::thread::Builder::new().name("multiproc-timer".into());
            table.watched = thread.spawn(watch).is_ok();
        }
        CHANGED.notify_one();
        Self(Some(key))
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let (Some(key), Some(table)) = (self.0, table().as_mut()) {
            table.waiting.remove(&key);
        }
    }
}

fn watch() {
    let mut guard = table();
    let mut idle = false;
    loop {
        let Some(table) = guard.as_mut() else { return };
        let now = Instant::now();
        while let Some(entry) = table.waiting.first_entry() {
            if entry.key().0 > now {
                break;
            }
            entry.remove().stop();
        }
        let next = table.waiting.first_key_value().map(|((at, _), _)| *at);
        if next.is_none() && idle {
            table.watched = false;
            return;
        }
        let left = next.map_or(LINGER, |at| at - now);
        let (again, waited) = CHANGED
            .wait_timeout(guard, left)
            .unwrap_or_else(PoisonError::into_inner);
        idle = next.is_none() && waited.timed_out();
        guard = again;
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_deadline_stops_at_its_time_and_not_after_it_is_dropped() {
        let (soon, later, dropped) = (Stop::new(), Stop::new(), Stop::new());
        let _later = Deadline::new(Duration::from_secs(3600), later.clone());
        let _soon = Deadline::new(Duration::from_millis(5), soon.clone());
        drop(Deadline::new(Duration::from_millis(5), dropped.clone()));
        let begun = Instant::now();
        while !soon.is_stopped() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the deadline was missed"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(begun.elapsed() >= Duration::from_millis(4));
        assert!(!later.is_stopped() && !dropped.is_stopped());
    }

    #[test]
    fn no_time_at_all_stops_at_once() {
        let stop = Stop::new();
        drop(Deadline::new(Duration::ZERO, stop.clone()));
        assert!(stop.is_stopped());
    }
}
