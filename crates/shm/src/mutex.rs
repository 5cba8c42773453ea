//! The lock that users see. Taking a free one and releasing one without waiters is a compare-and-exchange in JavaScript.
//!
//! ```text
//! +0 word u32    +4 pid of the owner that died u32    +8 armed set    +48 when it was last freed for the waiters u32
//! +64 label 64 B
//! word = owner slot + 1 (bits 0..15) | RING 28 | FAIR 29 | DIED 30 | WAITERS 31
//! 0 → owner                      anyone (JavaScript's fast path)
//! owner → 0                      the owner (JavaScript's fast path): no flags, so nobody to wake
//! owner|.. → + WAITERS, FAIR     a waiter that is about to sleep; FAIR once it has waited for over 5 ms
//! owner|WAITERS → 0              release, by anyone: wakes one sleeper, rings the armed
//! owner|.. → + RING              somebody whose bell is to ring at the release (condition.rs), which only rings the armed
//! owner|WAITERS|FAIR → WAITERS|FAIR   the same, but the free lock is for those who have waited
//! free|.. → owner|..             anyone without FAIR; a waiter always, which clears FAIR and keeps WAITERS
//! owner|.. → DIED|..             the supervisor, after the owner's death
//! DIED|.. → owner                recover()
//! ```
//! **Nobody starves.** While FAIR is set a newcomer's fast path fails, since the word is not 0, and its slow path sleeps for
//! 5 ms before it may take the lock; then it is a waiter itself. So hammering does not keep waiters out; and since FAIR only
//! ever delays a newcomer by those 5 ms, a waiter that set it and then died or gave up blocks nobody. One that does not
//! wait (try_lock) may take what has been free for the waiters for 10 ms: then none of them wants it. A waiter that gives
//! up clears FAIR, so that it leaves no trace.
//!
//! **No wake is lost.** A sleeper sees WAITERS in the word it sleeps on. One that was woken takes the lock with WAITERS
//! set, since others may sleep; one that gives up sets WAITERS again on its way out, since it may have been the one woken.
//! An async waiter sets its armed bit, fences, sets WAITERS, and tries once more. RING is set in the same order, and only while
//! somebody owns the lock: every transition that ends that rings the armed.
//!
//! **Kills.** The owner: everyone is told until somebody recovers. A releaser between the word and the wakes, or a woken
//! waiter: the supervisor wakes and rings all on every death. Who owns the lock holds its block (heap.rs).

use crate::bell::{self, SET_SIZE};
use crate::geometry::Slot;
use crate::lock::SLICE;
use crate::mem::{fence, Mem};
use crate::plant::planted;
use std::time::{Duration, Instant};

pub const WORD: u64 = 0;
pub const PID: u64 = 4;
pub const ARMED: u64 = 8;
/// Milliseconds of the shared clock when the word last became `WAITERS|FAIR`; old where its writer died just before.
const FREED: u64 = 48;
pub const LABEL: u64 = 64;
pub const LABEL_SIZE: usize = 64;
/// Bytes of a mutex's block.
pub const SIZE: u64 = if cfg!(loom) { ARMED + SET_SIZE } else { 128 };
pub(crate) const LAYOUT: u64 = 3;

pub const OWNER: u32 = 0xffff;
const RING: u32 = 1 << 28;
pub const FAIR: u32 = 1 << 29;
pub const DIED: u32 = 1 << 30;
pub const WAITERS: u32 = 1 << 31;

/// How long a waiter waits before it asks for fairness, and a newcomer before it may pass by.
pub const PATIENCE: Duration = Duration::from_millis(5);

/// A lock that was freed for the waiters is anyone's after so many milliseconds.
#[cfg(not(loom))]
const STALE_MS: u32 = 10;

