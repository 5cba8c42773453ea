//! Work on several threads: rayon's, kept for the next run.
//!
//! Whoever has work does it on its own thread; threads of the pool join it when they are free. At the end it closes the
//! work and waits for those that have joined, and for no others: a thread that comes later finds it closed, and leaves it
//! alone. So a run that never ends, on all threads of the pool, delays no other one beyond what it would take alone.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

/// Stack of a thread: the largest frame of a kernel, and room.
const STACK: usize = 4 << 20;

/// A pool of at least `threads` threads; `None` where the system has no more of them.
/// Pools have as many threads as the machine, or as were asked for where that is more.
fn pool(threads: usize) -> Option<Arc<ThreadPool>> {
    static POOLS: OnceLock<Mutex<HashMap<usize, Arc<ThreadPool>>>> = OnceLock::new();
    let machine = std::thread::available_parallelism().map_or(1, usize::from);
    let size = threads.max(machine);
    let mut pools = POOLS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&size) {
        return Some(pool.clone());
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(size)
        .stack_size(STACK)
        .thread_name(|at| format!("multiproc-{at}"))
        .build()
        .ok()
        .map(Arc::new)?;
    pools.insert(size, pool.clone());
    Some(pool)
}

/// Work that threads may join, until it is closed.
struct Shared {
    work: &'static (dyn Fn() + Sync),
    joined: Mutex<Joined>,
    left: Condvar,
}

#[derive(Default)]
struct Joined {
    now: usize,
    closed: bool,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, Joined> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self) {
        {
            let mut state = self.state();
            if state.closed {
                return;
            }
            state.now += 1;
        }
        (self.work)();
        self.state().now -= 1;
        self.left.notify_all();
    }
}

/// Closes the work when it is dropped, also by a panic.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.closed = true;
        while state.now > 0 {
            state = self
                .0
                .left
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Runs `work` on the calling thread, and on up to `threads - 1` of the pool's that are free; returns once all that have
/// begun it are done. `work` must not panic.
pub fn together(threads: usize, work: impl Fn() + Sync) {
    let others = if threads > 1 { pool(threads - 1) } else { None };
    let Some(pool) = others else { return work() };
    let borrowed: &(dyn Fn() + Sync) = &work;
    // SAFETY: the reference is used between `join`s that found the work open, and `Closing` ends the last of those
    // before `work` goes out of scope.
    let work =
        unsafe { std::mem::transmute::<&(dyn Fn() + Sync), &'static (dyn Fn() + Sync)>(borrowed) };
    let shared = Arc::new(Shared {
        work,
        joined: Mutex::default(),
        left: Condvar::new(),
    });
    for _ in 1..threads {
        let shared = shared.clone();
        pool.spawn(move || shared.join());
    }
    let _closing = Closing(&shared);
    borrowed();
}

#[cfg(test)]
mod test {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[test]
    fn busy_threads_delay_nobody() {
        let machine = std::thread::available_parallelism().map_or(1, usize::from);
        let (end, busy) = (AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                together(machine + 1, || {
                    busy.fetch_add(1, Ordering::Relaxed);
                    while !end.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                });
            });
            // All threads of the pool, and one more, are in the work above.
            while busy.load(Ordering::Relaxed) < machine + 1 {
                std::thread::yield_now();
            }
            let runs = AtomicUsize::new(0);
            together(machine + 1, || {
                runs.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(runs.into_inner(), 1);
            end.store(true, Ordering::Relaxed);
        });
    }
}
