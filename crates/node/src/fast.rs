//! The calls that are made for every item, every task and every wait, as bare napi functions: the wrappers of napi-rs cost 150 to
//! 200 ns a call, which is more than what these do. src/native/fast.ts has their types.
//!
//! Arguments are what this package passes, and still nothing of them is trusted: what is no number is NaN, and so no id;
//! what is no typed array is refused.

use std::ffi::CString;
use std::panic::{catch_unwind, AssertUnwindSafe};

use multiproc_shm::{Id, Queue, QueueError, Taken};
use napi::bindgen_prelude::{FromNapiValue, Object};
use napi::{sys, Env};
use napi_derive::napi;

use crate::error::{coded, napi_error, shm_error, Result};
use crate::member::{id, limit, with, Body};
use crate::{barrier, condition, event, mutex, semaphore, slices, tree};

// What the calls return instead of a length; src/native/fast.ts has the same numbers.
const DONE: f64 = 0.0;
const WAIT: f64 = -1.0;
const CLOSED: f64 = -2.0;
/// An item was taken that has more to it: queueTaken() tells.
const MORE: f64 = -3.0;
/// Beside a length: the blocks that the item names, times this. Their ids are in the buffer, as doubles, from the first
/// multiple of 8 behind the item on. Above every length of an item in the buffer.
const NAMED: usize = 1 << 17;
/// As a timeout: don't wait, but arm this thread's bell.
const ARM: f64 = -2.0;
/// In place of a queue that can't be.
const NO_ROOM: &str = "the buffer is too small";

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// The functions by name.
#[napi(catch_unwind, ts_return_type = "object")]
pub fn fast_calls(env: Env) -> Result<Object<'static>> {
    let calls: [(&std::ffi::CStr, Callback); 13] = [
        (c"queuePush", queue_push),
        (c"queuePop", queue_pop),
        (c"ring", ring),
        (c"release", release),
        (c"mutexLock", mutex_lock),
        (c"mutexRelease", mutex_release),
        (c"semaphoreAcquire", semaphore_acquire),
        (c"semaphorePassOn", semaphore_pass_on),
        (c"eventSet", event_set),
        (c"eventWait", event_wait),
        (c"conditionNotify", condition_notify),
        (c"conditionWait", condition_wait),
        (c"barrierPass", barrier_pass),
    ];
    let mut object = std::ptr::null_mut();
    // SAFETY: a live environment; names end with NUL; the functions take no data.
    unsafe {
        check(
            sys::napi_create_object(env.raw(), &mut object),
            "create_object",
        )?;
        for (name, callback) in calls {
            let mut function = std::ptr::null_mut();
            let length = name.count_bytes() as isize;
            let status = sys::napi_create_function(
                env.raw(),
                name.as_ptr(),
                length,
                Some(callback),
                std::ptr::null_mut(),
                &mut function,
            );
            check(status, "create_function")?;
            let status = sys::napi_set_named_property(env.raw(), object, name.as_ptr(), function);
            check(status, "set_named_property")?;
        }
        Object::from_napi_value(env.raw(), object).map_err(|error| coded("ERR_NAPI", error))
    }
}

fn check(status: sys::napi_status, what: &str) -> Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(napi_error(status, what))
    }
}

/// Runs a call on its arguments. Its result is a number; an error is thrown, a panic too.
fn call<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    f: impl FnOnce([sys::napi_value; N]) -> Result<f64>,
) -> sys::napi_value {
    let mut args = [std::ptr::null_mut(); N];
    let mut count = N;
    let mut result = std::ptr::null_mut();
    // SAFETY: a live environment and the info of this call; `args` has room for `count`, missing ones become undefined.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &mut count,
            args.as_mut_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    let done = catch_unwind(AssertUnwindSafe(|| f(args)))
        .unwrap_or_else(|_| Err(coded("ERR_PANIC", "the native core panicked: a defect")));
    match done {
        // SAFETY: a live environment.
        Ok(number) => unsafe {
            if number as i32 as f64 == number {
                sys::napi_create_int32(env, number as i32, &mut result);
            } else {
                sys::napi_create_double(env, number, &mut result);
            }
        },
        Err(error) => {
            let text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
            let (code, message) = (text(error.status.as_ref()), text(&error.reason));
            // SAFETY: a live environment and strings that end with NUL.
            unsafe { sys::napi_throw_error(env, code.as_ptr(), message.as_ptr()) };
        }
    }
    result
}

fn number(env: sys::napi_env, value: sys::napi_value) -> f64 {
    let mut number = f64::NAN;
    // SAFETY: a value of this call.
    unsafe { sys::napi_get_value_double(env, value, &mut number) };
    number
}

