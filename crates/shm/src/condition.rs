//! The condition: threads that wait, with a lock given up meanwhile, until others notify them.
//!
//! ```text
//! +0 the lock's id u64    +8 slot that was notified last u32    +16 set of slots that have waited    +64 label 64 B
//! +128 for each slot a word u32 = waiting (16 bits) << 16 | notified (16 bits), notified <= waiting
//! waiting + 1                  the slot's own thread, with the lock held, before it gives the lock up
//! notified + 1                 anyone who notifies, and has the slot rung
//! waiting - 1, notified - 1    the slot's own thread: a waiter of it goes on
//! waiting - 1                  the slot's own thread: a waiter gives up, where notified < waiting
//! → 0                          the supervisor, after the slot's death
//! ```
//! A notify is a number in the slot of a waiter: it is there until a waiter of that slot takes it, and each takes one. Which
//! of the waiters of a slot it is decides that slot's thread (they are its event loop's, first come first served, and
//! the blocked thread itself before them). Between slots it goes round, so that none is passed over for ever.
//!
//! **No notify is lost, none is for one who came later.** The waiter is counted before it gives up the lock, and who notifies
//! holds that lock: so it sees all who waited before, and counts only those. Where all waiters of a slot are notified, one
//! that gives up is one of them: it takes its notify with it, and goes on as notified, or, where it must not (an abort), notifies
//! another. One that gives up and is not notified changes nothing for the others.
//!
//! **Who is notified is rung when the lock is released** (mutex.rs, RING), since it could do nothing before: a wake at once would switch
//! to a thread that goes to sleep again on the lock.
//!
//! **Kills.** A waiter: the supervisor clears its slot's word, and passes what was notified and not yet taken on to others.
//! One that took its notify and died before it did anything about it is like a thread that dies after its wait: nothing
//! can know what it left undone. A notifier between the word and the ring: the supervisor rings every bell on every death.
//! Nobody waits for anybody here: the lock is the users' own, with its own protocol.

use crate::bell;
#[cfg(loom)]
use crate::bell::SET_SIZE;
use crate::geometry::{set_bit, Slot, SET_BITS, SLOTS};
use crate::mem::{fence, Mem};
use crate::mutex;
use crate::plant::planted;
use std::time::Duration;

pub const LOCK: u64 = 0;
pub const LAST: u64 = 8;
const WAITED: u64 = 16;
pub const LABEL: u64 = 64;
pub const LABEL_SIZE: usize = 64;
#[cfg(not(loom))]
const WORDS: u64 = 128;
#[cfg(loom)]
const WORDS: u64 = WAITED + SET_SIZE;
/// Bytes of a condition's block.
pub const SIZE: u64 = WORDS + SLOTS as u64 * 4;

const ONE_WAITING: u32 = 1 << 16;
const NOTIFIED: u32 = 0xffff;

fn waiting(word: u32) -> u32 {
    word >> 16
}
fn notified(word: u32) -> u32 {
    word & NOTIFIED
}
fn word_at(at: u64, slot: Slot) -> u64 {
    at + WORDS + slot as u64 * 4
}

/// The slot's own thread has one waiter more. With the lock held. False: 65,535 wait already.
pub fn enter(m: &Mem, at: u64, slot: Slot) -> bool {
    let (set_word, bit) = set_bit(slot);
    let set = m.w64(at + WAITED + set_word);
    if set.get() & bit == 0 {
        set.or(bit);
    }
    let word = m.w32(word_at(at, slot));
    loop {
        let old = word.get();
        if waiting(old) == 0xffff {
            return false;
        }
        if word.cas(old, old + ONE_WAITING) {
            return true;
        }
    }
}

/// A waiter of the slot goes on, if one was notified.
pub fn take(m: &Mem, at: u64, slot: Slot) -> bool {
    let word = m.w32(word_at(at, slot));
    loop {
        let old = word.get();
        if notified(old) == 0 || waiting(old) == 0 {
            return false;
        }
        if word.cas(old, old - ONE_WAITING - 1) {
            return true;
        }
    }
}

/// A waiter of the slot gives up. True: it had been notified.
pub fn leave(m: &Mem, at: u64, slot: Slot) -> bool {
    let word = m.w32(word_at(at, slot));
    loop {
        let old = word.get();
        if waiting(old) == 0 {
            return false;
        }
        let told = notified(old) >= waiting(old) && !planted("who leaves takes no notify along");
        if word.cas(old, old - ONE_WAITING - told as u32) {
            return told;
        }
    }
}

/// Notifies `most` waiters of the slot that have not been, or as many as there are; how many it were.
fn notify_slot(m: &Mem, at: u64, slot: Slot, most: u32, lock: Option<u64>) -> u32 {
    let word = m.w32(word_at(at, slot));
    loop {
        let old = word.get();
        let n = waiting(old).saturating_sub(notified(old)).min(most);
        if n == 0 {
            return 0;
        }
        if word.cas(old, old + n) {
            if !planted("notify rings nobody") {
                match lock {
                    Some(lock) => mutex::ring_at_release(m, lock, slot),
                    None => bell::ring(m, slot),
                }
            }
            return n;
        }
    }
}

