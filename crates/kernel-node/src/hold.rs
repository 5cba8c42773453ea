//! Keeps an ArrayBuffer's memory where it is while another thread uses it, also when the buffer is detached meanwhile.

use napi::bindgen_prelude::{Object, Unknown};
use napi::{Env, JsValue, Result};
use napi_derive::napi;

/// Another ArrayBuffer over the memory of `buffer`; undefined where that can't be had.
#[napi]
pub fn hold<'env>(env: &'env Env, buffer: Unknown) -> Result<Option<Object<'env>>> {
    // SAFETY: the environment of this call, and a value of it.
    let second = unsafe { multiproc_backing::second(env.raw(), buffer.raw()) };
    Ok(second.map(|raw| Object::from_raw(env.raw(), raw)))
}
