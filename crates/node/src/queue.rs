//! The queue for src/queue/queue.ts: encoded items in and out.

use multiproc_shm::{Id, Queue, QueueError, QueueOptions};
use napi::bindgen_prelude::Uint8ArraySlice;
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, limit, with};
use crate::slices;

// What the calls return instead of a length; src/queue/queue.ts has the same numbers.
const DONE: f64 = 0.0;
const WAIT: f64 = -1.0;
const CLOSED: f64 = -2.0;
/// -(length) - TOO_LONG: the buffer is too small, nothing was taken.
const TOO_LONG: f64 = 16.0;
/// As a timeout: don't wait, but arm this thread's bell.
const ARM: f64 = -2.0;

fn status(error: QueueError) -> Result<f64> {
    match error {
        QueueError::Full | QueueError::Empty | QueueError::TimedOut => Ok(WAIT),
        QueueError::Closed => Ok(CLOSED),
        QueueError::TooSmall { bytes } => Ok(-(bytes as f64) - TOO_LONG),
        QueueError::Failed(error) => Err(shm_error(error)),
    }
}

#[napi(catch_unwind)]
pub fn queue_create(max_size: f64, producers: u32, label: String) -> Result<f64> {
    with(|_, m| {
        let options = QueueOptions {
            max_size: max_size as u64,
            producers,
            label: &label,
        };
        Queue::new(&mut m.heap, &options)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

fn ids(refs: &[f64]) -> Vec<Id> {
    refs.iter().map(|raw| id(*raw)).collect()
}

/// Puts an item; waits so many milliseconds (-1: no limit) while there is no room. 0, -1 (no room), -2 (closed).
#[napi(catch_unwind)]
pub fn queue_push(
    env: Env,
    block: f64,
    bytes: &[u8],
    refs: Vec<f64>,
    milliseconds: f64,
) -> Result<f64> {
    let refs = ids(&refs);
    let done = slices::wait(&env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let queue = Queue::open(arena, id(block)).map_err(shm_error)?;
            match queue.push_wait(&mut m.heap, &[bytes], &refs, Some(slice)) {
                Ok(()) => Ok(Some(DONE)),
                Err(QueueError::TimedOut) => Ok(None),
                Err(error) => status(error).map(Some),
            }
        })
    })?;
    Ok(done.unwrap_or(WAIT))
}

/// Puts an item, or arms this thread's bell: 0, -1 (armed), -2 (closed).
#[napi(catch_unwind)]
pub fn queue_push_or_arm(block: f64, bytes: &[u8], refs: Vec<f64>) -> Result<f64> {
    with(|arena, m| {
        let queue = Queue::open(arena, id(block)).map_err(shm_error)?;
        let refs = ids(&refs);
        loop {
            match queue.push(&mut m.heap, &[bytes], &refs) {
                Ok(()) => return Ok(DONE),
                Err(QueueError::Full) if queue.arm_push(arena, m.slot) => continue,
                Err(error) => return status(error),
            }
        }
    })
}

/// Takes an item into `buffer`: its length; -1 (nothing came), -2 (closed and drained), -16 - length (buffer too small).
/// `milliseconds`: -1 no limit, -2 arms this thread's bell instead of waiting.
#[napi(catch_unwind)]
pub fn queue_pop(
    env: Env,
    block: f64,
    mut buffer: Uint8ArraySlice,
    milliseconds: f64,
) -> Result<f64> {
    // SAFETY: the memory is JavaScript's scratch buffer, which this thread alone uses and not before this call returns.
    let buffer = unsafe { buffer.as_mut() };
    if milliseconds == ARM {
        return pop_or_arm(block, buffer);
    }
    let done = slices::wait(&env, limit(milliseconds), |slice| {
        with(|arena, m| {
            let queue = Queue::open(arena, id(block)).map_err(shm_error)?;
            match queue.pop_wait(&mut m.heap, buffer, &mut m.taken, Some(slice)) {
                Ok(length) => Ok(Some(length as f64)),
                Err(QueueError::TimedOut) => Ok(None),
                Err(error) => status(error).map(Some),
            }
        })
    })?;
    Ok(done.unwrap_or(WAIT))
}

fn pop_or_arm(block: f64, buffer: &mut [u8]) -> Result<f64> {
    with(|arena, m| {
        let queue = Queue::open(arena, id(block)).map_err(shm_error)?;
        loop {
            match queue.pop(&mut m.heap, buffer, &mut m.taken) {
                Ok(length) => return Ok(length as f64),
                Err(QueueError::Empty) if queue.arm_pop(arena, m.slot) => continue,
                Err(error) => return status(error),
            }
        }
    })
}

/// Blocks named in the item that queue_pop gave last, each held with one count for the caller; null where there are none.
#[napi(catch_unwind)]
pub fn taken_refs() -> Result<Option<Vec<f64>>> {
    with(|_, m| {
        if m.taken.is_empty() {
            return Ok(None);
        }
        Ok(Some(
            std::mem::take(&mut m.taken)
                .iter()
                .map(|id| id.as_u64() as f64)
                .collect(),
        ))
    })
}

#[napi(catch_unwind)]
pub fn queue_size(block: f64) -> Result<f64> {
    with(|arena, _| {
        Ok(Queue::open(arena, id(block))
            .map_err(shm_error)?
            .size(arena) as f64)
    })
}

#[napi(catch_unwind)]
pub fn queue_max_size(block: f64) -> Result<f64> {
    with(|arena, _| Ok(Queue::open(arena, id(block)).map_err(shm_error)?.max_size() as f64))
}

#[napi(catch_unwind)]
pub fn queue_close(block: f64) -> Result<()> {
    with(|arena, m| {
        Queue::open(arena, id(block))
            .map_err(shm_error)?
            .close(&mut m.heap);
        Ok(())
    })
}

#[napi(catch_unwind)]
pub fn queue_closed(block: f64) -> Result<bool> {
    with(|arena, m| {
        let queue = Queue::open(arena, id(block)).map_err(shm_error)?;
        Ok(queue.is_closed(arena) || queue.is_producer_closed(arena, m.slot))
    })
}
