//! The barrier for src/sync/barrier.ts. Its action runs there.

use std::time::Instant;

use multiproc_shm::{Arrival, Barrier, BarrierOptions};
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::slices;

// What `pass` returns below 0; src/sync/barrier.ts has the same numbers.
const BROKEN: f64 = -1.0;
const TIMED_OUT: f64 = -2.0;
/// -(generation) - ACTS: this thread runs the action.
const ACTS: f64 = -16.0;

/// How a party has come.
#[napi(object)]
pub struct Came {
    /// 'waits', 'through', 'acts', 'busy' (this thread's bell rings when it is worth another try), 'broken'.
    pub how: String,
    pub generation: u32,
    pub index: u32,
}

/// A new barrier, held by this thread with count 1. `timeout`: milliseconds, -1 for none.
#[napi(catch_unwind)]
pub fn barrier_create(parties: f64, has_action: bool, timeout: f64, label: String) -> Result<f64> {
    with(|_, m| {
        let options = BarrierOptions {
            parties: parties as u32,
            has_action,
            timeout,
            label: &label,
        };
        Barrier::new(&mut m.heap, &options)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// The timeout that it was made with.
#[napi(catch_unwind)]
pub fn barrier_timeout(block: f64) -> Result<f64> {
    with(|arena, _| {
        Ok(Barrier::open(arena, id(block))
            .map_err(shm_error)?
            .timeout(arena))
    })
}

/// Comes, and blocks until all have: the index of this party; -1 broken; -2 the timeout passed, which broke it;
/// -16 - generation: this thread is to run the action.
pub fn pass(env: &Env, [block, milliseconds]: [f64; 2]) -> Result<f64> {
    let timeout = limit(milliseconds);
    let begun = Instant::now();
    let arrival = slices::wait(env, timeout, |slice| {
        with(|arena, m| {
            let barrier = Barrier::open(arena, id(block)).map_err(shm_error)?;
            let seen = arena.bell_seen(m.slot);
            let mut arrival = barrier.arrive(arena);
            if arrival == Arrival::Busy {
                barrier.arm(arena, m.slot);
                arrival = barrier.arrive(arena);
            }
            if arrival != Arrival::Busy {
                return Ok(Some(arrival));
            }
            arena.sleep(m.slot, seen, slice);
            Ok(None)
        })
    })?;
    let (generation, index) = match arrival {
        Some(Arrival::Waits { generation, index }) => (generation, index),
        Some(Arrival::Through { index }) => return Ok(f64::from(index)),
        Some(Arrival::Acts { generation, .. }) => return Ok(ACTS - f64::from(generation)),
        Some(Arrival::Broken) => return Ok(BROKEN),
        Some(Arrival::Busy) | None => {
            barrier_abort(block, None)?;
            return Ok(TIMED_OUT);
        }
    };
    let left = timeout.map(|timeout| timeout.saturating_sub(begun.elapsed()));
    let outcome = slices::wait(env, left, |slice| {
        with(|arena, m| {
            let barrier = Barrier::open(arena, id(block)).map_err(shm_error)?;
            Ok(barrier.wait(arena, m.slot, generation, slice))
        })
    })?;
    let through = match outcome {
        Some(through) => through,
        None if barrier_abort(block, Some(generation))? => return Ok(TIMED_OUT),
        None => barrier_outcome_or_arm(block, generation)? == Some(true),
    };
    Ok(if through { f64::from(index) } else { BROKEN })
}

/// Comes, without waiting.
#[napi(catch_unwind)]
pub fn barrier_arrive(block: f64) -> Result<Came> {
    with(|arena, m| {
        let barrier = Barrier::open(arena, id(block)).map_err(shm_error)?;
        let mut arrival = barrier.arrive(arena);
        if arrival == Arrival::Busy {
            barrier.arm(arena, m.slot);
            arrival = barrier.arrive(arena);
        }
        let (how, generation, index) = match arrival {
            Arrival::Waits { generation, index } => ("waits", generation, index),
            Arrival::Through { index } => ("through", 0, index),
            Arrival::Acts { generation, index } => ("acts", generation, index),
            Arrival::Busy => ("busy", 0, 0),
            Arrival::Broken => ("broken", 0, 0),
        };
        Ok(Came {
            how: how.to_owned(),
            generation,
            index,
        })
    })
}

/// True: all are through; false: broken; null: not over yet, and this thread's bell rings when it is.
#[napi(catch_unwind)]
pub fn barrier_outcome_or_arm(block: f64, generation: u32) -> Result<Option<bool>> {
    with(|arena, m| {
        let barrier = Barrier::open(arena, id(block)).map_err(shm_error)?;
        barrier.arm(arena, m.slot);
        Ok(barrier.outcome(arena, generation))
    })
}

/// The action of that generation is done: all go on. False: the barrier was broken meanwhile.
#[napi(catch_unwind)]
pub fn barrier_finish(block: f64, generation: u32) -> Result<bool> {
    with(|arena, _| {
        Ok(Barrier::open(arena, id(block))
            .map_err(shm_error)?
            .finish(arena, generation))
    })
}

/// Breaks it; where a generation is given, only if that is not over. True: broken by this call.
#[napi(catch_unwind)]
pub fn barrier_abort(block: f64, generation: Option<u32>) -> Result<bool> {
    with(|arena, _| {
        Ok(Barrier::open(arena, id(block))
            .map_err(shm_error)?
            .abort(arena, generation))
    })
}

/// Empty and whole again; those that wait are told that it was broken.
#[napi(catch_unwind)]
pub fn barrier_reset(block: f64) -> Result<()> {
    with(|arena, _| {
        Barrier::open(arena, id(block))
            .map_err(shm_error)?
            .reset(arena);
        Ok(())
    })
}
