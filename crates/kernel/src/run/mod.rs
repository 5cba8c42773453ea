//! Runs kernels over arrays, on as many threads as are asked for.

mod deadline;
mod driver;
mod map;
mod plain;
mod reduce;
mod threads;

pub use deadline::Deadline;
pub use driver::spawn;
pub use plain::Plain;

use crate::codegen::{Entry, FIXED_WORDS};
use crate::ir::ElementKind;
use crate::kernel::Kernel;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

/// Numbers in memory that someone else keeps alive.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub address: *mut u8,
    /// In elements.
    pub length: usize,
    pub kind: ElementKind,
}

/// Ends a run from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU32>);

impl Stop {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn stop(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    fn address(&self) -> u64 {
        self.0.as_ptr() as u64
    }
}

/// The run was stopped: what was computed is incomplete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped;

/// What a kernel runs over.
#[derive(Clone, Debug)]
pub struct Job {
    pub inputs: Vec<Span>,
    /// Of a map.
    pub output: Option<Span>,
    pub arrays: Vec<Span>,
    pub numbers: Vec<f64>,
    /// Elements to compute.
    pub length: usize,
    /// At most so many threads, the calling one among them.
    pub threads: usize,
    pub stop: Stop,
}

// SAFETY: whoever makes a job vouches for its spans, from any thread, until the run has ended.
unsafe impl Send for Job {}
// SAFETY: as above.
unsafe impl Sync for Job {}

impl Kernel {
    /// Whether the job's arrays are what the kernel was compiled for.
    pub fn fits(&self, job: &Job) -> bool {
        let kinds = |spans: &[Span], kinds: &[ElementKind]| {
            spans.len() == kinds.len()
                && spans
                    .iter()
                    .zip(kinds)
                    .all(|(span, kind)| span.kind == *kind)
        };
        let long_enough = |span: &Span| span.length >= job.length;
        kinds(&job.inputs, &self.inputs)
            && kinds(&job.arrays, &self.arrays)
            && job.output.map(|span| span.kind) == self.output
            && job.numbers.len() == self.numbers
            && job.inputs.iter().chain(&job.output).all(long_enough)
            && job.threads > 0
    }

    /// Fills the output.
    ///
    /// # Safety
    /// Every span of the job is readable, the output writable too, until this returns.
    ///
    /// # Panics
    /// Where the job's arrays are not those that the kernel was compiled for.
    pub unsafe fn map(&self, job: &Job) -> Result<(), Stopped> {
        assert!(
            self.fits(job) && self.output.is_some(),
            "another kernel's job"
        );
        map::run(self, job)
    }

    /// Joins the elements of the one input, beginning from `initial`.
    ///
    /// The input is cut into runs of [`reduce::RUN`] elements. Each is folded from the left, from `initial`; then the
    /// results of the runs are, from the first one on. So the result depends on the length alone.
    ///
    /// # Safety
    /// Every span of the job is readable until this returns.
    ///
    /// # Panics
    /// Where the job's arrays are not those that the kernel was compiled for.
    pub unsafe fn reduce(&self, job: &Job, initial: f64) -> Result<f64, Stopped> {
        assert!(
            self.fits(job) && self.output.is_none() && job.inputs.len() == 1,
            "another kernel's job"
        );
        reduce::run(self, job, initial)
    }

    /// The words that compiled functions read.
    fn context(&self, job: &Job) -> Vec<u64> {
        let mut words = Vec::with_capacity(
            FIXED_WORDS + job.inputs.len() + 2 * job.arrays.len() + job.numbers.len(),
        );
        words.push(job.stop.address());
        words.push(job.output.map_or(0, |span| span.address as u64));
        words.extend(job.inputs.iter().map(|span| span.address as u64));
        for span in &job.arrays {
            words.extend([span.address as u64, span.length as u64]);
        }
        words.extend(job.numbers.iter().map(|number| number.to_bits()));
        words
    }

    /// Elements `start..end`, by the fastest function that can do each.
    ///
    /// # Safety
    /// `context` is that of a job which fits, and `start..end` lies in its arrays.
    unsafe fn elements(
        &self,
        context: &[u64],
        start: usize,
        end: usize,
        accumulator: &mut f64,
        stop: &Stop,
    ) -> Result<(), Stopped> {
        let call = |entry: Entry, from: usize, to: usize, accumulator: &mut f64| {
            // SAFETY: by the contract of this function; the code lives as long as `self`.
            unsafe { entry(context.as_ptr(), from as i64, to as i64, accumulator) as usize }
        };
        let mut at = start;
        if let Some(vector) = self.entries.vector {
            at = call(vector, at, end, accumulator);
        }
        let mut missed = 0;
        while let (Some(speculative), true) = (self.entries.speculative, at < end) {
            at = call(speculative, at, end, accumulator);
            if at >= end {
                break;
            }
            if stop.is_stopped() {
                return Err(Stopped);
            }
            missed += 1;
            if missed > MOST_MISSES {
                break;
            }
            let next = call(self.entries.exact, at, at + 1, accumulator);
            if next == at {
                return Err(Stopped);
            }
            at = next;
        }
        if at < end && call(self.entries.exact, at, end, accumulator) < end {
            return Err(Stopped);
        }
        Ok(())
    }
}

/// After so many elements of a chunk for which the speculation did not hold, the rest of it is done without.
const MOST_MISSES: u32 = 8;
