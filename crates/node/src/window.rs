//! Shared memory as external ArrayBuffers.

use std::ffi::c_void;

use multiproc_shm::Id;
use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{sys, Env};
use napi_derive::napi;

use crate::error::{coded, napi_error, shm_error, Result};
use crate::member::{self, id, with};

/// Bytes of a window.
const WINDOW: u64 = 1 << 20;

/// `length` bytes of the arena from `offset` on, which lie in it.
pub fn external(env: Env, offset: u64, length: u64) -> Result<Unknown<'static>> {
    // SAFETY: within the mapping (`within`), which lives as long as the process.
    unsafe {
        foreign(
            env,
            within(offset, length)?,
            length,
            None,
            std::ptr::null_mut(),
        )
    }
}

/// The same, for a block of which the ArrayBuffer takes over one count. It is given back by the memory's finalizer and not by the
/// object's: `transfer()` moves the memory into another object.
pub fn counted(env: Env, block: Id, offset: u64, length: u64) -> Result<Unknown<'static>> {
    let data = within(offset, length)?;
    let hint = block.as_u64() as usize as *mut c_void;
    // SAFETY: as in `external`; the hint is a number.
    unsafe { foreign(env, data, length, Some(give_back), hint) }
}

unsafe extern "C" fn give_back(_: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
    member::release_if_joined(Id::from_u64(hint as usize as u64));
}

/// Where that is in this process.
pub fn within(offset: u64, length: u64) -> Result<*mut u8> {
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
        // SAFETY: within the mapping, by the check above.
        Ok(unsafe { arena.base().add(offset as usize) })
    })
}

/// Memory as an ArrayBuffer. V8 counts its bytes as this heap's external memory.
///
/// # Safety
/// The memory stays until `finalize` is called with (`data`, `hint`); without one, for ever.
pub unsafe fn foreign(
    env: Env,
    data: *mut u8,
    length: u64,
    finalize: sys::napi_finalize,
    hint: *mut c_void,
) -> Result<Unknown<'static>> {
    // SAFETY: by contract; what is made is a value of this environment.
    unsafe {
        let value = foreign_value(env, data, length, finalize, hint)
            .map_err(|status| napi_error(status, "create_external_arraybuffer"))?;
        Unknown::from_napi_value(env.raw(), value).map_err(|error| coded("ERR_NAPI", error))
    }
}

/// As [`foreign`], or napi's status.
///
/// # Safety
/// As of [`foreign`].
pub unsafe fn foreign_value(
    env: Env,
    data: *mut u8,
    length: u64,
    finalize: sys::napi_finalize,
    hint: *mut c_void,
) -> std::result::Result<sys::napi_value, sys::napi_status> {
    let mut value = std::ptr::null_mut();
    // SAFETY: a live environment; the memory outlives the ArrayBuffer, by contract.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env.raw(),
            data.cast(),
            length as usize,
            finalize,
            hint,
            &mut value,
        )
    };
    if status == sys::Status::napi_ok {
        Ok(value)
    } else {
        Err(status)
    }
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
