//! A second ArrayBuffer over the memory of one that there is.
//!
//! It is made over the same `v8::BackingStore`, which has a count of its owners: detaching hands it on
//! (`postMessage`, `structuredClone`, `transfer()`), or gives up one share. napi has no such call; Node's executable exports
//! V8's. Where it doesn't, there is none, and the caller copies instead.
//!
//! (A detach key, `v8::ArrayBuffer::SetDetachKey`, would make detaching throw. Node 20 ends the process then.)

use napi::sys;
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

fn find() -> Option<Calls> {
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

/// Looked up once: each costs a walk through the tables of all that is loaded.
fn calls() -> Option<&'static Calls> {
    static CALLS: std::sync::OnceLock<Option<Calls>> = std::sync::OnceLock::new();
    CALLS.get_or_init(find).as_ref()
}

/// Another ArrayBuffer over the memory of `buffer`. None: it is no ArrayBuffer, or that can't be had here.
///
/// # Safety
/// `env` is live and of this thread, `buffer` a value of it in an open handle scope.
pub unsafe fn second(env: sys::napi_env, buffer: sys::napi_value) -> Option<sys::napi_value> {
    let mut is_buffer = false;
    // SAFETY: by contract.
    let status = unsafe { sys::napi_is_arraybuffer(env, buffer, &mut is_buffer) };
    let (true, sys::Status::napi_ok, Some(calls)) = (is_buffer, status, calls()) else {
        return None;
    };
    // SAFETY: an ArrayBuffer in a live handle scope of this thread's isolate. The share that `store_of` gives is passed on
    // to `new` by its address, as a class with a destructor is, which moves out of it; nothing is left to be destroyed.
    let second = unsafe {
        let mut share = (calls.store_of)(buffer.cast());
        (calls.new)((calls.isolate)(), &mut share)
    };
    (!second.is_null()).then_some(second.cast())
}