/// Functions of numbers alone: their arguments, and where each is.
macro_rules! of_numbers {
    ($($name:ident, $count:literal: $function:path;)*) => {$(
        unsafe extern "C" fn $name(
            env: sys::napi_env,
            info: sys::napi_callback_info,
        ) -> sys::napi_value {
            call::<$count>(env, info, |args| {
                $function(&Env::from_raw(env), args.map(|arg| number(env, arg)))
            })
        }
    )*};
}
of_numbers! {
    mutex_lock, 2: mutex::lock;
    mutex_release, 1: mutex::release;
    semaphore_acquire, 2: semaphore::acquire;
    semaphore_pass_on, 2: semaphore::pass_on;
    event_set, 1: event::set;
    event_wait, 3: event::wait;
    condition_notify, 2: condition::notify;
    condition_wait, 3: condition::wait;
    barrier_pass, 2: barrier::pass;
}

/// The memory of a typed array of bytes: JavaScript's, which this thread alone uses until the call returns.
fn memory(env: sys::napi_env, value: sys::napi_value) -> Result<(*mut u8, usize)> {
    let (mut kind, mut length, mut data) = (0, 0, std::ptr::null_mut());
    // SAFETY: a value of this call; out-parameters are local, the others may be null.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &mut kind,
            &mut length,
            &mut data,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    check(status, "get_typedarray_info")?;
    if kind != sys::TypedarrayType::uint8_array {
        return Err(coded("ERR_INVALID_ARG_TYPE", "not a Uint8Array"));
    }
    Ok((data.cast(), length))
}

/// The block ids in an array of numbers; none where it is null.
fn refs(env: sys::napi_env, value: sys::napi_value) -> Result<Vec<Id>> {
    let mut kind = 0;
    // SAFETY: a value of this call, as in what follows.
    unsafe { sys::napi_typeof(env, value, &mut kind) };
    if kind != sys::ValueType::napi_object {
        return Ok(Vec::new());
    }
    let mut length = 0;
    // SAFETY: as above.
    let status = unsafe { sys::napi_get_array_length(env, value, &mut length) };
    check(status, "get_array_length")?;
    (0..length)
        .map(|i| {
            let mut item = std::ptr::null_mut();
            // SAFETY: as above.
            let status = unsafe { sys::napi_get_element(env, value, i, &mut item) };
            check(status, "get_element")?;
            Ok(id(number(env, item)))
        })
        .collect()
}

/// (queue, bytes: Uint8Array, length, refs: number[] | null, timeout): puts the first `length` of `bytes`; waits so many
/// milliseconds (-1: no limit; ARM: arms this thread's bell instead) while there is no room. DONE, WAIT, CLOSED.
unsafe extern "C" fn queue_push(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call::<5>(env, info, |[queue, bytes, length, named, timeout]| {
        let (data, most) = memory(env, bytes)?;
        let length = number(env, length) as usize;
        if length > most {
            return Err(coded("ERR_OUT_OF_RANGE", NO_ROOM));
        }
        // SAFETY: `length` bytes of a typed array, which nobody changes before this call returns.
        let bytes = unsafe { slice(data, length) };
        let refs = refs(env, named)?;
        push(
            &Env::from_raw(env),
            number(env, queue),
            &[bytes],
            &refs,
            number(env, timeout),
        )
    })
}

/// # Safety
/// `length` bytes at `data` are valid for reads; `data` may be null where there are none.
unsafe fn slice<'a>(data: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: by contract.
    unsafe { std::slice::from_raw_parts(data, length) }
}

/// Puts an item of several parts: see queuePush.
pub fn push(env: &Env, queue: f64, parts: &[&[u8]], refs: &[Id], timeout: f64) -> Result<f64> {
    if timeout == ARM {
        return with(|arena, m| {
            let queue = Queue::open(arena, id(queue)).map_err(shm_error)?;
            let bytes = parts.iter().map(|part| part.len() as u64).sum();
            let need = queue.need(arena, refs.len(), bytes);
            loop {
                match queue.push(&mut m.heap, parts, refs) {
                    Ok(()) => return Ok(DONE),
                    Err(QueueError::Full) if queue.arm_push(arena, m.slot, need) => continue,
                    Err(error) => return status(error),
                }
            }
        });
    }
    let done = slices::wait(env, limit(timeout), |slice| {
        with(|arena, m| {
            let queue = Queue::open(arena, id(queue)).map_err(shm_error)?;
            match queue.push_wait(&mut m.heap, parts, refs, Some(slice)) {
                Ok(()) => Ok(Some(DONE)),
                Err(QueueError::TimedOut) => Ok(None),
                Err(error) => status(error).map(Some),
            }
        })
    })?;
    Ok(done.unwrap_or(WAIT))
}

