//! A map: threads take chunks of the index range until nothing is left.

use super::{threads, Job, Stopped};
use crate::kernel::Kernel;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// A chunk of a function without loops has no fewer elements: 64 B of bytes are the least that two threads can write
/// without disturbing each other.
const LEAST: usize = 64;
/// Between two looks at whether the run was stopped, for functions without loops.
const MOST: usize = 16384;
/// Work below this is not worth waking a thread for, in nanoseconds.
const WORTH_WAKING: u64 = 30_000;

/// The part of the index range that nobody has taken yet.
pub struct Share {
    next: AtomicUsize,
    end: usize,
    threads: usize,
    least: usize,
}

impl Share {
    pub fn new(end: usize, threads: usize, least: usize) -> Self {
        Self {
            next: AtomicUsize::new(0),
            end,
            threads,
            least,
        }
    }

    /// The next chunk: a part of what is left, so that the last ones are small.
    pub fn take(&self) -> Option<(usize, usize)> {
        let mut start = self.next.load(Ordering::Relaxed);
        loop {
            if start >= self.end {
                return None;
            }
            let left = self.end - start;
            let size = (left / (4 * self.threads))
                .clamp(self.least, MOST)
                .min(left);
            // Chunks begin at multiples of the least size, so that no two threads write to one line of the cache.
            let size = size.next_multiple_of(self.least).min(left);
            match self.next.compare_exchange_weak(
                start,
                start + size,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some((start, start + size)),
                Err(now) => start = now,
            }
        }
    }
}

pub fn run(kernel: &Kernel, job: &Job) -> Result<(), Stopped> {
    let context = kernel.context(job);
    let cost = kernel.cost.load(Ordering::Relaxed);
    let least = if kernel.has_loop { 1 } else { LEAST };
    let threads = threads_for(job, cost, least);
    let share = Share::new(job.length, threads, least);
    let stopped = AtomicBool::new(false);
    threads::together(threads, || {
        let begun = Instant::now();
        let mut done = 0;
        while let Some((start, end)) = share.take() {
            // SAFETY: the caller of `map` vouches for the job, and the share lies in it.
            let chunk = unsafe { kernel.elements(&context, start, end, &mut 0.0, &job.stop) };
            if chunk.is_err() || job.stop.is_stopped() {
                stopped.store(true, Ordering::Relaxed);
                return;
            }
            done += (end - start) as u64;
        }
        if let Some(measured) = (begun.elapsed().as_nanos() as u64).checked_div(done) {
            let known = kernel.cost.load(Ordering::Relaxed);
            let next = ((3 * known + measured) / 4).max(1);
            kernel.cost.store(next, Ordering::Relaxed);
        }
    });
    if stopped.into_inner() {
        Err(Stopped)
    } else {
        Ok(())
    }
}

/// How many threads a job is worth.
fn threads_for(job: &Job, cost: u64, least: usize) -> usize {
    let work = cost.saturating_mul(job.length as u64);
    let worth = (work / WORTH_WAKING).max(1);
    let chunks = job.length.div_ceil(least).max(1);
    job.threads
        .min(chunks)
        .min(usize::try_from(worth).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn chunks_cover_the_range_once_in_order() {
        for (end, threads, least) in [
            (0, 1, 1),
            (1, 4, 64),
            (63, 2, 64),
            (64, 2, 64),
            (100_000, 3, 64),
            (17, 8, 1),
        ] {
            let share = Share::new(end, threads, least);
            let mut at = 0;
            while let Some((start, stop)) = share.take() {
                assert_eq!(start, at);
                assert!(stop > start && start % least == 0);
                at = stop;
            }
            assert_eq!(at, end);
        }
    }

    #[test]
    fn few_heavy_elements_are_shared() {
        let share = Share::new(4, 2, 1);
        assert_eq!(share.take(), Some((0, 1)));
    }
}
