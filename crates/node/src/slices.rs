//! Blocking waits that a thread can be ended in.
//!
//! Whoever ends a worker_thread (`terminate()`, or `process.exit()` of the main thread) joins it, and V8 can only stop it
//! in JavaScript. So a native wait without end would hang the one that ends it. Waits are therefore cut into slices,
//! and between two of them Node is asked whether this thread's JavaScript may still run.

use std::time::{Duration, Instant};

use napi::{sys, Env};

use crate::bell::SLICE;
use crate::error::Result;

/// Repeats `attempt`, each with at most a slice of `timeout`, until it gives something or the time has passed.
/// `None` then, and where the thread is being ended: its JavaScript does not see the result.
pub fn wait<R>(
    env: &Env,
    timeout: Option<Duration>,
    mut attempt: impl FnMut(Duration) -> Result<Option<R>>,
) -> Result<Option<R>> {
    let mut end = None;
    let mut left = timeout;
    loop {
        let slice = left.map_or(SLICE, |left| left.min(SLICE));
        if end.is_none() {
            end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        }
        if let Some(done) = attempt(slice)? {
            return Ok(Some(done));
        }
        if let Some(end) = end {
            let now = end.saturating_duration_since(Instant::now());
            if now.is_zero() {
                return Ok(None);
            }
            left = Some(now);
        }
        if !may_run(env) {
            return Ok(None);
        }
    }
}

/// Whether this thread's JavaScript may run: not once it is being ended.
pub fn may_run(env: &Env) -> bool {
    let (mut global, mut found) = (std::ptr::null_mut(), false);
    // SAFETY: a live environment on its own thread. Of the calls that are refused once JavaScript may not run, this one
    // does the least.
    unsafe {
        sys::napi_get_global(env.raw(), &mut global) == sys::Status::napi_ok
            && sys::napi_has_named_property(env.raw(), global, c"Object".as_ptr(), &mut found)
                == sys::Status::napi_ok
    }
}