/// Whether the waiters for whom the lock was freed have had their time. The models have no clock.
#[cfg(not(loom))]
pub(crate) fn is_stale(m: &Mem, freed: u64) -> bool {
    use crate::os::{Platform, System};
    System::millis().wrapping_sub(m.w32(freed).get()) > STALE_MS
}
#[cfg(loom)]
pub(crate) fn is_stale(_: &Mem, _: u64) -> bool {
    false
}
#[cfg(not(loom))]
pub(crate) fn note_freed(m: &Mem, freed: u64) {
    use crate::os::{Platform, System};
    m.w32(freed).set(System::millis());
}
#[cfg(loom)]
pub(crate) fn note_freed(_: &Mem, _: u64) {}

/// How a call that blocks ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    Acquired,
    TimedOut,
    /// The owner before died. The lock is not taken; somebody has to recover it.
    OwnerDied {
        pid: u32,
    },
}

/// How a try from an event loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsyncLock {
    Acquired,
    /// The slot's bell rings when it is worth another try; try at the latest after `retry`.
    Armed {
        retry: Duration,
    },
    OwnerDied {
        pid: u32,
    },
}

/// The owner before died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerDied {
    pub pid: u32,
}

fn died(m: &Mem, at: u64) -> OwnerDied {
    OwnerDied {
        pid: m.w32(at + PID).get(),
    }
}

/// One try of somebody who has `waited` before or has not. Ok(false): not now.
fn attempt(m: &Mem, at: u64, slot: Slot, waited: bool) -> Result<bool, OwnerDied> {
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & DIED != 0 {
            return Err(died(m, at));
        }
        if old & OWNER != 0
            || (old & FAIR != 0
                && !waited
                && !planted("newcomer passes by")
                && !is_stale(m, at + FREED))
        {
            return Ok(false);
        }
        let others = if waited && !planted("taker forgets waiters") {
            WAITERS
        } else {
            old & WAITERS
        };
        if word.cas(old, (slot + 1) | others) {
            return Ok(true);
        }
    }
}

/// Does not wait.
pub fn try_lock(m: &Mem, at: u64, slot: Slot) -> Result<bool, OwnerDied> {
    attempt(m, at, slot, false)
}

/// Blocks the calling thread until it has the lock, for at most `timeout`.
pub fn lock(m: &Mem, at: u64, slot: Slot, timeout: Option<Duration>) -> Lock {
    if m.w32(at + WORD).cas(0, slot + 1) {
        return Lock::Acquired;
    }
    let begun = Instant::now();
    let mut waited = false;
    loop {
        match attempt(m, at, slot, waited) {
            Ok(true) => return Lock::Acquired,
            Err(OwnerDied { pid }) => return Lock::OwnerDied { pid },
            Ok(false) => (),
        }
        let passed = begun.elapsed();
        let left = timeout.map_or(SLICE, |t| t.saturating_sub(passed));
        let word = m.w32(at + WORD);
        let old = word.get();
        if left.is_zero() {
            // we may have been woken in the place of another
            if waited && old & OWNER != 0 && old & WAITERS == 0 && !word.cas(old, old | WAITERS) {
                continue;
            }
            give_up(m, at);
            return Lock::TimedOut;
        }
        if old & DIED != 0 {
            continue;
        }
        if old & OWNER == 0 {
            // free, but for those who have waited: a nap makes us one of them
            if old & FAIR != 0 && !waited {
                m.nap(at + WORD, old, left.min(PATIENCE));
                waited = true;
            }
            continue;
        }
        let mut want = old | WAITERS;
        if waited && (cfg!(loom) || passed >= PATIENCE) {
            want |= FAIR;
        }
        if want != old && !word.cas(old, want) {
            continue;
        }
        let slice = if want & FAIR == 0 {
            left.min(PATIENCE)
        } else {
            left.min(SLICE)
        };
        m.wait(at + WORD, want, slice);
        waited = true;
    }
}

