//! One liveness word for each slot, which the kernel itself marks when the slot's thread has ended: within 0.4 ms, whatever
//! memory its process has. The process's pidfd tells only after that memory was given back (60 ms for 200 MB resident).
//! It is a notice and no more: repair waits for the pidfd, since other threads of the process may still run.
//!
//! ```text
//! +0 generation u32, of the slot, once the word is held    +4 place of the word u32: 8..=52    +8 a robust mutex
//! word = tid (bits 0..29) | OWNER_DIED 30 | WAITERS 31
//! child:    takes the mutex, for ever; word |= WAITERS; place; generation; wakes who waits for the generation
//! kernel:   at the thread's end: word |= OWNER_DIED; wakes one, if WAITERS
//! watcher:  generation is another: waits for it to change; else OWNER_DIED: tells; else waits for the word to change
//! ```
//! The mutex is the C library's (`PTHREAD_MUTEX_ROBUST`, shared), so that its list of robust mutexes stays its own; only
//! where in it the word lies is looked up, after it was taken. Written by the slot's own thread, then by the kernel.
//!
//! **Kills.** Before the generation is there: nobody is told here; the pidfd tells. After it: the kernel finds the word in
//! the thread's list. A slot that is used again has another generation, and whoever watches the old one has been told of its
//! end by then, since only a repaired slot is used again.
//!
//! **No wake is lost**: all waits compare the word that they sleep on. There is one watcher in the process of a pool. Where
//! the system can't wait for several words at once (Linux before 5.16, a sandbox), there is none.

use crate::geometry::{Slot, LIVENESS, LIVENESS_SIZE, SLOTS};
use crate::mem::Mem;
use crate::plant::planted;

const PLACE: u64 = 4;
/// Where the mutex begins, and how many bytes it may have.
pub(crate) const MUTEX: u64 = 8;
pub(crate) const MUTEX_SIZE: u64 = LIVENESS_SIZE - MUTEX;

const OWNER_DIED: u32 = 1 << 30;
const WAITERS: u32 = 1 << 31;

fn area(slot: Slot) -> u64 {
    LIVENESS + (slot % SLOTS) as u64 * LIVENESS_SIZE
}

/// What a watcher of a slot does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Its thread has ended.
    Ended,
    /// Sleep while the word at this offset has this value, then look again.
    Wait(u64, u32),
    /// What is there makes no sense: nothing will be told.
    Unknown,
}

pub fn look(m: &Mem, slot: Slot, generation: u32) -> Look {
    let at = area(slot);
    let held = m.w32(at).get();
    if held != generation {
        return Look::Wait(at, held);
    }
    let place = m.w32(at + PLACE).get() as u64;
    if !(MUTEX..=LIVENESS_SIZE - 4).contains(&place) || place & 3 != 0 {
        return Look::Unknown;
    }
    let word = m.w32(at + place).get();
    if word & OWNER_DIED != 0 {
        Look::Ended
    } else {
        Look::Wait(at + place, word)
    }
}

/// The slot's own thread holds its mutex, whose word is at `place` of the area: from now on it is watched.
pub fn publish(m: &Mem, slot: Slot, generation: u32, place: u64) {
    let at = area(slot);
    if planted("generation before the word") {
        m.w32(at).set(generation);
        m.wake(at, i32::MAX);
    }
    m.w32(at + place).or(WAITERS);
    m.w32(at + PLACE).set(place as u32);
    m.w32(at).set(generation);
    m.wake(at, i32::MAX);
}

/// What the kernel does for the holder of a word.
#[cfg(loom)]
pub fn model_end(m: &Mem, slot: Slot, place: u64) {
    let at = area(slot) + place;
    if m.w32(at).or(OWNER_DIED) & WAITERS != 0 {
        m.wake(at, 1);
    }
}
/// What taking the mutex does.
#[cfg(loom)]
pub fn model_take(m: &Mem, slot: Slot, place: u64) {
    m.w32(area(slot) + place).set(42);
}

#[cfg(not(loom))]
mod watch {
    use super::*;
    use crate::arena::Arena;
    use crate::os::{Platform, System};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::time::Duration;

    impl Arena {
        /// The calling thread, whose slot it is, is watched from now on. Once a slot. False: this system can't.
        pub fn hold_liveness(&self, slot: Slot, generation: u32) -> bool {
            let m = &self.mem;
            let mutex = m.address(area(slot) + MUTEX, MUTEX_SIZE);
            // SAFETY: the area is the slot's own thread's; it stays mapped as long as the process lives.
            match unsafe { System::hold_for_ever(mutex, MUTEX_SIZE as usize) } {
                Some(offset) => {
                    publish(m, slot, generation, MUTEX + offset as u64);
                    true
                }
                None => false,
            }
        }
    }

    /// What one wait can take, less one for the watcher's own word.
    const MOST: usize = 127;
    /// The longest sleep: nothing rests on it.
    const SLICE: Duration = Duration::from_secs(10);

    #[derive(Default)]
    struct Shared {
        watched: Mutex<Vec<(Slot, u32)>>,
        /// Counts the changes of the list.
        changes: AtomicU32,
    }

    impl Shared {
        fn watched(&self) -> MutexGuard<'_, Vec<(Slot, u32)>> {
            self.watched.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// One thread that hears of the ends of slots' threads.
    pub struct DeathWatch(Arc<Shared>);

    impl DeathWatch {
        /// `told` is called, on the watcher's thread, with slot and generation. None: this system can't.
        pub fn start(
            arena: &'static Arena,
            told: impl Fn(Slot, u32) + Send + 'static,
        ) -> Option<DeathWatch> {
            let shared: Arc<Shared> = Default::default();
            let watcher = shared.clone();
            if !System::can_wait_any() {
                return None;
            }
            std::thread::Builder::new()
                .name("multiproc-death".into())
                .stack_size(128 << 10)
                .spawn(move || run(arena, &watcher, told))
                .ok()?;
            Some(DeathWatch(shared))
        }

        /// Tells when the thread that the slot was claimed for has ended, it need not have begun. At most 127 at a time:
        /// of further ones nothing is told.
        pub fn add(&self, slot: Slot, generation: u32) {
            self.change(|watched| {
                if watched.len() < MOST {
                    watched.push((slot, generation));
                }
            });
        }

        /// The slot's end is known.
        pub fn remove(&self, slot: Slot, generation: u32) {
            self.change(|watched| watched.retain(|entry| *entry != (slot, generation)));
        }

        fn change(&self, change: impl FnOnce(&mut Vec<(Slot, u32)>)) {
            change(&mut self.0.watched());
            self.0.changes.fetch_add(1, Ordering::Release);
            System::wake(self.0.changes.as_ptr(), 1);
        }
    }

    fn run(arena: &'static Arena, shared: &Shared, told: impl Fn(Slot, u32)) {
        let m = &arena.mem;
        loop {
            let seen = shared.changes.load(Ordering::Acquire);
            let mut words = vec![(shared.changes.as_ptr() as *const u32, seen)];
            let mut ended = Vec::new();
            shared.watched().retain(|&(slot, generation)| {
                match look(m, slot, generation) {
                    Look::Wait(at, value) => {
                        words.push((m.address(at, 4) as *const u32, value));
                        return true;
                    }
                    Look::Ended => ended.push((slot, generation)),
                    Look::Unknown => (),
                }
                false
            });
            for &(slot, generation) in &ended {
                told(slot, generation);
            }
            if ended.is_empty() && !System::wait_any(&words, SLICE) {
                return;
            }
        }
    }
}
#[cfg(not(loom))]
pub use watch::DeathWatch;
