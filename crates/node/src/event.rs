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
#[napi(catch_unwind)]
pub fn event_set(block: f64) -> Result<()> {
    with(|arena, _| {
        Event::open(arena, id(block)).map_err(shm_error)?.set(arena);
        Ok(())
    })
}

/// Blocks until it is set or has been since `epoch`. False: the timeout passed.
#[napi(catch_unwind)]
pub fn event_wait(env: Env, block: f64, epoch: u32, milliseconds: f64) -> Result<bool> {
    let done = slices::wait(&env, limit(milliseconds), |slice| {
        with(|arena, _| {
            let event = Event::open(arena, id(block)).map_err(shm_error)?;
            Ok(event.wait(arena, epoch, Some(slice)).then_some(()))
        })
    })?;
    Ok(done.is_some())
}

/// Whether it is set or has been since `epoch`; if not, this thread's bell rings when it is.
#[napi(catch_unwind)]
pub fn event_through_or_arm(block: f64, epoch: u32) -> Result<bool> {
    with(|arena, m| {
        let event = Event::open(arena, id(block)).map_err(shm_error)?;
        Ok(event.is_through_or_arm(arena, m.slot, epoch))
    })
}
