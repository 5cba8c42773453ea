//! The semaphore: a number of permits. Whoever takes one is on record as its owner, so that the permits of the dead come back.
//!
//! ```text
//! +0 gate u32    +4 anonymous permits u32    +8 first value u32    +12 flags u32: BOUNDED 1, UNKNOWN 2
//! +16 inner lock u32    +20 committing u32    +24 owned permits N u32    +28 when it was last freed for the waiters u32
//! +32 armed set    +128 label 64 B    +192 N words, one for each owned permit
//! word = owner slot + 1 (bits 0..15) or NOBODY, 0: free    RESERVED 16
//! gate = turns (bits 0..29) | FAIR 30 | WAITERS 31
//! word:  0 → slot + 1              acquire (JavaScript's fast path)
//!        slot + 1 → 0              release by its owner (JavaScript's fast path)
//!        any owner → 0             release by another; sets UNKNOWN first unless the owner was NOBODY
//!        owner → owner|RESERVED    a release of several, which holds the inner lock; back, or → 0 once it commits
//!        dead → 0, dead → NOBODY   the supervisor
//! anonymous: - 1 acquire, + n release beyond what is owned
//! gate:  + WAITERS, FAIR           a waiter that is about to sleep; FAIR once it has waited for over 5 ms
//!        turn + 1, - WAITERS       who makes a permit available and saw WAITERS: wakes one sleeper, rings the armed
//! ```
//! A first value of up to 208 is so many owned permits, one word each; a larger one is all anonymous. What is
//! released beyond the first value is anonymous too. Every acquire and every release by the owner is one compare-and-exchange
//! that says whose the permit is, so a kill finds no state in between.
//!
//! **Whose a permit is.** The thread's that took it, until anyone releases a permit who has taken none: that may be a
//! semaphore used as a signal, or a permit handed on, and from then on (UNKNOWN) the permits of the dead stay taken, as in
//! Python. They do too where a process ends in an orderly way (exit code 0): it may have meant to.
//!
//! **No wake is lost.** A waiter sets WAITERS, fences, looks for a permit, and sleeps on the gate; a release frees,
//! fences (JavaScript's Atomics do), and looks at the gate. One that was woken sets WAITERS again when it takes, and wakes
//! the next where there is another permit; one that gives up wakes the next in any case, since it may have been the one woken.
//!
//! **Nobody starves.** While FAIR is set newcomers nap for 5 ms before they may take a permit; one that does not wait may
//! take what has been free for 10 ms. As in mutex.rs.
//!
//! **Kills.** An owner: above. Inside of a release of several: the inner lock is the dead's, and `committing` tells whether
//! what is RESERVED goes or stays. One that released more than was owned may have released a part of it. A releaser before its
//! wake, a woken waiter, one that set FAIR: the supervisor clears FAIR, wakes and rings all on every death.

mod several;

use crate::bell;
#[cfg(loom)]
use crate::bell::SET_SIZE;
use crate::geometry::Slot;
use crate::lock::{self, SLICE};
use crate::mem::{fence, Mem};
use crate::mutex::{self, PATIENCE};
use crate::plant::planted;
use std::time::{Duration, Instant};

pub const GATE: u64 = 0;
pub const ANONYMOUS: u64 = 4;
pub const FIRST: u64 = 8;
pub const FLAGS: u64 = 12;
const INNER: u64 = 16;
const COMMITTING: u64 = 20;
pub const OWNED: u64 = 24;
const FREED: u64 = 28;
pub const ARMED: u64 = 32;
pub const LABEL: u64 = 128;
pub const LABEL_SIZE: usize = 64;
#[cfg(not(loom))]
pub const WORDS: u64 = 192;
#[cfg(loom)]
pub const WORDS: u64 = ARMED + SET_SIZE;
/// The largest first value whose permits have owners.
pub const MOST_OWNED: u32 = 208;
/// The largest number of permits (Python's SEM_VALUE_MAX).
pub const MOST: u32 = i32::MAX as u32;

pub const BOUNDED: u32 = 1;
const UNKNOWN: u32 = 2;

