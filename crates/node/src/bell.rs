//! This thread's bell in its event loop.
//!
//! Before the loop polls (uv_prepare): if the bell was rung since the last look, JavaScript runs, at most
//! [`ROUNDS`] times in a row; else the bell is told that this thread polls, and the loop sleeps with the bell's pipe in
//! its set. So a ring costs a system call only where the loop sleeps. After the poll (uv_check, and the pipe's own
//! callback, which also empties the pipe) the bell is told that the thread is awake.
//!
//! A pool worker sleeps otherwise: while nothing but the bell keeps its loop alive, it first sleeps one slice on the
//! futex, which is woken faster than epoll; V8's own tasks and unreferenced handles wait no longer than that slice,
//! also where rings come without a pause (TURN).
//!
//! Nothing is lost: `seen` is read before JavaScript looks, and `begin_poll(seen)` refuses where the bell has moved on.

use std::ffi::c_void;
use std::time::{Duration, Instant};

use multiproc_shm::{Arena, BellPipe, Slot};
use napi::bindgen_prelude::Function;
use napi::{sys, Env, JsValue};
use napi_derive::napi;

use crate::error::{coded, napi_error, shm_error, Result};
use crate::member::with;
use crate::uv::{self, Uv};

/// A blocking wait looks again at least so often.
pub const SLICE: Duration = Duration::from_millis(200);
/// How long a worker sleeps on the futex before it lets its loop poll.
const WORKER_SLICE: Duration = Duration::from_millis(10);
/// JavaScript runs so often in a row before other I/O gets its turn,
const ROUNDS: u32 = 16;
/// and a worker that is woken from the futex again and again gets back to its loop after so long.
const TURN: Duration = Duration::from_millis(8);

/// One a thread, from the first `on_bell` to the end of its environment.
struct Hook {
    uv: &'static Uv,
    arena: &'static Arena,
    slot: Slot,
    pipe: BellPipe,
    /// The bell's counter when JavaScript last looked.
    seen: u32,
    env: sys::napi_env,
    callback: sys::napi_ref,
    receiver: sys::napi_ref,
    context: sys::napi_async_context,
    uv_loop: uv::Loop,
    poll: uv::Handle,
    prepare: uv::Handle,
    check: uv::Handle,
    idle: uv::Handle,
    idling: bool,
    worker: bool,
}

thread_local! {
    static HOOK: std::cell::Cell<*mut Hook> = const { std::cell::Cell::new(std::ptr::null_mut()) };
}

impl Hook {
    fn rung(&self) -> bool {
        self.arena.bell_seen(self.slot) != self.seen
    }

    /// Nothing but ourselves keeps the loop alive: no timer, socket, immediate.
    fn alone(&self) -> bool {
        // SAFETY: `poll` is a live handle of `uv_loop`, and this is its thread. It is referenced again only if it was.
        unsafe {
            let referenced = (self.uv.has_ref)(self.poll) != 0;
            (self.uv.unref)(self.poll);
            let alive = (self.uv.loop_alive)(self.uv_loop);
            if referenced {
                (self.uv.r#ref)(self.poll);
            }
            alive == 0
        }
    }

    /// Keeps the loop from sleeping in its next poll, or lets it.
    fn set_idling(&mut self, on: bool) {
        if self.idling == on {
            return;
        }
        self.idling = on;
        // SAFETY: `idle` is a live handle of this thread's loop.
        unsafe {
            if on {
                (self.uv.idle_start)(self.idle, nothing);
            } else {
                (self.uv.idle_stop)(self.idle);
            }
        }
    }
}

unsafe extern "C" fn nothing(_: uv::Handle) {}

/// Runs JavaScript's callback, and microtasks after it.
///
/// # Safety
/// `hook` is this thread's, and no reference to it is held: JavaScript may call back into this module.
unsafe fn run(hook: *mut Hook) {
    crate::member::tidy_if_joined();
    // SAFETY: by contract; the fields are copied out before JavaScript runs.
    let (env, callback, receiver, context) = unsafe {
        (*hook).seen = (*hook).arena.bell_seen((*hook).slot);
        (
            (*hook).env,
            (*hook).callback,
            (*hook).receiver,
            (*hook).context,
        )
    };
    let (mut scope, mut function, mut this, mut result) = (
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
    );
    // SAFETY: a live environment on its own thread, outside of any JavaScript; every value lives in `scope`.
    unsafe {
        if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
            return;
        }
        sys::napi_get_reference_value(env, callback, &mut function);
        sys::napi_get_reference_value(env, receiver, &mut this);
        let status = sys::napi_make_callback(
            env,
            context,
            this,
            function,
            0,
            std::ptr::null(),
            &mut result,
        );
        if status == sys::Status::napi_pending_exception {
            let mut error = std::ptr::null_mut();
            if sys::napi_get_and_clear_last_exception(env, &mut error) == sys::Status::napi_ok {
                sys::napi_fatal_exception(env, error);
            }
        }
        sys::napi_close_handle_scope(env, scope);
    }
}