fn status(error: QueueError) -> Result<f64> {
    match error {
        QueueError::Full | QueueError::Empty | QueueError::TimedOut => Ok(WAIT),
        QueueError::Closed => Ok(CLOSED),
        QueueError::TooSmall { .. } => Err(coded("ERR_OUT_OF_RANGE", NO_ROOM)),
        QueueError::Failed(error) => Err(shm_error(error)),
    }
}

/// (queue, buffer: Uint8Array, timeout): takes an item into `buffer`, which has room for every item that has no block of its
/// own. Its length, and where it names blocks NAMED times their number; MORE; WAIT: nothing came; CLOSED: and drained.
/// Timeout as of queuePush.
unsafe extern "C" fn queue_pop(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    call::<3>(env, info, |[queue, buffer, timeout]| {
        let (data, length) = memory(env, buffer)?;
        if length == 0 {
            return Err(coded("ERR_OUT_OF_RANGE", NO_ROOM));
        }
        // SAFETY: a typed array that this thread alone uses, and not before this call returns.
        let buffer = unsafe { std::slice::from_raw_parts_mut(data, length) };
        pop(env, number(env, queue), buffer, number(env, timeout))
    })
}

fn pop(env: sys::napi_env, queue: f64, buffer: &mut [u8], timeout: f64) -> Result<f64> {
    if timeout == ARM {
        return with(|arena, m| {
            let queue = Queue::open(arena, id(queue)).map_err(shm_error)?;
            loop {
                match queue.take(&mut m.heap, buffer, usize::MAX, &mut m.taken) {
                    Ok(taken) => return Ok(m.took(taken, buffer)),
                    Err(QueueError::Empty) if queue.arm_pop(arena, m.slot) => continue,
                    Err(error) => return status(error),
                }
            }
        });
    }
    let done = slices::wait(&Env::from_raw(env), limit(timeout), |slice| {
        with(|arena, m| {
            let queue = Queue::open(arena, id(queue)).map_err(shm_error)?;
            match queue.take_wait(&mut m.heap, buffer, usize::MAX, &mut m.taken, Some(slice)) {
                Ok(taken) => Ok(Some(m.took(taken, buffer))),
                Err(QueueError::TimedOut) => Ok(None),
                Err(error) => status(error).map(Some),
            }
        })
    })?;
    Ok(done.unwrap_or(WAIT))
}

impl crate::member::Member {
    /// What queuePop returns for what was taken. A block of which the buffer has room for the bytes is copied and let go.
    fn took(&mut self, taken: Taken, buffer: &mut [u8]) -> f64 {
        let (block, at, bytes) = match taken {
            Taken::Bytes(bytes) if self.taken.is_empty() => return bytes as f64,
            Taken::Bytes(bytes) => (None, 0, bytes),
            Taken::Block { id, at, bytes } => match buffer.get_mut(..bytes) {
                Some(room) => {
                    self.heap.read(id, at, room);
                    let _ = self.heap.release(id);
                    if self.taken.is_empty() {
                        return bytes as f64;
                    }
                    (None, 0, bytes)
                }
                None => (Some(id), at, bytes),
            },
        };
        if block.is_none() && self.name(&mut buffer[bytes..], bytes) {
            return (bytes + NAMED * std::mem::take(&mut self.taken).len()) as f64;
        }
        self.body = Body { block, at, bytes };
        MORE
    }

    /// Writes the ids of the blocks that the item names into the room behind it, which begins at `at`; false: there is too little.
    fn name(&self, room: &mut [u8], at: usize) -> bool {
        let Some(room) = room.get_mut(at.next_multiple_of(8) - at..) else {
            return false;
        };
        if room.len() < 8 * self.taken.len() || at >= NAMED {
            return false;
        }
        for (room, id) in room.chunks_exact_mut(8).zip(&self.taken) {
            room.copy_from_slice(&(id.as_u64() as f64).to_ne_bytes());
        }
        true
    }
}

/// (slot): rings any thread's bell.
unsafe extern "C" fn ring(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call::<1>(env, info, |[slot]| {
        tree::ring(number(env, slot) as u32);
        Ok(DONE)
    })
}

/// (block): gives one count back; the last one frees the block if nobody else holds it.
unsafe extern "C" fn release(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    call::<1>(env, info, |[block]| {
        with(|_, m| m.heap.release(id(number(env, block))).map_err(shm_error))?;
        Ok(DONE)
    })
}
