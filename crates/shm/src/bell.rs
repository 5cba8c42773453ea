//! One bell for each slot: how a thread sleeps, and how others wake it.
//!
//! ```text
//! in the slot:   bell u32 counts rings    sleep u32: AWAKE 0 | FUTEX 1 | POLL 2 (in its event loop)
//! ring:          bell += 1; fence; sleep is FUTEX: wake; POLL: a byte into its pipe
//! sleeper:       seen = bell; look at everything; sleep = FUTEX; fence; if bell == seen { wait }; sleep = AWAKE
//! event loop:    the same with POLL, and poll() in the place of wait
//! armed set:     a bit for each slot that wants to be rung when an object changes
//! waiter:        seen = bell; set own bit; fence; look once more; sleep(seen)
//! waker:         change; fence; any bit? swap the words to 0, ring each
//! ```
//! Both fences make a store be seen before a later load (store buffering): either the waker sees the bit (the sleep word),
//! or the waiter sees the change (the bell). The bell and the sets belong to anyone; the sleep word is written by its own
//! thread alone. A thread is either in its event loop or blocked, never both, so one sleep word is enough.
//!
//! **Why a waker does not reset the sleep word** (to spare the next waker a system call): it would lose a wake. W1: bell = 1.
//! S: seen = 1; looks; sleep = FUTEX; bell == seen. W1: takes FUTEX, leaves AWAKE, wakes; S does not wait yet. S: waits.
//! W2: bell = 2; sleep is AWAKE: no wake, and S sleeps on. (The models found this in the first form of this file.)
//!
//! **Kills.** A waker killed between its change and its wake: the supervisor rings *every* bell after *every* death. A sleeper
//! never waits for a particular waker.
//! Futex sleeps are sliced at 200 ms.
//!
//! **The pipe.** The read end is polled by the slot's event loop. Wakers open `/proc/<pid>/fd/<n>` when they first need it,
//! and check afterwards that the slot is still the same. Where that is refused (a process that has dropped its privileges, a
//! waker without a free descriptor, no /proc), the waker sets NEED_POKE in the slot and wakes its *guard*: a thread beside
//! every polling loop, asleep on the futex of the flags word, which clears NEED_POKE and then writes into its own pipe.
//! A waker that finds NEED_POKE set wakes the guard all the same, since the one before may have been killed in between.

use crate::geometry::{set_bit, Slot, SET_BITS, SET_WORDS, SLOTS};
use crate::lock::SLICE;
use crate::mem::{fence, Mem};
use crate::plant::planted;
use crate::slots;
use std::time::Duration;

const AWAKE: u32 = 0;
const FUTEX: u32 = 1;
const POLL: u32 = 2;

/// How often the bell has rung.
#[inline]
pub fn seen(m: &Mem, slot: Slot) -> u32 {
    m.w32(slots::bell(slot)).get()
}

/// Wakes the thread of `slot`, wherever it sleeps.
pub fn ring(m: &Mem, slot: Slot) {
    m.w32(slots::bell(slot)).add(1);
    fence();
    match m.w32(slots::sleep(slot)).get() {
        FUTEX => m.wake(slots::bell(slot), i32::MAX),
        POLL => poke(m, slot),
        _ => (),
    }
    if planted("waker resets the sleep word") {
        m.w32(slots::sleep(slot)).swap(AWAKE);
    }
}

/// Sleeps until the bell differs from `seen`, for one slice of at most `timeout`. True: it differs.
pub fn sleep(m: &Mem, slot: Slot, seen: u32, timeout: Duration) -> bool {
    let (bell, sleep) = (slots::bell(slot), m.w32(slots::sleep(slot)));
    sleep.set(FUTEX);
    fence();
    if m.w32(bell).get() == seen {
        m.wait(bell, seen, timeout.min(SLICE));
    }
    sleep.set(AWAKE);
    m.w32(bell).get() != seen
}

// ---------------------------------------------------------------- armed sets

/// Bytes of a set of slots.
pub(crate) const SET_SIZE: u64 = SET_WORDS * 8;

