//! The few libuv functions that the bell needs, found by `dlsym` in the running executable.
//!
//! Linking them would make the addon unloadable where the runtime has no libuv (Deno, Bun).
//! Where one is missing, [`Uv::get`] is `None` and the bell falls back to a thread.

use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;

pub type Handle = *mut c_void;
pub type Loop = *mut c_void;
type Init = unsafe extern "C" fn(Loop, Handle) -> c_int;
type Start = unsafe extern "C" fn(Handle, unsafe extern "C" fn(Handle)) -> c_int;
type OnPoll = unsafe extern "C" fn(Handle, c_int, c_int);
type OnClose = unsafe extern "C" fn(Handle);

// Values of `uv_handle_type`; stable since libuv 1.0.
pub const CHECK: c_int = 2;
pub const IDLE: c_int = 6;
pub const POLL: c_int = 8;
pub const PREPARE: c_int = 9;
pub const READABLE: c_int = 1;

pub struct Uv {
    pub handle_size: unsafe extern "C" fn(c_int) -> usize,
    pub get_data: unsafe extern "C" fn(Handle) -> *mut c_void,
    pub set_data: unsafe extern "C" fn(Handle, *mut c_void),
    pub close: unsafe extern "C" fn(Handle, Option<OnClose>),
    pub r#ref: unsafe extern "C" fn(Handle),
    pub unref: unsafe extern "C" fn(Handle),
    pub has_ref: unsafe extern "C" fn(Handle) -> c_int,
    pub loop_alive: unsafe extern "C" fn(Loop) -> c_int,
    pub poll_init: unsafe extern "C" fn(Loop, Handle, c_int) -> c_int,
    pub poll_start: unsafe extern "C" fn(Handle, c_int, OnPoll) -> c_int,
    pub prepare_init: Init,
    pub prepare_start: Start,
    pub idle_init: Init,
    pub idle_start: Start,
    pub idle_stop: unsafe extern "C" fn(Handle) -> c_int,
    pub check_init: Init,
    pub check_start: Start,
}

fn symbol(name: &std::ffi::CStr) -> Option<*mut c_void> {
    // SAFETY: a NUL-terminated name; dlsym has no other precondition.
    let p = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr() as *const c_char) };
    (!p.is_null()).then_some(p)
}

macro_rules! uv {
    ($($field:ident: $name:literal),* $(,)?) => {
        Some(Uv { $($field: {
            let p = symbol($name)?;
            // SAFETY: the symbol of that name is libuv's function of the field's type (uv.h, 1.x).
            unsafe { std::mem::transmute_copy(&p) }
        }),* })
    };
}

impl Uv {
    /// libuv of this runtime; `None` where it is not exported.
    pub fn get() -> Option<&'static Uv> {
        static UV: OnceLock<Option<Uv>> = OnceLock::new();
        UV.get_or_init(|| {
            uv! {
                handle_size: c"uv_handle_size",
                get_data: c"uv_handle_get_data",
                set_data: c"uv_handle_set_data",
                close: c"uv_close",
                r#ref: c"uv_ref",
                unref: c"uv_unref",
                has_ref: c"uv_has_ref",
                loop_alive: c"uv_loop_alive",
                poll_init: c"uv_poll_init",
                poll_start: c"uv_poll_start",
                prepare_init: c"uv_prepare_init",
                prepare_start: c"uv_prepare_start",
                idle_init: c"uv_idle_init",
                idle_start: c"uv_idle_start",
                idle_stop: c"uv_idle_stop",
                check_init: c"uv_check_init",
                check_start: c"uv_check_start",
            }
        })
        .as_ref()
    }

    /// Zeroed memory for a handle of `kind`; freed by [`closed`].
    pub fn allocate(&self, kind: c_int) -> Handle {
        // SAFETY: handle_size only looks up a table; calloc has no precondition.
        unsafe { libc::calloc(1, (self.handle_size)(kind).max(64)) }
    }
}

/// Close callback: gives the memory of a handle back.
///
/// # Safety
/// `handle` came from [`Uv::allocate`] and libuv is done with it.
pub unsafe extern "C" fn closed(handle: Handle) {
    // SAFETY: by this function's contract.
    unsafe { libc::free(handle) }
}
