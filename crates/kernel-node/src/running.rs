//! Runs: on the calling thread, or on others with a Promise.

use crate::arrays::spans;
use crate::compile::CompiledKernel;
use crate::slices::run_elsewhere;
use multiproc_kernel::{spawn, Deadline, Job, Kernel, Plain, Stop, Stopped};
use napi::bindgen_prelude::{Object, Unknown};
use napi::{sys, Env, Error, Result};
use napi_derive::napi;
use std::cell::RefCell;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What a run works on.
#[napi(object, object_to_js = false)]
pub struct JobObject<'a> {
    pub inputs: Vec<Unknown<'a>>,
    /// One for a map, none for a reduction.
    pub outputs: Vec<Unknown<'a>>,
    pub arrays: Vec<Unknown<'a>>,
    pub numbers: Vec<f64>,
    /// Elements.
    pub length: f64,
    pub threads: u32,
    /// Milliseconds; negative: none.
    pub timeout: f64,
    /// Of a reduction.
    pub initial: f64,
}

/// Ends a run from JavaScript.
#[napi]
pub struct StopHandle {
    stop: Stop,
}

#[napi]
impl StopHandle {
    #[napi(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { stop: Stop::new() }
    }

    #[napi]
    pub fn stop(&self) {
        self.stop.stop();
    }
}

/// What computes: a compiled kernel, or a reduction that is known without one.
enum Work {
    Kernel(Arc<Kernel>),
    Plain(Plain),
}

impl Work {
    /// The result of a reduction; of a map nothing.
    ///
    /// # Safety
    /// The job's arrays stay where they are until this returns.
    unsafe fn run(&self, job: &Job, initial: f64) -> std::result::Result<f64, Stopped> {
        // SAFETY: by the contract of this function.
        unsafe {
            match self {
                Self::Plain(plain) => plain.reduce(job, initial),
                Self::Kernel(kernel) if job.output.is_some() => kernel.map(job).map(|()| 0.0),
                Self::Kernel(kernel) => kernel.reduce(job, initial),
            }
        }
    }
}

fn work(kernel: Option<&CompiledKernel>, plain: &str) -> Result<Work> {
    if let Some(kernel) = kernel {
        return kernel.get().map(Work::Kernel);
    }
    Ok(Work::Plain(match plain {
        "sum" => Plain::Sum,
        "min" => Plain::Min,
        "max" => Plain::Max,
        _ => return Err(Error::from_reason("neither a kernel nor a known reduction")),
    }))
}

fn job(env: &Env, object: &JobObject, work: &Work, stop: Stop) -> Result<Job> {
    let job = Job {
        inputs: spans(env, &object.inputs)?,
        output: spans(env, &object.outputs)?.pop(),
        arrays: spans(env, &object.arrays)?,
        numbers: object.numbers.clone(),
        length: object.length as usize,
        threads: (object.threads as usize).max(1),
        stop,
    };
    let fits = match work {
        Work::Kernel(kernel) => {
            kernel.fits(&job) && (job.output.is_some() || job.inputs.len() == 1)
        }
        Work::Plain(_) => job.inputs.len() == 1 && job.inputs[0].length >= job.length,
    };
    if fits {
        Ok(job)
    } else {
        Err(Error::from_reason(
            "these arrays are not what the kernel was compiled for",
        ))
    }
}

fn deadline(milliseconds: f64, stop: &Stop) -> Option<Deadline> {
    let after = Duration::try_from_secs_f64(milliseconds / 1000.0).ok()?;
    Some(Deadline::new(after, stop.clone()))
}

/// Runs while JavaScript waits. The result of a reduction (0 of a map); null where the time passed.
/// `elsewhere`: this thread may be ended while it waits.
#[napi(catch_unwind)]
pub fn run_sync(
    env: &Env,
    kernel: Option<&CompiledKernel>,
    plain: String,
    object: JobObject,
    elsewhere: bool,
) -> Result<Option<f64>> {
    let work = work(kernel, &plain)?;
    let stop = Stop::new();
    let job = job(env, &object, &work, stop.clone())?;
    let _deadline = deadline(object.timeout, &stop);
    let initial = object.initial;
    // SAFETY: only this thread's JavaScript, which waits, could move or free the arrays.
    let run = || unsafe { work.run(&job, initial) };
    let done = if elsewhere {
        run_elsewhere(env, &stop, run)
    } else {
        None
    };
    match done {
        Some(result) => Ok(result.ok()),
        None if elsewhere => Err(Error::from_reason("the system has no thread to run it on")),
        None => Ok(run().ok()),
    }
}

/// A run that is under way, as its environment's end needs to know it.
struct Active {
    stop: Stop,
    ended: Arc<(Mutex<bool>, Condvar)>,
}

thread_local! {
    /// Runs of this thread's environment; `None` until the first one.
    static ACTIVE: RefCell<Option<Vec<Active>>> = const { RefCell::new(None) };
}

/// The environment ends, and with it its arrays: stops every run, and waits for it.
unsafe extern "C" fn on_end(_: *mut std::ffi::c_void) {
    let all = ACTIVE
        .with(|active| active.borrow_mut().take())
        .unwrap_or_default();
    all.iter().for_each(|run| run.stop.stop());
    for run in &all {
        let (ended, changed) = &*run.ended;
        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            ended = changed.wait(ended).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn register(env: &Env, run: Active) -> Result<()> {
    ACTIVE.with(|active| {
        let mut active = active.borrow_mut();
        if active.is_none() {
            // SAFETY: a live environment on its own thread; the hook needs no data.
            let status = unsafe {
                sys::napi_add_env_cleanup_hook(env.raw(), Some(on_end), std::ptr::null_mut())
            };
            if status != sys::Status::napi_ok {
                return Err(Error::from_reason("add_env_cleanup_hook failed"));
            }
        }
        let list = active.get_or_insert_with(Vec::new);
        list.retain(|run| !*run.ended.0.lock().unwrap_or_else(PoisonError::into_inner));
        list.push(run);
        Ok(())
    })
}

/// Says that a run has ended, however it did.
struct Ending(Arc<(Mutex<bool>, Condvar)>);

impl Drop for Ending {
    fn drop(&mut self) {
        *self.0 .0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0 .1.notify_all();
    }
}

/// Runs on other threads. A Promise of the result as of `runSync`. The caller keeps the arrays, and sees to it that nothing
/// detaches or shrinks them, until it settles.
#[napi(catch_unwind)]
pub fn run_async<'env>(
    env: &'env Env,
    kernel: Option<&CompiledKernel>,
    plain: String,
    object: JobObject,
    handle: &StopHandle,
) -> Result<Object<'env>> {
    let work = work(kernel, &plain)?;
    let stop = handle.stop.clone();
    let job = job(env, &object, &work, stop.clone())?;
    let deadline = deadline(object.timeout, &stop);
    let initial = object.initial;
    let (deferred, promise) = env.create_deferred::<Option<f64>, _>()?;
    let ended = Arc::new((Mutex::new(false), Condvar::new()));
    let ending = Ending(ended.clone());
    register(env, Active { stop, ended })?;
    let started = spawn(Box::new(move || {
        // SAFETY: the caller keeps the arrays until the Promise settles; an environment that ends waits for `ending`.
        let result = unsafe { work.run(&job, initial) };
        drop(deadline);
        drop(work);
        drop(ending);
        deferred.resolve(move |_| Ok(result.ok()));
    }));
    if started {
        Ok(promise)
    } else {
        Err(Error::from_reason("the system has no thread to run it on"))
    }
}