unsafe fn hook_of(handle: uv::Handle) -> *mut Hook {
    // SAFETY: every handle of ours carries the hook as its data.
    unsafe {
        match Uv::get() {
            Some(uv) => (uv.get_data)(handle).cast(),
            None => std::ptr::null_mut(),
        }
    }
}

unsafe extern "C" fn on_prepare(handle: uv::Handle) {
    // SAFETY: libuv calls this on the loop's thread while the hook lives; no reference outlives a call of `run`.
    unsafe {
        let hook = hook_of(handle);
        (*hook).set_idling(false);
        let mut rounds = 0;
        let begun = Instant::now();
        loop {
            if (*hook).rung() {
                if rounds == ROUNDS || begun.elapsed() > TURN {
                    (*hook).set_idling(true);
                    return;
                }
                run(hook);
                rounds += 1;
                continue;
            }
            if (*hook).worker && (*hook).alone() {
                let (arena, slot, seen) = ((*hook).arena, (*hook).slot, (*hook).seen);
                if arena.sleep(slot, seen, WORKER_SLICE) {
                    rounds = 0;
                    continue;
                }
            }
            if (*hook).pipe.begin_poll((*hook).seen) {
                return;
            }
        }
    }
}

unsafe extern "C" fn on_check(handle: uv::Handle) {
    // SAFETY: as on_prepare.
    unsafe { (*hook_of(handle)).pipe.awake() }
}

unsafe extern "C" fn on_poll(handle: uv::Handle, _status: i32, _events: i32) {
    // SAFETY: as on_prepare.
    unsafe {
        let hook = hook_of(handle);
        (*hook).pipe.end_poll();
        if (*hook).rung() {
            run(hook);
        }
    }
}

/// The thread's environment ends.
unsafe extern "C" fn on_end(_: *mut c_void) {
    let hook = HOOK.replace(std::ptr::null_mut());
    if hook.is_null() {
        return;
    }
    // SAFETY: the hook was made by `on_bell` of this thread, which is the only one to use it; libuv closes the handles
    // in the turn of the loop that Node makes after the cleanup hooks, and `closed` frees them. The hook itself goes
    // now: closing handles get no callbacks.
    unsafe {
        let hook = Box::from_raw(hook);
        for handle in [hook.poll, hook.prepare, hook.check, hook.idle] {
            (hook.uv.close)(handle, Some(uv::closed));
        }
    }
}