/// From now on a change rings `slot`, once. Look at the object again after this.
pub fn arm(m: &Mem, set: u64, slot: Slot) {
    let (word, bit) = set_bit(slot);
    m.w64(set + word).or(bit);
    fence();
}

/// After a change: rings all that are armed.
#[inline]
pub fn ring_armed(m: &Mem, set: u64) {
    fence();
    for i in 0..SET_WORDS {
        if m.w64(set + i * 8).get() != 0 {
            ring_word(m, set + i * 8, i as u32 * SET_BITS);
        }
    }
}

#[cold]
fn ring_word(m: &Mem, word: u64, first: Slot) {
    let mut bits = m.w64(word).swap(0);
    while bits != 0 {
        let slot = first + bits.trailing_zeros();
        bits &= bits - 1;
        if slot < SLOTS {
            ring(m, slot);
        }
    }
}

/// Rings all of a set and leaves the set as it is: for a set that may be somebody else's memory by now.
pub(crate) fn ring_members(m: &Mem, set: u64) {
    for i in 0..SET_WORDS {
        let mut bits = m.w64(set + i * 8).get();
        while bits != 0 {
            let slot = i as u32 * SET_BITS + bits.trailing_zeros();
            bits &= bits - 1;
            if slot < SLOTS {
                ring(m, slot);
            }
        }
    }
}

/// Slots in a set.
pub(crate) fn members(m: &Mem, set: u64) -> Vec<Slot> {
    (0..SLOTS)
        .filter(|s| {
            let (word, bit) = set_bit(*s);
            m.w64(set + word).get() & bit != 0
        })
        .collect()
}

/// After every death.
pub(crate) fn ring_everyone(m: &Mem) {
    if planted("supervisor does not ring") {
        return;
    }
    for slot in 0..SLOTS {
        if cfg!(loom) || slots::is_used(m, slot) {
            ring(m, slot);
        }
    }
}

// ---------------------------------------------------------------- pipes

#[cfg(loom)]
fn poke(_: &Mem, _: Slot) {}

#[cfg(not(loom))]
pub use pipes::BellPipe;
#[cfg(not(loom))]
pub(crate) use pipes::{forget_pipe, poke, Pipes};

