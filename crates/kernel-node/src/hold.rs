//! Keeps an ArrayBuffer's memory where it is while another thread uses it, also when the buffer is detached meanwhile.
//!
//! A second ArrayBuffer is made over the same `v8::BackingStore`, which has a count of its owners: detaching hands it on
//! (`postMessage`, `structuredClone`, `transfer()`), or gives up one share. napi has no such call; Node's executable exports
//! V8's. Where it doesn't, the caller finds out by a trial, and copies instead.
//!
//! (A detach key, `v8::ArrayBuffer::SetDetachKey`, would make detaching throw. Node 20 ends the process then.)

use napi::bindgen_prelude::{Object, Unknown};
use napi::{sys, Env, JsValue, Result};
use napi_derive::napi;
use std::ffi::{c_void, CStr};

/// A `v8::Local` in a register: the address of a slot that holds the object. A `napi_value` is the same.
type Local = *mut c_void;

/// Room for what a function returns in memory that its caller gives: larger than what would be returned in registers, so
/// that it is passed as C++ passes the place for a `std::shared_ptr`, of which it uses two words.
#[repr(C)]
struct Shared([usize; 4]);

struct Calls {
    /// `std::shared_ptr<BackingStore> ArrayBuffer::GetBackingStore()`
    store_of: unsafe extern "C" fn(Local) -> Shared,
    /// `Local<ArrayBuffer> ArrayBuffer::New(Isolate*, std::shared_ptr<BackingStore>)`: takes the share, and leaves nothing.
    new: unsafe extern "C" fn(*mut c_void, *mut Shared) -> Local,
    /// `Isolate* Isolate::GetCurrent()`
    isolate: unsafe extern "C" fn() -> *mut c_void,
}

#[cfg(unix)]
fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a C string; RTLD_DEFAULT looks through what is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

/// On Windows classes are passed in another way, which nobody has tried yet.
#[cfg(not(unix))]
fn symbol(_: &CStr) -> Option<*mut c_void> {
    None
}

fn calls() -> Option<Calls> {
    let store_of = symbol(c"_ZN2v811ArrayBuffer15GetBackingStoreEv")?;
    // With libstdc++, and with libc++.
    let new = symbol(c"_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE")
        .or_else(|| {
            symbol(c"_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt3__110shared_ptrINS_12BackingStoreEEE")
        })?;
    let isolate = symbol(c"_ZN2v87Isolate10GetCurrentEv")?;
    // SAFETY: the mangled names say what they take; what they return is written above each, as V8's headers have it.
    unsafe {
        Some(Calls {
            store_of: std::mem::transmute::<*mut c_void, unsafe extern "C" fn(Local) -> Shared>(
                store_of,
            ),
            new: std::mem::transmute::<
                *mut c_void,
                unsafe extern "C" fn(*mut c_void, *mut Shared) -> Local,
            >(new),
            isolate: std::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> *mut c_void>(
                isolate,
            ),
        })
    }
}

/// Another ArrayBuffer over the memory of `buffer`; undefined where that can't be had.
#[napi]
pub fn hold<'env>(env: &'env Env, buffer: Unknown) -> Result<Option<Object<'env>>> {
    let (mut is_buffer, raw) = (false, buffer.raw());
    // SAFETY: a live environment on its own thread, and a value of it.
    let status = unsafe { sys::napi_is_arraybuffer(env.raw(), raw, &mut is_buffer) };
    let (true, sys::Status::napi_ok, Some(calls)) = (is_buffer, status, calls()) else {
        return Ok(None);
    };
    // SAFETY: an ArrayBuffer in a live handle scope of this thread's isolate. The share that `store_of` gives is passed on
    // to `new` by its address, as a class with a destructor is, which moves out of it; nothing is left to be destroyed.
    let second = unsafe {
        let mut share = (calls.store_of)(raw.cast());
        (calls.new)((calls.isolate)(), &mut share)
    };
    if second.is_null() {
        return Ok(None);
    }
    Ok(Some(Object::from_raw(env.raw(), second.cast())))
}