const OWNER: u32 = 0xffff;
const NOBODY: u32 = 0xffff;
const RESERVED: u32 = 1 << 16;

pub const FAIR: u32 = 1 << 30;
pub const WAITERS: u32 = 1 << 31;
const TURNS: u32 = FAIR - 1;

/// A permit: the number of its word, or one of the anonymous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    Owned(u32),
    Anonymous,
}

/// How a try from an event loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Try {
    Acquired(Permit),
    /// The slot's bell rings when it is worth another try; after `retry` it is in any case.
    Armed {
        retry: Duration,
    },
}

/// Why nothing was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A bounded semaphore would have more permits than at first.
    NotHeld,
    /// More than 2^31 - 1 permits.
    TooMany,
}

/// Bytes of a semaphore's block.
pub fn size(first: u32) -> u64 {
    WORDS
        + if first <= MOST_OWNED {
            first as u64 * 4
        } else {
            0
        }
}

pub fn init(m: &Mem, at: u64, first: u32, bounded: bool) {
    let owned = if first <= MOST_OWNED { first } else { 0 };
    m.w32(at + OWNED).set(owned);
    m.w32(at + ANONYMOUS).set(first - owned);
    m.w32(at + FIRST).set(first);
    m.w32(at + FLAGS).set(if bounded { BOUNDED } else { 0 });
}

/// Never more than the block has room for: `Semaphore::open` has checked.
fn owned(m: &Mem, at: u64) -> u32 {
    m.w32(at + OWNED).get().min(MOST_OWNED)
}

fn word(at: u64, i: u32) -> u64 {
    at + WORDS + i as u64 * 4
}

fn is_available(m: &Mem, at: u64) -> bool {
    m.w32(at + ANONYMOUS).get() > 0 || (0..owned(m, at)).any(|i| m.w32(word(at, i)).get() == 0)
}

/// Permits left now. Those that come and go meanwhile may be missed.
pub fn value(m: &Mem, at: u64) -> u32 {
    let free = (0..owned(m, at)).filter(|i| m.w32(word(at, *i)).get() == 0);
    m.w32(at + ANONYMOUS)
        .get()
        .saturating_add(free.count() as u32)
}

// ---------------------------------------------------------------- acquire

fn take(m: &Mem, at: u64, slot: Slot) -> Option<Permit> {
    let n = owned(m, at);
    for k in 0..n {
        let i = (slot + k) % n;
        let w = m.w32(word(at, i));
        if w.get() == 0 && w.cas(0, slot + 1) {
            return Some(Permit::Owned(i));
        }
    }
    let count = m.w32(at + ANONYMOUS);
    loop {
        let old = count.get();
        if old == 0 {
            return None;
        }
        if count.cas(old, old - 1) {
            return Some(Permit::Anonymous);
        }
    }
}

/// One try of somebody who has `waited` before or has not.
fn attempt(m: &Mem, at: u64, slot: Slot, waited: bool) -> Option<Permit> {
    let gate = m.w32(at + GATE);
    if !waited
        && gate.get() & FAIR != 0
        && !mutex::is_stale(m, at + FREED)
        && !planted("newcomer takes a permit kept for others")
    {
        return None;
    }
    let permit = take(m, at, slot)?;
    if waited {
        loop {
            let old = gate.get();
            if gate.cas(old, old & !FAIR | WAITERS) {
                break;
            }
        }
        fence();
        if is_available(m, at) && !planted("the woken wakes no other") {
            pass_on(m, at, 1);
        }
    }
    Some(permit)
}

/// Does not wait.
pub fn try_acquire(m: &Mem, at: u64, slot: Slot) -> Option<Permit> {
    attempt(m, at, slot, false)
}