#[cfg(not(loom))]
mod pipes {
    use super::*;
    use crate::arena::Arena;
    use crate::os::{Handle, Platform, System};
    use crate::Error;
    use std::collections::HashMap;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, RwLock};

    /// Pipes of other slots, opened when first needed: slot → (who, its pipe word, write end).
    #[derive(Default)]
    pub(crate) struct Pipes {
        open: RwLock<HashMap<Slot, (u64, u32, Handle)>>,
    }

    /// The pipe word: the descriptor's number + 1 in these bits (0: no pipe), above them how often the slot has had a new
    /// one, so that a number that is used again is another pipe.
    const NUMBER: u32 = (1 << 20) - 1;

    /// Wakes an event loop.
    pub(crate) fn poke(m: &Mem, slot: Slot) {
        let pipe_word = m.w32(slots::bell_fd(slot)).get();
        let number = (pipe_word & NUMBER) as i32 - 1;
        if number < 0 {
            return;
        }
        let who = slots::who(m, slot);
        let known = m.pipes.open.read().unwrap_or_else(|e| e.into_inner());
        match known.get(&slot) {
            Some((w, p, pipe)) if *w == who && *p == pipe_word => return System::poke(pipe),
            _ => drop(known),
        }
        let pipe = slots::pid_of(who).and_then(|pid| System::pipe_of(pid, number));
        // the pid may have been another process's by now: then so is the slot
        match pipe {
            Some(pipe) if slots::who(m, slot) == who => {
                System::poke(&pipe);
                let mut known = m.pipes.open.write().unwrap_or_else(|e| e.into_inner());
                // those of slots that are somebody else's by now, or nobody's
                known.retain(|slot, (who, ..)| is_still(m, *slot, *who));
                // Its thread may have ended meanwhile, and been forgotten: that comes after its slot says so.
                if is_still(m, slot, who) {
                    known.insert(slot, (who, pipe_word, pipe));
                }
            }
            _ => {
                m.w32(slots::flags(slot)).or(slots::NEED_POKE);
                m.wake(slots::flags(slot), i32::MAX);
            }
        }
    }

    fn is_still(m: &Mem, slot: Slot, who: u64) -> bool {
        slots::who(m, slot) == who && slots::is_alive(m, slot)
    }

    /// The thread of `slot` is gone, and its slot says so: its pipe needs not be kept open here.
    pub(crate) fn forget_pipe(m: &Mem, slot: Slot) {
        let mut known = m.pipes.open.write().unwrap_or_else(|e| e.into_inner());
        known.remove(&slot);
    }

    /// What the event loop of a slot polls. Keep it as long as the slot; one for each slot.
    pub struct BellPipe {
        arena: &'static Arena,
        slot: Slot,
        read: Handle,
        stop: Arc<AtomicBool>,
        guard: Option<std::thread::JoinHandle<()>>,
    }

    /// How long a guard sleeps at a time; it has nothing to look for on its own.
    const GUARD_SLICE: Duration = Duration::from_secs(3600);

    impl BellPipe {
        pub(crate) fn open(arena: &'static Arena, slot: Slot) -> Result<BellPipe, Error> {
            let (read, write) = System::pipe()?;
            let m = &arena.mem;
            let number = System::number(&read);
            let stop: Arc<AtomicBool> = Default::default();
            m.w32(slots::flags(slot)).and(!slots::NEED_POKE);
            let stopped = stop.clone();
            let guard = std::thread::Builder::new()
                .name("multiproc-bell".into())
                .stack_size(64 << 10)
                .spawn(move || guard(arena, slot, &write, &stopped))
                .map_err(|e| Error::Os {
                    call: "pthread_create",
                    errno: e.raw_os_error().unwrap_or(0),
                })?;
            let before = m.w32(slots::bell_fd(slot)).get();
            let again = (before & !NUMBER).wrapping_add(NUMBER + 1);
            m.w32(slots::bell_fd(slot))
                .set((number as u32 + 1) & NUMBER | again);
            Ok(BellPipe {
                arena,
                slot,
                read,
                stop,
                guard: Some(guard),
            })
        }

        /// To be polled for reading.
        pub fn fd(&self) -> i32 {
            System::number(&self.read)
        }

        /// Before the loop polls. False: something rang since `seen`; don't sleep, look again.
        pub fn begin_poll(&self, seen: u32) -> bool {
            let m = &self.arena.mem;
            let sleep = m.w32(slots::sleep(self.slot));
            sleep.set(POLL);
            fence();
            let quiet = m.w32(slots::bell(self.slot)).get() == seen;
            if !quiet {
                sleep.set(AWAKE);
            }
            quiet
        }

        /// After the poll, whatever ended it.
        pub fn awake(&mut self) {
            self.arena.mem.w32(slots::sleep(self.slot)).set(AWAKE);
        }

        /// After a poll that found the pipe readable: empties it too. A byte that comes later wakes the next poll for nothing,
        /// once.
        pub fn end_poll(&mut self) {
            self.awake();
            System::drain(&self.read);
        }

        /// The read end, as the system's handle.
        pub fn handle(&self) -> &Handle {
            &self.read
        }
    }

    /// Writes into its own pipe for those who can't open it.
    fn guard(arena: &'static Arena, slot: Slot, write: &Handle, stop: &AtomicBool) {
        let flags = arena.mem.w32(slots::flags(slot));
        loop {
            let now = flags.get();
            if stop.load(Ordering::Acquire) {
                return;
            }
            if now & slots::NEED_POKE == 0 {
                arena.mem.wait(slots::flags(slot), now, GUARD_SLICE);
                continue;
            }
            flags.and(!slots::NEED_POKE);
            System::poke(write);
        }
    }

    impl Drop for BellPipe {
        fn drop(&mut self) {
            let m = &self.arena.mem;
            m.w32(slots::bell_fd(self.slot)).and(!NUMBER);
            self.stop.store(true, Ordering::Release);
            if let Some(guard) = self.guard.take() {
                m.w32(slots::flags(self.slot)).or(slots::NEED_POKE);
                m.wake(slots::flags(self.slot), i32::MAX);
                let _ = guard.join();
            }
        }
    }
}
