//! Typed arrays as the memory that they show.

use multiproc_kernel::{ElementKind, Span};
use napi::bindgen_prelude::Unknown;
use napi::{sys, Env, Error, JsValue, Result};
use napi_derive::napi;

/// The numbers by which JavaScript names array kinds: those of napi.
pub fn kind(number: i32) -> Result<ElementKind> {
    Ok(match number {
        0 => ElementKind::Int8,
        1 => ElementKind::Uint8,
        2 => ElementKind::Uint8Clamped,
        3 => ElementKind::Int16,
        4 => ElementKind::Uint16,
        5 => ElementKind::Int32,
        6 => ElementKind::Uint32,
        7 => ElementKind::Float32,
        8 => ElementKind::Float64,
        _ => return Err(Error::from_reason(format!("{number} is no kind of array"))),
    })
}

/// Where a typed array's numbers are now.
pub fn span(env: &Env, value: &Unknown) -> Result<Span> {
    let (mut number, mut length, mut offset) = (-1, 0, 0);
    let (mut data, mut buffer) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: a live environment on its own thread, and places for each answer.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env.raw(),
            value.raw(),
            &mut number,
            &mut length,
            &mut data,
            &mut buffer,
            &mut offset,
        )
    };
    if status != sys::Status::napi_ok {
        return Err(Error::from_reason("not a typed array"));
    }
    Ok(Span {
        address: data.cast(),
        length,
        kind: kind(number)?,
    })
}

pub fn spans(env: &Env, values: &[Unknown]) -> Result<Vec<Span>> {
    values.iter().map(|value| span(env, value)).collect()
}

/// Whether two arrays share memory; `same`: other than by beginning at one place with elements of one size.
#[napi]
pub fn overlap(env: &Env, a: Unknown, b: Unknown, same: bool) -> Result<bool> {
    let (a, b) = (span(env, &a)?, span(env, &b)?);
    let bytes = |span: &Span| span.length * span.kind.size();
    let (from_a, from_b) = (a.address as usize, b.address as usize);
    if same && from_a == from_b && a.kind.size() == b.kind.size() {
        return Ok(false);
    }
    Ok(from_a < from_b + bytes(&b) && from_b < from_a + bytes(&a))
}
