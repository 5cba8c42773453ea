//! Shared memory as external ArrayBuffers.

use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{sys, Env};
use napi_derive::napi;

use crate::error::{coded, napi_error, shm_error, Result};
use crate::member::{id, with};

/// Bytes of a window.
const WINDOW: u64 = 1 << 20;

/// `length` bytes of the arena from `offset` on, which lie in it.
fn external(env: Env, offset: u64, length: u64) -> Result<Unknown<'static>> {
    with(|arena, _| {
        if offset
            .checked_add(length)
            .is_none_or(|end| end > arena.len())
        {
            return Err(coded(
                "ERR_BAD_HANDLE",
                format!("{length} bytes at {offset} are outside of the arena"),
            ));
        }
        // SAFETY: within the mapping, by the check above; the mapping lives as long as the process.
        let data = unsafe { arena.base().add(offset as usize) };
        let mut value = std::ptr::null_mut();
        // SAFETY: a live environment; the memory outlives every ArrayBuffer, so no finalizer is needed.
        let status = unsafe {
            sys::napi_create_external_arraybuffer(
                env.raw(),
                data.cast(),
                length as usize,
                None,
                std::ptr::null_mut(),
                &mut value,
            )
        };
        if status != sys::Status::napi_ok {
            return Err(napi_error(status, "create_external_arraybuffer"));
        }
        // SAFETY: `value` was just made in this environment.
        unsafe { Unknown::from_napi_value(env.raw(), value) }
            .map_err(|error| coded("ERR_NAPI", error))
    })
}

/// The `index`-th MiB of the arena.
#[napi(catch_unwind, ts_return_type = "ArrayBuffer")]
pub fn window(env: Env, index: f64) -> Result<Unknown<'static>> {
    let offset = (index as u64).saturating_mul(WINDOW);
    let length = with(|arena, _| Ok(arena.len().saturating_sub(offset).min(WINDOW)))?;
    external(env, offset, length)
}

/// All bytes of a block.
#[napi(catch_unwind, ts_return_type = "ArrayBuffer")]
pub fn block_buffer(env: Env, block: f64) -> Result<Unknown<'static>> {
    let (offset, length) = with(|arena, _| arena.range(id(block)).map_err(shm_error))?;
    external(env, offset, length)
}
