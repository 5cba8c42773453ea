//! The mutex for src/sync/lock.ts: only what blocks, wakes and repairs. JavaScript does the fast path on the word.

use std::time::Duration;

use multiproc_shm::{AsyncLock, Lock, Mutex};
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::slices;

// What the calls return; src/sync/lock.ts has the same numbers.
const ACQUIRED: f64 = 0.0;
pub const TIMED_OUT: f64 = -1.0;
/// Minus the pid of the dead holder, minus this.
const OWNER_DIED: f64 = -2.0;

fn owner_died(pid: u32) -> f64 {
    OWNER_DIED - f64::from(pid)
}

/// What a blocking try returns; None: not within its slice.
pub fn sync_status(end: Lock) -> Option<f64> {
    match end {
        Lock::Acquired => Some(ACQUIRED),
        Lock::TimedOut => None,
        Lock::OwnerDied { pid } => Some(owner_died(pid)),
    }
}

/// What a try from an event loop returns.
pub fn status(end: AsyncLock) -> f64 {
    match end {
        AsyncLock::Acquired => ACQUIRED,
        AsyncLock::Armed { retry } => (retry.as_secs_f64() * 1e3).max(1.0),
        AsyncLock::OwnerDied { pid } => owner_died(pid),
    }
}

/// A new mutex, held by this thread with count 1. Recursive: JavaScript counts how often its owner has taken it.
#[napi(catch_unwind)]
pub fn mutex_create(recursive: bool, label: String) -> Result<f64> {
    with(|_, m| {
        let made = if recursive {
            Mutex::new_recursive(&mut m.heap, &label)
        } else {
            Mutex::new(&mut m.heap, &label)
        };
        made.map(|id| id.as_u64() as f64).map_err(shm_error)
    })
}

/// Blocks until it is had, at most so many milliseconds: 0, -1 at the timeout, -2 - pid where its holder died.
pub fn lock(env: &Env, [block, milliseconds]: [f64; 2]) -> Result<f64> {
    let done = slices::wait(env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let mutex = Mutex::open(arena, id(block)).map_err(shm_error)?;
            Ok(sync_status(mutex.lock(arena, m.slot, Some(slice))))
        })
    })?;
    Ok(done.unwrap_or(TIMED_OUT))
}

/// Takes it, or arms this thread's bell: 0; -2 - pid; else milliseconds (> 0) after which to try again unless the bell rang.
#[napi(catch_unwind)]
pub fn mutex_try_or_arm(block: f64, waited: f64) -> Result<f64> {
    with(|arena, m| {
        let mutex = Mutex::open(arena, id(block)).map_err(shm_error)?;
        let waited = limit(waited).unwrap_or(Duration::ZERO);
        Ok(status(mutex.try_lock_or_arm(arena, m.slot, waited)))
    })
}

/// Lets it go, whoever took it: 1. 0: nobody holds it.
pub fn release(_: &Env, [block]: [f64; 1]) -> Result<f64> {
    with(|arena, _| {
        let mutex = Mutex::open(arena, id(block)).map_err(shm_error)?;
        Ok(f64::from(mutex.release(arena)))
    })
}

/// A waiter of this thread's event loop leaves without it.
#[napi(catch_unwind)]
pub fn mutex_give_up(block: f64) -> Result<()> {
    with(|arena, _| {
        Mutex::open(arena, id(block))
            .map_err(shm_error)?
            .give_up(arena);
        Ok(())
    })
}

/// Takes it over after its holder's death. False: it is not abandoned.
#[napi(catch_unwind)]
pub fn mutex_recover(block: f64) -> Result<bool> {
    with(|arena, m| {
        Ok(Mutex::open(arena, id(block))
            .map_err(shm_error)?
            .recover(arena, m.slot))
    })
}
