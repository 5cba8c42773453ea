//! Keeps an ArrayBuffer from being detached while another thread reads it.
//!
//! V8 detaches a buffer only for who knows its key, where it has one (`v8::ArrayBuffer::SetDetachKey`): with a key of ours
//! `transfer()`, `structuredClone` and `postMessage` throw a TypeError. napi has no such call; Node's executable exports
//! V8's. Where it doesn't, or the answer to a trial is another one, there is no pinning, and arrays are copied.

use napi::bindgen_prelude::Unknown;
use napi::{Env, JsValue, Result};
use napi_derive::napi;
use std::ffi::c_void;

/// A `v8::Local` in a register: the address of a slot that holds the object. A `napi_value` is the same.
type Local = *mut c_void;

#[cfg(unix)]
fn symbol(name: &std::ffi::CStr) -> Option<*mut c_void> {
    // SAFETY: a C string; RTLD_DEFAULT looks through what is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

/// On Windows a Local is passed in another way, which nobody has tried yet.
#[cfg(not(unix))]
fn symbol(_: &std::ffi::CStr) -> Option<*mut c_void> {
    None
}

struct Calls {
    is_detachable: unsafe extern "C" fn(Local) -> bool,
    set_key: unsafe extern "C" fn(Local, Local),
}

fn calls() -> Option<Calls> {
    let is_detachable = symbol(c"_ZNK2v811ArrayBuffer12IsDetachableEv")?;
    let set_key = symbol(c"_ZN2v811ArrayBuffer12SetDetachKeyENS_5LocalINS_5ValueEEE")?;
    // SAFETY: `bool ArrayBuffer::IsDetachable() const` and `void ArrayBuffer::SetDetachKey(Local<Value>)`, as mangled.
    unsafe {
        Some(Calls {
            is_detachable: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Local) -> bool>(is_detachable),
            set_key: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Local, Local)>(set_key),
        })
    }
}

/// Gives a buffer a detach key; undefined takes it away again. False where that can't be done, or the buffer is one that
/// only its owner may detach (a WebAssembly memory's). `buffer` must be an ArrayBuffer: the caller has looked.
#[napi]
pub fn set_detach_key(env: &Env, buffer: Unknown, key: Unknown) -> Result<bool> {
    let (mut is_buffer, raw) = (false, buffer.raw());
    // SAFETY: a live environment on its own thread, and a value of it.
    let status = unsafe { napi::sys::napi_is_arraybuffer(env.raw(), raw, &mut is_buffer) };
    let (true, 0, Some(calls)) = (is_buffer, status, calls()) else { return Ok(false) };
    // SAFETY: an ArrayBuffer in a live handle scope of this thread.
    unsafe {
        if !(calls.is_detachable)(raw.cast()) {
            return Ok(false);
        }
        (calls.set_key)(raw.cast(), key.raw().cast());
    }
    Ok(true)
}
