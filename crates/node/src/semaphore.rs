//! The semaphore for src/sync/semaphore.ts: only what blocks, wakes and releases for others. JavaScript does the fast path on
//! the words.

use std::time::Duration;

use multiproc_shm::{Permit, Refused, Semaphore, Try};
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::slices;

// What the calls return; src/sync/semaphore.ts has the same numbers.
const TIMED_OUT: f64 = 0.0;
const ANONYMOUS: f64 = 65536.0;
const RELEASED: u32 = 0;
const NOT_HELD: u32 = 1;
const TOO_MANY: u32 = 2;

/// The number of the permit's word + 1, or ANONYMOUS.
fn number(permit: Permit) -> f64 {
    match permit {
        Permit::Owned(i) => f64::from(i) + 1.0,
        Permit::Anonymous => ANONYMOUS,
    }
}

/// A new semaphore, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn semaphore_create(value: f64, bounded: bool, label: String) -> Result<f64> {
    with(|_, m| {
        Semaphore::new(&mut m.heap, value as u32, bounded, &label)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// Blocks until a permit is had, at most so many milliseconds: its number; 0 at the timeout.
pub fn acquire(env: &Env, [block, milliseconds]: [f64; 2]) -> Result<f64> {
    let done = slices::wait(env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let semaphore = Semaphore::open(arena, id(block)).map_err(shm_error)?;
            Ok(semaphore.acquire(arena, m.slot, Some(slice)).map(number))
        })
    })?;
    Ok(done.unwrap_or(TIMED_OUT))
}

/// Takes a permit, or arms this thread's bell: the permit's number; else minus the milliseconds after which to try again unless
/// the bell rang.
#[napi(catch_unwind)]
pub fn semaphore_try_or_arm(block: f64, waited: f64) -> Result<f64> {
    with(|arena, m| {
        let semaphore = Semaphore::open(arena, id(block)).map_err(shm_error)?;
        let waited = limit(waited).unwrap_or(Duration::ZERO);
        Ok(match semaphore.try_acquire_or_arm(arena, m.slot, waited) {
            Try::Acquired(permit) => number(permit),
            Try::Armed { retry } => -(retry.as_secs_f64() * 1e3).max(1.0),
        })
    })
}

/// A waiter of this thread's event loop leaves without a permit.
#[napi(catch_unwind)]
pub fn semaphore_give_up(block: f64) -> Result<()> {
    with(|arena, _| {
        Semaphore::open(arena, id(block))
            .map_err(shm_error)?
            .give_up(arena);
        Ok(())
    })
}

/// Gives `n` permits back, whoever took them, or none: 0; 1 not held, 2 too many.
#[napi(catch_unwind)]
pub fn semaphore_release(block: f64, n: u32) -> Result<u32> {
    with(|arena, m| {
        let semaphore = Semaphore::open(arena, id(block)).map_err(shm_error)?;
        Ok(match semaphore.release(arena, m.slot, n) {
            Ok(()) => RELEASED,
            Err(Refused::NotHeld) => NOT_HELD,
            Err(Refused::TooMany) => TOO_MANY,
        })
    })
}

/// JavaScript has released `n` permits, and somebody waits.
pub fn pass_on(_: &Env, [block, n]: [f64; 2]) -> Result<f64> {
    with(|arena, _| {
        let semaphore = Semaphore::open(arena, id(block)).map_err(shm_error)?;
        semaphore.pass_on(arena, n as u32);
        Ok(0.0)
    })
}
