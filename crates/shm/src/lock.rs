//! The lock inside of queues. Users never see it.
//!
//! ```text
//! word = owner slot + 1 (16 bits), WAITERS (bit 31)
//! 0 → owner          anyone, by CAS
//! owner → + WAITERS  anyone who is about to sleep
//! owner → 0          the owner (wakes one if WAITERS), or the supervisor after the owner's death and the judgement of
//!                    everything that the lock had frozen (wakes all)
//! ```
//! Who owns it holds the block that it lies in. It is held for the copy of a record, never while sleeping.
//! **Kills.** An owner: the supervisor opens. One that has released and not yet woken, or was woken and did not yet take:
//! the supervisor wakes all on every death. A sleeper that took over keeps WAITERS set, since others may sleep too.
//! Sleeps are sliced, so that a lost wake costs one slice at most.

use crate::geometry::Slot;
use crate::mem::Mem;
use crate::plant::planted;
use std::time::Duration;

const WAITERS: u32 = 1 << 31;
const OWNER: u32 = 0xffff;
const SPINS: u32 = if cfg!(loom) { 0 } else { 50 };
/// The longest sleep without a look.
pub const SLICE: Duration = Duration::from_millis(200);

#[inline]
pub fn lock(m: &Mem, at: u64, slot: Slot) {
    if !m.w32(at).cas(0, slot + 1) {
        slow(m, at, slot)
    }
}

/// Does not wait.
pub fn try_lock(m: &Mem, at: u64, slot: Slot) -> bool {
    m.w32(at).cas(0, slot + 1)
}

#[cold]
fn slow(m: &Mem, at: u64, slot: Slot) {
    let word = m.w32(at);
    let mut me = slot + 1;
    for _ in 0..SPINS {
        if word.get() == 0 && word.cas(0, me) {
            return;
        }
        std::hint::spin_loop();
    }
    loop {
        let old = word.get();
        if old & OWNER == 0 {
            if word.cas(old, me | old & WAITERS) {
                return;
            }
            continue;
        }
        if old & WAITERS == 0 && !word.cas(old, old | WAITERS) {
            continue;
        }
        m.wait(at, old | WAITERS, SLICE);
        if !planted("taker forgets waiters") {
            me |= WAITERS;
        }
    }
}

#[inline]
pub fn unlock(m: &Mem, at: u64) {
    if m.w32(at).swap(0) & WAITERS != 0 && !planted("unlock without wake") {
        m.wake(at, 1);
    }
}

pub fn owner(m: &Mem, at: u64) -> Option<Slot> {
    (m.w32(at).get() & OWNER).checked_sub(1)
}

/// Supervisor: `slot` is dead, and what its lock froze has been judged. Wakes whatever the state.
pub fn open(m: &Mem, at: u64, slot: Slot) {
    let word = m.w32(at);
    loop {
        let old = word.get();
        if old & OWNER != slot + 1 || word.cas(old, 0) {
            break;
        }
    }
    m.wake(at, i32::MAX);
}