/// Blocks the calling thread until it has a permit, for at most `timeout`.
pub fn acquire(m: &Mem, at: u64, slot: Slot, timeout: Option<Duration>) -> Option<Permit> {
    let begun = Instant::now();
    let gate = m.w32(at + GATE);
    let mut waited = false;
    loop {
        let permit = attempt(m, at, slot, waited);
        if permit.is_some() {
            return permit;
        }
        let passed = begun.elapsed();
        let left = timeout.map_or(SLICE, |t| t.saturating_sub(passed));
        if left.is_zero() {
            if waited {
                give_up(m, at);
            }
            return None;
        }
        let old = gate.get();
        let mut want = old | WAITERS;
        if waited && (cfg!(loom) || passed >= PATIENCE) {
            want |= FAIR;
        }
        if want != old && !gate.cas(old, want) {
            continue;
        }
        fence();
        if is_available(m, at) {
            // free, but for those who have waited: a nap makes us one of them
            if !waited && want & FAIR != 0 {
                m.nap(at + GATE, want, left.min(PATIENCE));
                waited = true;
            }
            continue;
        }
        let slice = if want & FAIR == 0 { PATIENCE } else { SLICE };
        m.wait(at + GATE, want, left.min(slice));
        waited = true;
    }
}

/// For event loops: tries, else sees to it that the slot's bell rings. `waited`: since this waiter began, zero at first.
pub fn try_acquire_or_arm(m: &Mem, at: u64, slot: Slot, waited: Duration) -> Try {
    let gate = m.w32(at + GATE);
    let waits = !waited.is_zero();
    let mut armed = false;
    loop {
        if let Some(permit) = attempt(m, at, slot, waits) {
            return Try::Acquired(permit);
        }
        if !armed {
            bell::arm(m, at + ARMED, slot);
            armed = true;
        }
        let old = gate.get();
        let mut want = old | WAITERS;
        if waited >= PATIENCE {
            want |= FAIR;
        }
        if want != old && !gate.cas(old, want) {
            continue;
        }
        fence();
        let retry = if want & FAIR == 0 { PATIENCE } else { SLICE };
        if planted("no look after the announcement") || !is_available(m, at) {
            return Try::Armed { retry };
        }
        if !waits && want & FAIR != 0 {
            return Try::Armed { retry: PATIENCE };
        }
    }
}

/// A waiter leaves without a permit. It may have been the one that was woken, and others may sleep.
pub fn give_up(m: &Mem, at: u64) {
    let gate = m.w32(at + GATE);
    loop {
        let old = gate.get();
        let new = if planted("who gives up wakes nobody") {
            old & !FAIR
        } else {
            old & !FAIR | WAITERS
        };
        if gate.cas(old, new) {
            break;
        }
    }
    fence();
    if is_available(m, at) {
        pass_on(m, at, 1);
    }
}

// ---------------------------------------------------------------- release

/// Permits are available: wakes `n` sleepers and rings the armed, if any wait. After every release.
pub fn pass_on(m: &Mem, at: u64, n: u32) {
    fence();
    let gate = m.w32(at + GATE);
    loop {
        let old = gate.get();
        if old & WAITERS == 0 || planted("a release wakes nobody") {
            return;
        }
        let mut new = old.wrapping_add(1) & TURNS;
        if old & FAIR != 0 {
            mutex::note_freed(m, at + FREED);
            new |= FAIR | WAITERS;
        }
        if gate.cas(old, new) {
            m.wake(at + GATE, n.min(i32::MAX as u32) as i32);
            bell::ring_armed(m, at + ARMED);
            return;
        }
    }
}

/// Gives `n` permits back, or none.
pub fn release(m: &Mem, at: u64, slot: Slot, n: u32) -> Result<(), Refused> {
    let done = n == 1 && release_own(m, at, slot);
    if !done {
        several::release(m, at, slot, n)?;
    }
    pass_on(m, at, n);
    Ok(())
}

fn release_own(m: &Mem, at: u64, slot: Slot) -> bool {
    (0..owned(m, at)).any(|i| m.w32(word(at, i)).cas(slot + 1, 0))
}

// ---------------------------------------------------------------- death

/// Whether the slot is on record as the owner of a permit.
pub fn is_owner(m: &Mem, at: u64, slot: Slot) -> bool {
    (0..owned(m, at)).any(|i| m.w32(word(at, i)).get() & OWNER == slot + 1)
}

/// Owners of permits, once for each.
pub fn owners(m: &Mem, at: u64) -> Vec<Slot> {
    (0..owned(m, at))
        .map(|i| m.w32(word(at, i)).get() & OWNER)
        .filter(|owner| *owner != 0 && *owner != NOBODY)
        .map(|owner| owner - 1)
        .collect()
}