/// `callback` runs on this thread's event loop after its bell was rung. At most one a thread; a later one replaces it.
#[napi(catch_unwind)]
pub fn on_bell(env: Env, callback: Function<(), ()>) -> Result<()> {
    let e = env.raw();
    let mut reference = std::ptr::null_mut();
    // SAFETY: a live environment and a function of it.
    let status = unsafe { sys::napi_create_reference(e, callback.raw(), 1, &mut reference) };
    check(status, "create_reference")?;
    let existing = HOOK.get();
    if !existing.is_null() {
        // SAFETY: this thread's hook; see on_end.
        unsafe {
            sys::napi_delete_reference(e, (*existing).callback);
            (*existing).callback = reference;
        }
        return Ok(());
    }
    let uv = Uv::get().ok_or_else(|| {
        coded("ERR_NOT_SUPPORTED", "this runtime does not export libuv: its event loop can't be woken from another process yet")
    })?;
    let (arena, slot) = with(|arena, m| Ok((arena, m.slot)))?;
    let pipe = arena.bell_pipe(slot).map_err(shm_error)?;
    let (mut receiver_object, mut name, mut receiver, mut context, mut uv_loop) = (
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
    );
    // SAFETY: a live environment; out-parameters are local.
    unsafe {
        check(
            sys::napi_create_object(e, &mut receiver_object),
            "create_object",
        )?;
        check(
            sys::napi_create_reference(e, receiver_object, 1, &mut receiver),
            "create_reference",
        )?;
        check(
            sys::napi_create_string_utf8(e, c"multiproc.bell".as_ptr(), 14, &mut name),
            "create_string",
        )?;
        check(
            sys::napi_async_init(e, receiver_object, name, &mut context),
            "async_init",
        )?;
        check(
            sys::napi_get_uv_event_loop(e, &mut uv_loop),
            "get_uv_event_loop",
        )?;
    }
    let uv_loop: uv::Loop = uv_loop.cast();
    let hook = Box::new(Hook {
        uv,
        arena,
        slot,
        seen: arena.bell_seen(slot).wrapping_sub(1),
        env: e,
        callback: reference,
        receiver,
        context,
        uv_loop,
        poll: uv.allocate(uv::POLL),
        prepare: uv.allocate(uv::PREPARE),
        check: uv.allocate(uv::CHECK),
        idle: uv.allocate(uv::IDLE),
        idling: false,
        worker: false,
        pipe,
    });
    let fd = hook.pipe.fd();
    let hook = Box::into_raw(hook);
    // SAFETY: the handles are zeroed memory of libuv's sizes, used on the loop's thread; they and the hook live until on_end.
    unsafe {
        if (uv.poll_init)(uv_loop, (*hook).poll, fd) != 0 {
            return Err(coded("ERR_SYSTEM", "uv_poll_init refused the bell's pipe"));
        }
        (uv.prepare_init)(uv_loop, (*hook).prepare);
        (uv.check_init)(uv_loop, (*hook).check);
        (uv.idle_init)(uv_loop, (*hook).idle);
        for handle in [(*hook).poll, (*hook).prepare, (*hook).check, (*hook).idle] {
            (uv.set_data)(handle, hook.cast());
            (uv.unref)(handle);
        }
        (uv.poll_start)((*hook).poll, uv::READABLE, on_poll);
        (uv.prepare_start)((*hook).prepare, on_prepare);
        (uv.check_start)((*hook).check, on_check);
    }
    HOOK.set(hook);
    // SAFETY: a live environment; on_end takes no data.
    let status = unsafe { sys::napi_add_env_cleanup_hook(e, Some(on_end), std::ptr::null_mut()) };
    check(status, "add_env_cleanup_hook")
}

fn check(status: sys::napi_status, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(napi_error(status, what))
    }
}

/// Whether the bell keeps this thread's event loop alive.
#[napi(catch_unwind)]
pub fn bell_ref(on: bool) {
    let hook = HOOK.get();
    if hook.is_null() {
        return;
    }
    // SAFETY: this thread's hook and a live handle of its loop.
    unsafe {
        if on {
            ((*hook).uv.r#ref)((*hook).poll);
        } else {
            ((*hook).uv.unref)((*hook).poll);
        }
    }
}

/// Whether this thread sleeps as a pool worker does: see the head of this file.
#[napi(catch_unwind)]
pub fn worker_sleep(on: bool) {
    let hook = HOOK.get();
    if !hook.is_null() {
        // SAFETY: this thread's hook.
        unsafe { (*hook).worker = on }
    }
}
