//! The queue for src/queue/queue.ts, but for what every item calls (fast.rs).

use multiproc_shm::{Id, Queue, QueueOptions};
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::fast;
use crate::member::{id, with};

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

/// Puts an item of several parts, one behind the other; else as queuePush of fast.rs.
#[napi(catch_unwind)]
pub fn queue_push_parts(
    env: Env,
    block: f64,
    parts: Vec<&[u8]>,
    refs: Vec<f64>,
    milliseconds: f64,
) -> Result<f64> {
    let refs: Vec<Id> = refs.iter().map(|raw| id(*raw)).collect();
    fast::push(&env, block, &parts, &refs, milliseconds)
}

/// What queuePop took last, where it said that there is more to it.
#[napi(object)]
pub struct TakenItem {
    /// Bytes of the item: in the buffer, or in `block`.
    pub length: f64,
    /// Blocks that it names, each held with one count for the caller.
    pub refs: Vec<f64>,
    /// The block that it lies in, held with one count for the caller; -1: none.
    pub block: f64,
    /// Where it begins there.
    pub at: f64,
}

#[napi(catch_unwind)]
pub fn queue_taken() -> Result<TakenItem> {
    with(|_, m| {
        let body = std::mem::take(&mut m.body);
        Ok(TakenItem {
            length: body.bytes as f64,
            refs: std::mem::take(&mut m.taken)
                .iter()
                .map(|id| id.as_u64() as f64)
                .collect(),
            block: body.block.map_or(-1.0, |id| id.as_u64() as f64),
            at: body.at as f64,
        })
    })
}

/// A message's block with the bytes of `parts` in it, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn message_block(parts: Vec<&[u8]>) -> Result<f64> {
    with(|_, m| {
        m.heap
            .alloc_message(&parts)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
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

/// Reports one item as done. False: as many are reported as were put.
#[napi(catch_unwind)]
pub fn queue_task_done(block: f64) -> Result<bool> {
    with(|arena, _| {
        Ok(Queue::open(arena, id(block))
            .map_err(shm_error)?
            .task_done(arena))
    })
}

/// Whether all items that were put are reported as done; if not, this thread's bell rings when that may be so.
#[napi(catch_unwind)]
pub fn queue_joined_or_arm(block: f64) -> Result<bool> {
    with(|arena, m| {
        Ok(Queue::open(arena, id(block))
            .map_err(shm_error)?
            .is_joined_or_arm(arena, m.slot))
    })
}