/// Supervisor: `slot` is dead. Wakes whatever the state: the dead may have released and not yet woken.
pub fn after_death(m: &Mem, at: u64, slot: Slot, orderly: bool) {
    if lock::owner(m, at + INNER) == Some(slot) {
        several::finish(m, at);
    }
    let known = m.w32(at + FLAGS).get() & UNKNOWN == 0;
    for i in 0..owned(m, at) {
        let w = m.w32(word(at, i));
        loop {
            let old = w.get();
            if old & OWNER != slot + 1 || planted("permits of the dead are lost") {
                break;
            }
            let back = !orderly && known && old & RESERVED == 0;
            if w.cas(old, if back { 0 } else { NOBODY | old & RESERVED }) {
                break;
            }
        }
    }
    lock::open(m, at + INNER, slot);
    let gate = m.w32(at + GATE);
    loop {
        let old = gate.get();
        if gate.cas(old, old.wrapping_add(1) & TURNS | old & WAITERS) {
            break;
        }
    }
    fence();
    m.wake(at + GATE, i32::MAX);
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

    /// A semaphore in the arena: a checked view, valid as long as the block is held.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Semaphore {
        at: u64,
    }

    impl Semaphore {
        /// Makes one with `first` permits, held once by `heap`. The label is for `inspect`; it is cut at 64 bytes.
        ///
        /// Errors: `Argument` for more than 2^31 - 1 permits; `OutOfMemory`.
        pub fn new(heap: &mut Heap, first: u32, bounded: bool, label: &str) -> Result<Id, Error> {
            if first > MOST {
                return Err(Error::Argument {
                    name: "value",
                    was: first.to_string(),
                    allowed: "0..=2147483647",
                });
            }
            let id = heap.alloc(size(first), Kind::Semaphore)?;
            let m = heap.mem();
            let at = block::data(m, id);
            init(m, at, first, bounded);
            slots::set_text(m, at + LABEL, LABEL_SIZE, label);
            Ok(id)
        }

        /// Checks that `id` names a semaphore.
        pub fn open(arena: &Arena, id: Id) -> Result<Semaphore, Error> {
            let m = &arena.mem;
            let at = block::open(m, id, Kind::Semaphore, WORDS)?;
            if WORDS + owned(m, at) as u64 * 4 > block::size(m, id) {
                return Err(Error::Corrupt {
                    id: id.as_u64(),
                    what: "more permits than the block has room for",
                });
            }
            Ok(Semaphore { at })
        }

        /// Permits left now.
        pub fn value(&self, arena: &Arena) -> u32 {
            value(&arena.mem, self.at)
        }

        pub fn try_acquire(&self, arena: &Arena, slot: Slot) -> Option<Permit> {
            try_acquire(&arena.mem, self.at, slot)
        }

        /// Blocks the thread. None as the timeout: for ever. None: the timeout passed.
        pub fn acquire(
            &self,
            arena: &Arena,
            slot: Slot,
            timeout: Option<Duration>,
        ) -> Option<Permit> {
            acquire(&arena.mem, self.at, slot, timeout)
        }

        /// Tries, else arms the slot's bell. `waited`: how long this waiter has waited so far; zero at its first try.
        pub fn try_acquire_or_arm(&self, arena: &Arena, slot: Slot, waited: Duration) -> Try {
            try_acquire_or_arm(&arena.mem, self.at, slot, waited)
        }

        /// A waiter of an event loop leaves without a permit.
        pub fn give_up(&self, arena: &Arena) {
            give_up(&arena.mem, self.at)
        }

        /// Gives `n` permits back, or none.
        pub fn release(&self, arena: &Arena, slot: Slot, n: u32) -> Result<(), Refused> {
            release(&arena.mem, self.at, slot, n)
        }

        /// A permit was released by other means (JavaScript's): wakes who waits for it.
        pub fn pass_on(&self, arena: &Arena, n: u32) {
            pass_on(&arena.mem, self.at, n)
        }
    }
}
#[cfg(not(loom))]
pub use view::Semaphore;
