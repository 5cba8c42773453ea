//! A reduction, whose result depends on the length of the input alone.

use super::plain::Plain;
use super::{threads, Job, Span, Stopped};
use crate::ir::ElementKind;
use crate::kernel::Kernel;
use crate::run::map::Share;
use std::sync::atomic::{AtomicBool, Ordering};

/// Elements that are folded from the left, one after the other.
pub const RUN: usize = 1024;

/// Results of runs, each written by the one thread that took it.
struct Results(*mut f64);

// SAFETY: threads write to places of their own, as `Share` hands them out.
unsafe impl Sync for Results {}

impl Results {
    /// # Safety
    /// `at` is below the number of runs, and taken by this thread.
    unsafe fn put(&self, at: usize, value: f64) {
        // SAFETY: by the contract of this function.
        unsafe { self.0.add(at).write(value) };
    }
}

pub fn run(kernel: &Kernel, job: &Job, initial: f64) -> Result<f64, Stopped> {
    let context = kernel.context(job);
    let fold = |start: usize, end: usize| {
        let mut sum = initial;
        // SAFETY: the caller of `reduce` vouches for the job.
        unsafe { kernel.elements(&context, start, end, &mut sum, &job.stop) }.map(|()| sum)
    };
    let parts = runs(job, initial, &|first, last, put| {
        for at in first..last {
            put(at, fold(at * RUN, ((at + 1) * RUN).min(job.length))?);
        }
        Ok(())
    })?;
    let Some((first, rest)) = parts.split_first() else {
        return Ok(initial);
    };
    let mut sum = *first;
    let joiner = kernel.joiner.as_deref().unwrap_or(kernel);
    let span = Span {
        address: rest.as_ptr().cast_mut().cast(),
        length: rest.len(),
        kind: ElementKind::Float64,
    };
    let joining = Job {
        inputs: vec![span],
        length: rest.len(),
        ..job.clone()
    };
    let context = joiner.context(&joining);
    // SAFETY: the results of the runs, which stay where they are.
    unsafe { joiner.elements(&context, 0, rest.len(), &mut sum, &job.stop) }?;
    Ok(sum)
}

/// The same order for a function that is known without being compiled.
pub fn plain(plain: Plain, job: &Job, initial: f64) -> Result<f64, Stopped> {
    let parts = runs(job, initial, &|first, last, put| {
        plain.runs(job.inputs[0], job.length, first, last, initial, put);
        Ok(())
    })?;
    Ok(parts
        .into_iter()
        .reduce(|a, b| plain.join(a, b))
        .unwrap_or(initial))
}

type Put<'a> = &'a dyn Fn(usize, f64);
type Fold<'a> = &'a (dyn Fn(usize, usize, Put) -> Result<(), Stopped> + Sync);

/// The result of each run, by `fold(first, last, put)`, which puts those of the runs from `first` up to `last`.
fn runs(job: &Job, initial: f64, fold: Fold) -> Result<Vec<f64>, Stopped> {
    let count = job.length.div_ceil(RUN);
    let mut parts = vec![initial; count];
    let results = Results(parts.as_mut_ptr());
    let results = &results;
    // Eight runs are some microseconds of the cheapest work.
    let threads = job.threads.min(count.div_ceil(8)).max(1);
    let share = Share::new(count, threads, 8);
    let stopped = AtomicBool::new(false);
    threads::together(threads, || {
        while let Some((first, last)) = share.take() {
            // SAFETY: the share gave these runs to this thread alone.
            let put = |at: usize, value: f64| unsafe { results.put(at, value) };
            if fold(first, last, &put).is_err() || job.stop.is_stopped() {
                stopped.store(true, Ordering::Relaxed);
                return;
            }
        }
    });
    if stopped.into_inner() {
        Err(Stopped)
    } else {
        Ok(parts)
    }
}
