//! The readers-writer lock for src/sync/rwlock.ts. JavaScript reads where nobody writes.

use std::time::{Duration, Instant};

use multiproc_shm::{Lock, RwLock};
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::mutex::{status, sync_status, TIMED_OUT};
use crate::slices;

/// A new lock, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn rwlock_create(label: String) -> Result<f64> {
    with(|_, m| {
        RwLock::new(&mut m.heap, &label)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// Blocks until this thread may read: as mutex_lock.
#[napi(catch_unwind)]
pub fn rwlock_read(env: Env, block: f64, milliseconds: f64) -> Result<f64> {
    let done = slices::wait(&env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let lock = RwLock::open(arena, id(block)).map_err(shm_error)?;
            Ok(sync_status(lock.read(arena, m.slot, Some(slice))))
        })
    })?;
    Ok(done.unwrap_or(TIMED_OUT))
}

/// Reads, or arms this thread's bell: as mutex_try_or_arm.
#[napi(catch_unwind)]
pub fn rwlock_try_read_or_arm(block: f64, waited: f64) -> Result<f64> {
    with(|arena, m| {
        let lock = RwLock::open(arena, id(block)).map_err(shm_error)?;
        let waited = limit(waited).unwrap_or(Duration::ZERO);
        Ok(status(lock.try_read_or_arm(arena, m.slot, waited)))
    })
}

/// JavaScript has ended a read, and a writer may wait for that.
#[napi(catch_unwind)]
pub fn rwlock_ring_writer(block: f64) -> Result<()> {
    with(|arena, _| {
        RwLock::open(arena, id(block))
            .map_err(shm_error)?
            .ring_writer(arena);
        Ok(())
    })
}

/// Blocks until this thread may write: as mutex_lock.
#[napi(catch_unwind)]
pub fn rwlock_write(env: Env, block: f64, milliseconds: f64) -> Result<f64> {
    let timeout = limit(milliseconds);
    let begun = Instant::now();
    let done = slices::wait(&env, timeout, |slice| {
        with(|arena, m| {
            let lock = RwLock::open(arena, id(block)).map_err(shm_error)?;
            Ok(match lock.begin_write(arena, m.slot, Some(slice)) {
                Lock::TimedOut => None,
                end => Some(end),
            })
        })
    })?;
    match done.and_then(sync_status) {
        Some(0.0) => (),
        other => return Ok(other.unwrap_or(TIMED_OUT)),
    }
    let left = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
    let entered = slices::wait(&env, left, |slice| {
        with(|arena, m| {
            let lock = RwLock::open(arena, id(block)).map_err(shm_error)?;
            Ok(lock.enter(arena, m.slot, slice).then_some(()))
        })
    })?;
    if entered.is_none() {
        rwlock_leave(block)?;
        return Ok(TIMED_OUT);
    }
    Ok(0.0)
}

/// A writer's first step, or arms this thread's bell: as mutex_try_or_arm.
#[napi(catch_unwind)]
pub fn rwlock_begin_write_or_arm(block: f64, waited: f64) -> Result<f64> {
    with(|arena, m| {
        let lock = RwLock::open(arena, id(block)).map_err(shm_error)?;
        let waited = limit(waited).unwrap_or(Duration::ZERO);
        Ok(status(lock.try_begin_write_or_arm(arena, m.slot, waited)))
    })
}

/// A writer's second step. False: readers are inside; this thread's bell rings when one leaves.
#[napi(catch_unwind)]
pub fn rwlock_enter_or_arm(block: f64) -> Result<bool> {
    with(|arena, m| {
        let lock = RwLock::open(arena, id(block)).map_err(shm_error)?;
        Ok(lock.try_enter_or_arm(arena, m.slot))
    })
}

/// A writer gives up between its first step and its second.
#[napi(catch_unwind)]
pub fn rwlock_leave(block: f64) -> Result<()> {
    with(|arena, _| {
        RwLock::open(arena, id(block))
            .map_err(shm_error)?
            .leave(arena);
        Ok(())
    })
}

/// A waiter of this thread's event loop gives up before its first step.
#[napi(catch_unwind)]
pub fn rwlock_give_up(block: f64) -> Result<()> {
    with(|arena, _| {
        RwLock::open(arena, id(block))
            .map_err(shm_error)?
            .give_up(arena);
        Ok(())
    })
}

/// Ends writing. False: nobody writes.
#[napi(catch_unwind)]
pub fn rwlock_end_write(block: f64) -> Result<bool> {
    with(|arena, _| {
        Ok(RwLock::open(arena, id(block))
            .map_err(shm_error)?
            .end_write(arena))
    })
}

/// After a writer's death: free again. False: it is not abandoned.
#[napi(catch_unwind)]
pub fn rwlock_recover(block: f64) -> Result<bool> {
    with(|arena, m| {
        Ok(RwLock::open(arena, id(block))
            .map_err(shm_error)?
            .recover(arena, m.slot))
    })
}