/// For event loops: tries, else sees to it that the slot's bell rings. `waited`: since this waiter began, zero at first.
pub fn try_lock_or_arm(m: &Mem, at: u64, slot: Slot, waited: Duration) -> AsyncLock {
    let waits = !waited.is_zero();
    let mut armed = false;
    loop {
        match attempt(m, at, slot, waits) {
            Ok(true) => return AsyncLock::Acquired,
            Err(OwnerDied { pid }) => return AsyncLock::OwnerDied { pid },
            Ok(false) => (),
        }
        let word = m.w32(at + WORD);
        let old = word.get();
        let mut want = old | WAITERS;
        if waited >= PATIENCE {
            want |= FAIR;
        }
        if planted("armed after the look") {
            if old & (OWNER | FAIR) != 0 && (want == old || word.cas(old, want)) {
                bell::arm(m, at + ARMED, slot);
                return AsyncLock::Armed { retry: PATIENCE };
            }
            continue;
        }
        if !armed {
            bell::arm(m, at + ARMED, slot);
            armed = true;
        }
        if old & DIED == 0 && old & (OWNER | FAIR) != 0 && (want == old || word.cas(old, want)) {
            // from here on every release sees WAITERS, and then our bit
            let retry = if old & OWNER == 0 || want & FAIR == 0 {
                PATIENCE
            } else {
                SLICE
            };
            return AsyncLock::Armed { retry };
        }
    }
}

/// A waiter leaves without the lock. The fairness that it may have asked for goes with it; others ask again when they look.
pub fn give_up(m: &Mem, at: u64) {
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & FAIR == 0 {
            return;
        }
        if word.cas(old, old & !FAIR) {
            if old & OWNER == 0 {
                m.wake(at + WORD, 1);
                bell::ring_armed(m, at + ARMED);
            }
            return;
        }
    }
}

/// By anyone. False: nobody owned it.
pub fn release(m: &Mem, at: u64) -> bool {
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & OWNER == 0 {
            return false;
        }
        let mut free = 0;
        if old & FAIR != 0 {
            note_freed(m, at + FREED);
            free = FAIR | WAITERS;
        }
        if !word.cas(old, free) {
            continue;
        }
        if old & (WAITERS | RING) != 0 && !planted("unlock without wake") {
            if old & WAITERS != 0 {
                m.wake(at + WORD, 1);
            }
            bell::ring_armed(m, at + ARMED);
        }
        return true;
    }
}

/// `slot` has something to do once it has the lock: rings it when that is released, at once where nobody owns it. It spares the
/// owner the switch to a thread that could only wait for it.
pub fn ring_at_release(m: &Mem, at: u64, slot: Slot) {
    if !planted("notified and not armed") {
        bell::arm(m, at + ARMED, slot);
    }
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & OWNER == 0 {
            return bell::ring_armed(m, at + ARMED);
        }
        if old & (WAITERS | RING) != 0 || word.cas(old, old | RING) {
            return;
        }
    }
}

/// After the owner's death: the abandoned lock becomes `slot`'s. False: it is not abandoned (any more).
pub fn recover(m: &Mem, at: u64, slot: Slot) -> bool {
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & DIED == 0 {
            return false;
        }
        // those who sleep do so because they came back after the news
        if word.cas(old, (slot + 1) | old & WAITERS) {
            return true;
        }
    }
}

/// (owner, died, waiters)
pub fn look(m: &Mem, at: u64) -> (Option<Slot>, bool, bool) {
    let word = m.w32(at + WORD).get();
    (
        (word & OWNER).checked_sub(1),
        word & DIED != 0,
        word & WAITERS != 0,
    )
}

