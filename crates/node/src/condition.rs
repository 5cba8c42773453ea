//! The condition for src/sync/condition.ts: waiting and notifying. The lock is taken and released there.

use multiproc_shm::Condition;
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::slices;

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

/// Blocks this thread, which has entered, until it is notified; false: the timeout passed, and it has left.
#[napi(catch_unwind)]
pub fn condition_wait(env: Env, block: f64, milliseconds: f64) -> Result<bool> {
    let done = slices::wait(&env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let condition = Condition::open(arena, id(block)).map_err(shm_error)?;
            Ok(condition.wait(arena, m.slot, slice).then_some(()))
        })
    })?;
    Ok(done.is_some() || condition_leave(block)?)
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
#[napi(catch_unwind)]
pub fn condition_notify(block: f64, n: u32) -> Result<u32> {
    with(|arena, _| {
        Ok(Condition::open(arena, id(block))
            .map_err(shm_error)?
            .notify(arena, n))
    })
}
