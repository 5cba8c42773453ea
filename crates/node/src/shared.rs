//! Arrays, values and shared values for src/shared: JavaScript works on their memory itself.

use multiproc_shm::{inspect, SharedValue};
use napi::bindgen_prelude::Unknown;
use napi::Env;
use napi_derive::napi;

use crate::error::{shm_error, Result};
use crate::member::{id, with};
use crate::window;

/// A zeroed array of so many bytes; the caller has one count.
#[napi(catch_unwind)]
pub fn array_create(bytes: f64) -> Result<f64> {
    with(|_, m| {
        m.heap
            .alloc_array(bytes as u64)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// The bytes of an array. The ArrayBuffer takes over one count of the caller, and gives it back when its memory is let go.
#[napi(catch_unwind, ts_return_type = "ArrayBuffer")]
pub fn array_buffer(env: Env, block: f64) -> Result<Unknown<'static>> {
    let (offset, length) = with(|arena, _| {
        let (offset, _) = arena.range(id(block)).map_err(shm_error)?;
        Ok((offset, arena.array_bytes(id(block)).map_err(shm_error)?))
    })?;
    window::counted(env, id(block), offset, length)
}

/// A zeroed block of 128 bytes for a value, whose first 64 JavaScript lays out; the caller has one count.
#[napi(catch_unwind)]
pub fn value_create(label: String) -> Result<f64> {
    with(|_, m| {
        inspect::new_value(&mut m.heap, &label)
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// A value that is encoded once. The caller has one count of `end` and of `block`.
#[napi(object)]
pub struct SharedValueInfo {
    /// Held by those who want the value.
    pub end: f64,
    /// Has the bytes.
    pub block: f64,
    /// Blocks that the value names.
    pub refs: Vec<f64>,
}

fn info(value: &SharedValue) -> SharedValueInfo {
    SharedValueInfo {
        end: value.end.as_u64() as f64,
        block: value.block.as_u64() as f64,
        refs: value.refs.iter().map(|id| id.as_u64() as f64).collect(),
    }
}

/// Keeps encoded bytes for all; the caller has one count of each of `refs` already.
#[napi(catch_unwind)]
pub fn shared_create(bytes: &[u8], refs: Vec<f64>, label: String) -> Result<SharedValueInfo> {
    with(|_, m| {
        let refs: Vec<_> = refs.iter().map(|raw| id(*raw)).collect();
        SharedValue::new(&mut m.heap, bytes, &refs, &label)
            .map(|value| info(&value))
            .map_err(shm_error)
    })
}

/// The shared value whose end that is. No counts are taken.
#[napi(catch_unwind)]
pub fn shared_open(end: f64) -> Result<SharedValueInfo> {
    with(|arena, _| {
        SharedValue::open(arena, id(end))
            .map(|value| info(&value))
            .map_err(shm_error)
    })
}

/// The bytes of a shared value where they lie. Valid as long as the caller holds its block.
#[napi(catch_unwind, ts_return_type = "ArrayBuffer")]
pub fn shared_bytes(env: Env, end: f64) -> Result<Unknown<'static>> {
    let value = with(|arena, _| SharedValue::open(arena, id(end)).map_err(shm_error))?;
    window::external(env, value.offset, value.bytes)
}

/// Those of the blocks, by their positions, whose value nobody wants any more.
#[napi(catch_unwind)]
pub fn shared_gone(blocks: Vec<f64>) -> Result<Vec<u32>> {
    with(|arena, _| {
        let mut gone = Vec::new();
        for (i, block) in blocks.iter().enumerate() {
            if SharedValue::is_gone(arena, id(*block)).map_err(shm_error)? {
                gone.push(i as u32);
            }
        }
        Ok(gone)
    })
}