/// Supervisor: `slot` of process `pid` is dead; if it was the owner, `told` says whether the others learn of that or find a free
/// lock. Wakes whatever the state: the dead may have released and not yet woken.
pub fn end_of(m: &Mem, at: u64, slot: Slot, pid: u32, told: bool) {
    let word = m.w32(at + WORD);
    loop {
        let old = word.get();
        if old & OWNER != slot + 1 {
            break;
        }
        m.w32(at + PID).set(pid);
        let died = if told && !planted("death is not told") {
            DIED
        } else {
            0
        };
        if word.cas(old, died | old & WAITERS) {
            break;
        }
    }
    fence();
    m.wake(at + WORD, i32::MAX);
    bell::ring_armed(m, at + ARMED);
}

#[cfg(not(loom))]
mod view {
    use super::*;
    use crate::arena::Arena;
    use crate::geometry::Id;
    use crate::heap::Heap;
    use crate::tag::Kind;
    use crate::{block, slots, Error};

    /// A lock in the arena: a checked view, valid as long as the block is held.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Mutex {
        id: Id,
        at: u64,
    }

    impl Mutex {
        /// Makes one, free, held once by `heap`. The label is for `inspect`; it is cut at 64 bytes.
        pub fn new(heap: &mut Heap, label: &str) -> Result<Id, Error> {
            Mutex::of_kind(heap, Kind::Mutex, label)
        }

        /// A mutex whose users count how often its owner has taken it: here it is like any other.
        pub fn new_recursive(heap: &mut Heap, label: &str) -> Result<Id, Error> {
            Mutex::of_kind(heap, Kind::RLock, label)
        }

        fn of_kind(heap: &mut Heap, kind: Kind, label: &str) -> Result<Id, Error> {
            let id = heap.alloc(SIZE, kind)?;
            let m = heap.mem();
            slots::set_text(m, block::data(m, id) + LABEL, LABEL_SIZE, label);
            Ok(id)
        }

        /// Checks that `id` names a mutex, recursive or not.
        pub fn open(arena: &Arena, id: Id) -> Result<Mutex, Error> {
            let at = block::open(&arena.mem, id, Kind::RLock, SIZE)
                .or_else(|_| block::open(&arena.mem, id, Kind::Mutex, SIZE))?;
            Ok(Mutex { id, at })
        }

        pub fn id(&self) -> Id {
            self.id
        }

        /// Offset of the word from the start of the mapping. Free is 0, taken without waiters is slot + 1.
        pub fn word_offset(&self) -> u64 {
            self.at + WORD
        }

        /// Does not wait.
        pub fn try_lock(&self, arena: &Arena, slot: Slot) -> Result<bool, OwnerDied> {
            try_lock(&arena.mem, self.at, slot)
        }

        /// Blocks the thread. None waits for ever.
        pub fn lock(&self, arena: &Arena, slot: Slot, timeout: Option<Duration>) -> Lock {
            lock(&arena.mem, self.at, slot, timeout)
        }

        /// Tries, else arms the slot's bell. `waited`: how long this waiter has waited so far; zero at its first try.
        pub fn try_lock_or_arm(&self, arena: &Arena, slot: Slot, waited: Duration) -> AsyncLock {
            try_lock_or_arm(&arena.mem, self.at, slot, waited)
        }

        /// A waiter of an event loop leaves without the lock: its timeout passed, or it was aborted.
        pub fn give_up(&self, arena: &Arena) {
            give_up(&arena.mem, self.at)
        }

        /// By anyone. False: it was not held.
        pub fn release(&self, arena: &Arena) -> bool {
            release(&arena.mem, self.at)
        }

        /// Takes an abandoned lock. False: it is not abandoned.
        pub fn recover(&self, arena: &Arena, slot: Slot) -> bool {
            recover(&arena.mem, self.at, slot)
        }

        pub fn owner(&self, arena: &Arena) -> Option<Slot> {
            look(&arena.mem, self.at).0
        }

        /// The owner died and nobody has recovered it yet.
        pub fn is_died(&self, arena: &Arena) -> bool {
            look(&arena.mem, self.at).1
        }
    }
}
#[cfg(not(loom))]
pub use view::Mutex;
