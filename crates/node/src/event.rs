//! The event for src/sync/event.ts: only what blocks and wakes. JavaScript sets and clears where nobody waits.

use multiproc_shm::Event;
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::slices;

/// A new event, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn event_create(label: String) -> Result<f64> {
    with(|_, m| {
        Event::new(&mut m.heap, &label)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// Sets it and wakes all.
pub fn set(_: &Env, [block]: [f64; 1]) -> Result<f64> {
    with(|arena, _| {
        Event::open(arena, id(block)).map_err(shm_error)?.set(arena);
        Ok(0.0)
    })
}

/// Blocks until it is set or has been since `epoch`: 1. 0: the milliseconds passed.
pub fn wait(env: &Env, [block, epoch, milliseconds]: [f64; 3]) -> Result<f64> {
    let done = slices::wait(env, limit(milliseconds), |slice| {
        with(|arena, _| {
            let event = Event::open(arena, id(block)).map_err(shm_error)?;
            Ok(event.wait(arena, epoch as u32, Some(slice)).then_some(()))
        })
    })?;
    Ok(f64::from(done.is_some()))
}

/// Whether it is set or has been since `epoch`; if not, this thread's bell rings when it is.
#[napi(catch_unwind)]
pub fn event_through_or_arm(block: f64, epoch: u32) -> Result<bool> {
    with(|arena, m| {
        let event = Event::open(arena, id(block)).map_err(shm_error)?;
        Ok(event.is_through_or_arm(arena, m.slot, epoch))
    })
}
