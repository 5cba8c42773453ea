//! Waiting for a run on a thread that can be ended meanwhile.
//!
//! Whoever ends a worker_thread joins it, and V8 can only stop it in JavaScript. So a worker thread does not run what may
//! never end itself: it waits for another thread, in slices, and between two of them asks whether it may still run.

use multiproc_kernel::{spawn, Stop};
use napi::{sys, Env};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::Duration;

const SLICE: Duration = Duration::from_millis(50);

/// `work` on another thread; stopped where this one is being ended. On this thread where there is no other.
pub fn run_elsewhere<T: Send>(
    env: &Env,
    stop: &Stop,
    work: impl FnOnce() -> T + Send,
) -> Option<T> {
    let (sender, receiver) = channel();
    let task: Box<dyn FnOnce() + Send + '_> = Box::new(move || {
        // Nobody receives where the wait was given up: it never is, see below.
        let _ = sender.send(work());
    });
    // SAFETY: the task ends, or is dropped, before this function returns: the channel is waited on until it has sent or
    // is closed, whatever happens.
    let task = unsafe {
        std::mem::transmute::<Box<dyn FnOnce() + Send + '_>, Box<dyn FnOnce() + Send>>(task)
    };
    if !spawn(task) {
        return None;
    }
    loop {
        match receiver.recv_timeout(SLICE) {
            Ok(result) => return Some(result),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {
                if !may_run(env) {
                    stop.stop();
                }
            }
        }
    }
}

/// Whether this thread's JavaScript may run: not once it is being ended.
fn may_run(env: &Env) -> bool {
    let (mut global, mut found) = (std::ptr::null_mut(), false);
    // SAFETY: a live environment on its own thread. Of the calls that are refused once JavaScript may not run, this one
    // does the least.
    unsafe {
        sys::napi_get_global(env.raw(), &mut global) == sys::Status::napi_ok
            && sys::napi_has_named_property(env.raw(), global, c"Object".as_ptr(), &mut found)
                == sys::Status::napi_ok
    }
}
