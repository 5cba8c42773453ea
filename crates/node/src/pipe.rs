//! Ends of pipes for src/queue/connection.ts, and readiness for src/queue/wait.ts. Messages go through the calls of `queue.rs`.

use multiproc_shm::{PipeEnd, Queue};
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, with};

/// An end of a pipe. The caller has one count of each of its blocks.
#[napi(object)]
pub struct PipeEndInfo {
    pub id: f64,
    /// The queue that it reads; -1: it only writes.
    pub reads: f64,
    /// The queue that it writes; -1: it only reads.
    pub writes: f64,
}

impl From<PipeEnd> for PipeEndInfo {
    fn from(end: PipeEnd) -> PipeEndInfo {
        let number = |ring: Option<multiproc_shm::Id>| ring.map_or(-1.0, |id| id.as_u64() as f64);
        PipeEndInfo {
            id: end.id.as_u64() as f64,
            reads: number(end.reads),
            writes: number(end.writes),
        }
    }
}

/// Both ends of a new pipe. Not duplex: the first one reads.
#[napi(catch_unwind)]
pub fn pipe_create(duplex: bool, label: String) -> Result<Vec<PipeEndInfo>> {
    with(|_, m| {
        let ends = PipeEnd::pair(&mut m.heap, duplex, &label).map_err(shm_error)?;
        Ok(ends.into_iter().map(PipeEndInfo::from).collect())
    })
}

/// The caller has one count of an end that arrived; from now on also of the queues that it reads and writes.
#[napi(catch_unwind)]
pub fn pipe_open(end: f64) -> Result<PipeEndInfo> {
    with(|arena, m| {
        let end = PipeEnd::open(arena, id(end)).map_err(shm_error)?;
        let blocks = [end.reads, end.writes];
        for (i, block) in blocks.iter().enumerate() {
            let Some(block) = block else { continue };
            if let Err(error) = m.heap.retain(*block) {
                for taken in blocks[..i].iter().flatten() {
                    let _ = m.heap.release(*taken);
                }
                return Err(shm_error(error));
            }
        }
        Ok(end.into())
    })
}

/// Those of the queues, by their positions, that can be read now, or are closed; the bell rings for the others when they can be.
#[napi(catch_unwind)]
pub fn queues_ready(blocks: Vec<f64>) -> Result<Vec<u32>> {
    with(|arena, m| {
        m.heap.tidy();
        let mut ready = Vec::new();
        for (i, block) in blocks.iter().enumerate() {
            let queue = Queue::open(arena, id(*block)).map_err(shm_error)?;
            if queue.arm_pop(arena, m.slot) {
                ready.push(i as u32);
            }
        }
        Ok(ready)
    })
}
