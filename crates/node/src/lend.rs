//! Large buffers of a message where they lie: an ArrayBuffer on the message's block, so that its reader makes no copy.
//!
//! The block is the reader's alone by then (src/codec/buffers.ts says when), so it may write there. The ArrayBuffer holds it, and
//! lets go when its memory is collected or given up, in whatever ArrayBuffer that is by then: napi's own are marked as
//! not to be transferred, so what is handed out is a second one over the same memory, and the first is detached.
//! A reader that dies lets go as of any block.
//!
//! **Why only in the first thread of a process.** Memory can be passed on to another thread, and live longer than the
//! environment that it came to; with that one's end its holds go. The first thread's end is the process's.
//!
//! **Why the arena does not run full of what nobody has collected yet.** V8 counts the bytes as it counts any buffer's,
//! and collects by them. A thread has at most [`MOST`] of them out; then messages are copied.

use std::cell::Cell;
use std::ffi::c_void;

use multiproc_shm::Id;
use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{sys, Env};
use napi_derive::napi;

use crate::error::{coded, shm_error, Result};
use crate::member::{self, id, is_main_thread, with};
use crate::window;

/// Bytes that one thread may have out, and not more than an eighth of all that there may be. A single buffer may be larger.
const MOST: u64 = 256 << 20;

/// napi's status where V8's heap lies in a cage of its own, outside of which no buffer may be.
const NO_EXTERNAL_BUFFERS: sys::napi_status = sys::Status::napi_no_external_buffers_allowed;

thread_local! {
    /// Bytes that this thread has out.
    static OUT: Cell<u64> = const { Cell::new(0) };
}

/// What an ArrayBuffer's memory belongs to.
struct Lent {
    block: Id,
    bytes: u64,
}

unsafe extern "C" fn give_back(_: sys::napi_env, _: *mut c_void, hint: *mut c_void) {
    // SAFETY: the hint of `lend`, of which this is the only use: a finalizer runs once.
    let lent = unsafe { Box::from_raw(hint.cast::<Lent>()) };
    OUT.with(|out| out.set(out.get().saturating_sub(lent.bytes)));
    member::release_if_joined(lent.block);
}

/// `bytes` bytes of `block`, which the caller holds, from `at` on, as an ArrayBuffer that holds it too; null: not here, or not now.
#[napi(catch_unwind, ts_return_type = "ArrayBuffer | null")]
pub fn lend(env: Env, block: f64, at: f64, bytes: f64) -> Result<Option<Unknown<'static>>> {
    let (block, at, bytes) = (id(block), at as u64, bytes as u64);
    if !is_main_thread() {
        return Ok(None);
    }
    let out = OUT.with(Cell::get);
    let offset = with(|arena, m| {
        let (offset, size) = arena.range(block).map_err(shm_error)?;
        if at.checked_add(bytes).is_none_or(|end| end > size) {
            return Err(coded("ERR_BAD_HANDLE", "a buffer is longer than its block"));
        }
        let most = arena.budget() / 8;
        if bytes > most || out > 0 && out + bytes > most.min(MOST) {
            return Ok(None);
        }
        m.heap.retain(block).map_err(shm_error)?;
        Ok(Some(offset + at))
    })?;
    let Some(offset) = offset else {
        return Ok(None);
    };
    let data = window::within(offset, bytes)?;
    let hint = Box::into_raw(Box::new(Lent { block, bytes })).cast();
    OUT.with(|sum| sum.set(out + bytes));
    // SAFETY: the memory stays as long as the block is held, which `give_back` ends.
    let first = match unsafe { window::foreign_value(env, data, bytes, Some(give_back), hint) } {
        Ok(first) => first,
        Err(status) => {
            if status == NO_EXTERNAL_BUFFERS {
                // SAFETY: napi looked at nothing; after other failures it may still use the hint.
                unsafe { give_back(env.raw(), std::ptr::null_mut(), hint) };
            }
            return Ok(None);
        }
    };
    // SAFETY: the environment of this call, and values of it. Without a second one the memory is given up here.
    unsafe {
        let second = multiproc_backing::second(env.raw(), first);
        sys::napi_detach_arraybuffer(env.raw(), first);
        second
            .map(|raw| Unknown::from_napi_value(env.raw(), raw))
            .transpose()
            .map_err(|error| coded("ERR_NAPI", error))
    }
}
