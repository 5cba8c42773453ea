//! The condition for src/sync/condition.ts: waiting and notifying. Whose the lock is in this thread is known there.

use multiproc_shm::{Condition, Mutex};
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::mutex::sync_status;
use crate::slices;

// What `wait` returns; src/sync/condition.ts has the same numbers. Minus the pid of a dead holder, minus 2: the lock is not had.
const TIMED_OUT: f64 = 0.0;
const NOTIFIED: f64 = 1.0;
const TOO_MANY: f64 = -1.0;

/// A new condition of a lock, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn condition_create(lock: f64, label: String) -> Result<f64> {
    with(|_, m| {
        Condition::new(&mut m.heap, id(lock), &label)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// This thread has one waiter more. The lock is held. False: too many.
#[napi(catch_unwind)]
pub fn condition_enter(block: f64) -> Result<bool> {
    with(|arena, m| {
        let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
        Ok(condition.enter(arena, m.slot))
    })
}

/// One of this thread's waiters goes on, if one was notified.
#[napi(catch_unwind)]
pub fn condition_take(block: f64) -> Result<bool> {
    with(|arena, m| {
        let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
        Ok(condition.take(arena, m.slot))
    })
}

/// Releases the lock, which this thread has, blocks until notified, at most so many milliseconds, and takes the lock again.
pub fn wait(env: &Env, [block, lock, milliseconds]: [f64; 3]) -> Result<f64> {
    let entered = with(|arena, m| {
        let mutex = Mutex::open(arena, id(lock)).map_err(shm_error)?;
        let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
        let entered = condition.enter(arena, m.slot);
        if entered {
            mutex.release(arena);
        }
        Ok(entered)
    })?;
    if !entered {
        return Ok(TOO_MANY);
    }
    let done = slices::wait(env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
            Ok(condition.wait(arena, m.slot, slice).then_some(()))
        })
    })?;
    if done.is_none() && !slices::may_run(env) {
        // Its end is nobody's matter; an end with the lock would be.
        return Ok(TIMED_OUT);
    }
    let notified = done.is_some() || condition_leave(block)?;
    let had = slices::wait(env, None, |slice| {
        with(|arena, m| {
            let mutex = Mutex::open(arena, id(lock)).map_err(shm_error)?;
            Ok(sync_status(mutex.lock(arena, m.slot, Some(slice))))
        })
    })?;
    Ok(match had {
        Some(died) if died < 0.0 => died,
        _ if notified => NOTIFIED,
        _ => TIMED_OUT,
    })
}

/// One of this thread's waiters gives up. True: it had been notified.
#[napi(catch_unwind)]
pub fn condition_leave(block: f64) -> Result<bool> {
    with(|arena, m| {
        let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
        Ok(condition.leave(arena, m.slot))
    })
}

/// Notifies at most `n` waiters (2^32 - 1: all); how many it were.
pub fn notify(_: &Env, [block, n]: [f64; 2]) -> Result<f64> {
    with(|arena, _| {
        let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
        Ok(f64::from(condition.notify(arena, n as u32)))
    })
}