/// Calls `f` with each slot in `range` that has waited, until it gives false. False: it did.
fn each_waited(
    m: &Mem,
    at: u64,
    range: std::ops::Range<Slot>,
    mut f: impl FnMut(Slot) -> bool,
) -> bool {
    let mut slot = range.start;
    while slot < range.end {
        let (word, bit) = set_bit(slot);
        let bits = m.w64(at + WAITED + word).get() & bit.wrapping_neg();
        if bits == 0 {
            slot = (slot / SET_BITS + 1) * SET_BITS;
            continue;
        }
        slot = slot / SET_BITS * SET_BITS + bits.trailing_zeros();
        if slot < range.end && !f(slot) {
            return false;
        }
        slot += 1;
    }
    true
}

/// Notifies at most `n` waiters (u32::MAX: all); how many it were. `lock`: where the mutex is that they will want.
pub fn notify(m: &Mem, at: u64, n: u32, lock: Option<u64>) -> u32 {
    fence();
    let last = m.w32(at + LAST);
    let first = last.get().wrapping_add(1) % SLOTS;
    let turn = if n == u32::MAX { n } else { 1 };
    let mut done = 0;
    // each round goes once through all slots, and gives each its turn
    while done < n {
        let before = done;
        let mut give = |slot| {
            let told = notify_slot(m, at, slot, turn, lock);
            if told > 0 {
                done += told;
                last.set(slot);
            }
            done < n
        };
        let _ = each_waited(m, at, first..SLOTS, &mut give) && each_waited(m, at, 0..first, give);
        if done == before {
            break;
        }
    }
    done
}

/// Blocks the slot's thread until one of its waiters is notified, for at most a slice of `timeout`. True: it was.
pub fn wait(m: &Mem, at: u64, slot: Slot, timeout: Duration) -> bool {
    let seen = bell::seen(m, slot);
    if take(m, at, slot) {
        return true;
    }
    bell::sleep(m, slot, seen, timeout);
    take(m, at, slot)
}

/// Slots that wait, with the number of their waiters.
pub fn waiters(m: &Mem, at: u64) -> Vec<(Slot, u32)> {
    (0..SLOTS)
        .map(|slot| (slot, waiting(m.w32(word_at(at, slot)).get())))
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// Supervisor: `slot` is dead.
pub fn after_death(m: &Mem, at: u64, slot: Slot) {
    let old = m.w32(word_at(at, slot)).swap(0);
    let (word, bit) = set_bit(slot);
    m.w64(at + WAITED + word).and(!bit);
    if !planted("the dead keep their notify") {
        notify(m, at, notified(old), None);
    }
}

#[cfg(not(loom))]
mod view {
    use super::*;
    use crate::arena::Arena;
    use crate::geometry::Id;
    use crate::heap::Heap;
    use crate::mutex::Mutex;
    use crate::tag::Kind;
    use crate::{block, slots, Error};

    /// A condition in the arena: a checked view, valid as long as the block is held.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Condition {
        at: u64,
    }

    impl Condition {
        /// Makes one, held once by `heap`. The lock is only noted: whoever uses the condition holds its block. The label is cut at
        /// 64 bytes.
        pub fn new(heap: &mut Heap, lock: Id, label: &str) -> Result<Id, Error> {
            let id = heap.alloc(SIZE, Kind::Condition)?;
            let m = heap.mem();
            let at = block::data(m, id);
            m.w64(at + LOCK).set(lock.as_u64());
            slots::set_text(m, at + LABEL, LABEL_SIZE, label);
            Ok(id)
        }

        /// Checks that `id` names a condition.
        pub fn open(arena: &Arena, id: Id) -> Result<Condition, Error> {
            let at = block::open(&arena.mem, id, Kind::Condition, SIZE)?;
            Ok(Condition { at })
        }

        /// The calling thread, whose slot it is, will wait. With the lock held. False: 65,535 of it wait already.
        pub fn enter(&self, arena: &Arena, slot: Slot) -> bool {
            enter(&arena.mem, self.at, slot)
        }

        /// One of the slot's waiters goes on, if one was notified.
        pub fn take(&self, arena: &Arena, slot: Slot) -> bool {
            take(&arena.mem, self.at, slot)
        }

        /// Blocks the thread until it is notified, for at most `timeout` and 200 ms.
        pub fn wait(&self, arena: &Arena, slot: Slot, timeout: Duration) -> bool {
            wait(&arena.mem, self.at, slot, timeout)
        }

        /// One of the slot's waiters gives up. True: it had been notified.
        pub fn leave(&self, arena: &Arena, slot: Slot) -> bool {
            leave(&arena.mem, self.at, slot)
        }

        /// Notifies at most `n`; how many it were. They are woken when the lock is released.
        pub fn notify(&self, arena: &Arena, n: u32) -> u32 {
            let m = &arena.mem;
            let lock = Mutex::open(arena, Id::from_u64(m.w64(self.at + LOCK).get()));
            notify(m, self.at, n, lock.ok().map(|lock| lock.word_offset()))
        }
    }
}
#[cfg(not(loom))]
pub use view::Condition;
