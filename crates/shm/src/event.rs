//! The event: a flag that threads wait for.
//!
//! ```text
//! +0 word u32    +8 armed set    +64 label 64 B
//! word = SET 0 | WAITERS 1 | epoch (bits 2..31): how often it was set, so far
//! epoch|..        → epoch + 1|SET   set(), by anyone: wakes all if WAITERS (JavaScript's fast path without)
//! epoch|SET       → epoch           clear(), by anyone (JavaScript)
//! epoch           → epoch|WAITERS   a waiter that is about to sleep
//! ```
//! **A set wakes all that wait, also where a clear follows at once**: a waiter remembers the epoch that it found, and is
//! through when the flag is set or the epoch is another.
//!
//! **No wake is lost.** A sleeper sees WAITERS in the word it sleeps on, and with SET nobody goes to sleep. An async waiter
//! sets its armed bit, fences, sets WAITERS and looks once more. A waiter that gives up leaves at most WAITERS behind: one
//! wake of nobody. A wake is for all, so nobody can swallow one.
//!
//! **Kills.** One that has set and not yet woken: the supervisor wakes and rings all on every death. A waiter: nothing is
//! left of it but its armed bit, which costs one ring.

use crate::bell::{self, SET_SIZE};
use crate::geometry::Slot;
use crate::lock::SLICE;
use crate::mem::{fence, Mem};
use crate::plant::planted;
use std::time::{Duration, Instant};

pub const WORD: u64 = 0;
pub const ARMED: u64 = 8;
pub const LABEL: u64 = 64;
pub const LABEL_SIZE: usize = 64;
/// Bytes of an event's block.
pub const SIZE: u64 = if cfg!(loom) { ARMED + SET_SIZE } else { 128 };

const SET: u32 = 1;
const WAITERS: u32 = 2;
const EPOCH: u32 = 2;

/// What a waiter remembers.
pub fn epoch(m: &Mem, at: u64) -> u32 {
    m.w32(at + WORD).get() >> EPOCH
}

pub fn is_set(m: &Mem, at: u64) -> bool {
    m.w32(at + WORD).get() & SET != 0
}

fn is_through(word: u32, epoch: u32) -> bool {
    word & SET != 0 || (word >> EPOCH != epoch && !planted("a pulse is not seen"))
}

/// Sets the flag and wakes all.
pub fn set(m: &Mem, at: u64) {
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & SET != 0 {
            return;
        }
        if word.cas(old, (old >> EPOCH).wrapping_add(1) << EPOCH | SET) {
            if old & WAITERS != 0 {
                wake(m, at);
            }
            return;
        }
    }
}

pub fn clear(m: &Mem, at: u64) {
    m.w32(at + WORD).and(!SET);
}

fn wake(m: &Mem, at: u64) {
    m.wake(at + WORD, i32::MAX);
    if !planted("event rings nobody") {
        bell::ring_armed(m, at + ARMED);
    }
}

/// Blocks until the event is set or has been since `epoch`. False: the timeout passed.
pub fn wait(m: &Mem, at: u64, epoch: u32, timeout: Option<Duration>) -> bool {
    let begun = Instant::now();
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if is_through(old, epoch) {
            return true;
        }
        let left = timeout.map_or(SLICE, |t| t.saturating_sub(begun.elapsed()));
        if left.is_zero() {
            return false;
        }
        if old & WAITERS == 0 && !word.cas(old, old | WAITERS) {
            continue;
        }
        m.wait(at + WORD, old | WAITERS, left.min(SLICE));
    }
}

/// For event loops. False: the slot's bell rings when it is worth another look.
pub fn is_through_or_arm(m: &Mem, at: u64, slot: Slot, epoch: u32) -> bool {
    let word = m.w32(at + WORD);
    let mut armed = false;
    loop {
        let old = word.get();
        if is_through(old, epoch) {
            return true;
        }
        if !armed && !planted("event arms nobody") {
            bell::arm(m, at + ARMED, slot);
            armed = true;
            // WAITERS may be an old one: only a look after the arming counts
            if !planted("event looks before it arms") {
                continue;
            }
        }
        if old & WAITERS != 0 || word.cas(old, old | WAITERS) {
            return false;
        }
    }
}

/// Somebody waits, or did and gave up.
pub fn has_waiters(m: &Mem, at: u64) -> bool {
    m.w32(at + WORD).get() & WAITERS != 0
}

/// Supervisor, after a death: the dead may have set it and not yet woken.
pub fn wake_after_death(m: &Mem, at: u64) {
    fence();
    wake(m, at);
}

#[cfg(not(loom))]
mod view {
    use super::*;
    use crate::arena::Arena;
    use crate::geometry::Id;
    use crate::heap::Heap;
    use crate::tag::Kind;
    use crate::{block, slots, Error};

    /// An event in the arena: a checked view, valid as long as the block is held.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Event {
        at: u64,
    }

    impl Event {
        /// Makes one, not set, held once by `heap`. The label is for `inspect`; it is cut at 64 bytes.
        pub fn new(heap: &mut Heap, label: &str) -> Result<Id, Error> {
            let id = heap.alloc(SIZE, Kind::Event)?;
            let m = heap.mem();
            slots::set_text(m, block::data(m, id) + LABEL, LABEL_SIZE, label);
            Ok(id)
        }

        /// Checks that `id` names an event.
        pub fn open(arena: &Arena, id: Id) -> Result<Event, Error> {
            let at = block::open(&arena.mem, id, Kind::Event, SIZE)?;
            Ok(Event { at })
        }

        pub fn is_set(&self, arena: &Arena) -> bool {
            is_set(&arena.mem, self.at)
        }

        /// What a waiter remembers: it waits for the first set from here on.
        pub fn epoch(&self, arena: &Arena) -> u32 {
            epoch(&arena.mem, self.at)
        }

        pub fn set(&self, arena: &Arena) {
            set(&arena.mem, self.at)
        }

        pub fn clear(&self, arena: &Arena) {
            clear(&arena.mem, self.at)
        }

        /// Blocks the thread. None waits for ever. False: the timeout passed.
        pub fn wait(&self, arena: &Arena, epoch: u32, timeout: Option<Duration>) -> bool {
            wait(&arena.mem, self.at, epoch, timeout)
        }

        /// Whether it is set or has been since `epoch`; if not, the slot's bell rings when it is.
        pub fn is_through_or_arm(&self, arena: &Arena, slot: Slot, epoch: u32) -> bool {
            is_through_or_arm(&arena.mem, self.at, slot, epoch)
        }
    }
}
#[cfg(not(loom))]
pub use view::Event;
