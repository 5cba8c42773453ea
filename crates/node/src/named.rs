//! Named memory for src/shared/shared-memory.ts. Blocks in use are kept here under numbers, for the whole process; those of a
//! thread that ends, however it does, leave with it.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, OnceLock};

use multiproc_shm::{named, Error as ShmError, NamedMemory, Slot};
use napi::bindgen_prelude::Unknown;
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::error::{coded, napi_error, shm_error, Error, Result};
use crate::member::with;
use crate::window;

/// A block that a thread uses.
struct Used {
    by: Slot,
    memory: NamedMemory,
}

#[derive(Default)]
struct Open {
    /// The last number that was given.
    last: u32,
    blocks: HashMap<u32, Used>,
}

static OPEN: OnceLock<Mutex<Open>> = OnceLock::new();

fn open() -> MutexGuard<'static, Open> {
    OPEN.get_or_init(Default::default)
        .lock()
        .unwrap_or_else(|e| e.into_inner())
}

/// The thread of `slot` has ended: it uses nothing any more.
pub fn ended(slot: Slot) {
    if OPEN.get().is_none() {
        return;
    }
    open().blocks.retain(|_, used| {
        if used.by == slot {
            used.memory.close();
        }
        used.by != slot
    });
}

fn refused(error: ShmError, what: &str) -> Error {
    let code = match &error {
        ShmError::Os { errno, .. } => match *errno {
            libc::EEXIST => "EEXIST",
            libc::ENOENT => "ENOENT",
            libc::EACCES => "EACCES",
            libc::ENOSPC | libc::ENOMEM | libc::EFBIG => "ERR_OUT_OF_SHARED_MEMORY",
            libc::ENAMETOOLONG => "ENAMETOOLONG",
            _ => return shm_error(error),
        },
        _ => return shm_error(error),
    };
    coded(code, format!("{what}: {error}"))
}

/// A block that this process uses.
#[napi(object)]
pub struct NamedInfo {
    pub handle: u32,
    /// Bytes.
    pub size: f64,
}

/// Makes a block of `size` bytes, or attaches to one. Errors: EEXIST, ENOENT.
#[napi(catch_unwind)]
pub fn named_open(name: String, create: bool, size: f64) -> Result<NamedInfo> {
    let by = with(|arena, m| {
        arena.note_named();
        Ok(m.slot)
    })?;
    if OPEN.get().is_none() {
        named::sweep();
    }
    let memory = if create {
        NamedMemory::create(&name, size as u64)
            .map_err(|e| refused(e, &format!("shared memory {name:?} can't be made")))?
    } else {
        NamedMemory::attach(&name)
            .map_err(|e| refused(e, &format!("there is no shared memory {name:?}")))?
    };
    let mut open = open();
    let size = memory.size() as f64;
    open.last += 1;
    let handle = open.last;
    open.blocks.insert(handle, Used { by, memory });
    Ok(NamedInfo { handle, size })
}

/// The whole block. Its mapping goes with the ArrayBuffer.
#[napi(catch_unwind, ts_return_type = "ArrayBuffer")]
pub fn named_buffer(env: Env, handle: u32) -> Result<Unknown<'static>> {
    let open = open();
    let memory = open
        .blocks
        .get(&handle)
        .map(|used| &used.memory)
        .ok_or_else(|| coded("ERR_BAD_HANDLE", "no such shared memory"))?;
    let size = memory.size();
    // SAFETY: the mapping is whole, and stays until `unmap` is called for this very ArrayBuffer.
    unsafe {
        window::foreign(
            env,
            memory.base(),
            size,
            Some(unmap),
            size as usize as *mut c_void,
        )
    }
}

unsafe extern "C" fn unmap(_: sys::napi_env, data: *mut c_void, size: *mut c_void) {
    // SAFETY: made by `named_buffer`, which is called once for each mapping; the ArrayBuffer's memory is not used any more.
    unsafe { named::unmap(data.cast(), size as usize as u64) }
}

/// Takes an ArrayBuffer's memory away: it and its views become empty.
#[napi(catch_unwind)]
pub fn named_detach(
    env: Env,
    #[napi(ts_arg_type = "ArrayBuffer")] buffer: Unknown<'static>,
) -> Result<()> {
    // SAFETY: a live environment and a value of it; anything that is no ArrayBuffer is refused by the call.
    match unsafe { sys::napi_detach_arraybuffer(env.raw(), buffer.raw()) } {
        sys::Status::napi_ok => Ok(()),
        status => Err(napi_error(status, "detach_arraybuffer")),
    }
}

/// This user leaves. The last one takes the name with it.
#[napi(catch_unwind)]
pub fn named_close(handle: u32) {
    if let Some(used) = open().blocks.get_mut(&handle) {
        used.memory.close();
    }
}

/// Takes the name away. Errors: ENOENT where that was done before.
#[napi(catch_unwind)]
pub fn named_unlink(handle: u32) -> Result<()> {
    match open().blocks.get_mut(&handle) {
        Some(used) => used
            .memory
            .unlink()
            .map_err(|e| refused(e, "shared memory can't be unlinked")),
        None => Err(coded("ERR_BAD_HANDLE", "no such shared memory")),
    }
}

/// The object is gone, after its close.
#[napi(catch_unwind)]
pub fn named_forget(handle: u32) {
    open().blocks.remove(&handle);
}
