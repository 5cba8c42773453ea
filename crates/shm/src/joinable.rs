//! A queue whose items are also reported as done.
//!
//! ```text
//! DONE u64      items reported as done; never more than were put
//! ARMED_JOIN    who waits until all are
//! ```
//! What is unfinished is the number of committed pushes less DONE. PSEQ stands one too high between a push's two last stores, and
//! after a kill there until the supervisor settles it (`ring.rs`); TAIL carries the committed number mod 8, so [`put`] reads it
//! exactly in any of these. It never falls. [`done`] counts by a CAS against it, so no report is counted beyond it.
//!
//! **No wake is lost.** A joiner arms, fences, looks. A report counts, fences, and rings all that are armed if nothing is left.
//! **Kills.** A report is its CAS; killed between that and the ring, every death rings every bell. An item that was got by a process
//! that died before its report stays unfinished: nobody can know whether it was done.

use crate::bell;
use crate::geometry::{Id, Slot};
use crate::mem::Mem;
use crate::plant::planted;
use crate::ring;

fn at(m: &Mem, queue: Id) -> u64 {
    ring::base(m, queue)
}

/// Items whose push is committed.
fn put(m: &Mem, queue: Id) -> u64 {
    let at = at(m, queue);
    let tail = m.w64(at + ring::TAIL);
    loop {
        let before = tail.get();
        let number = m.w64(at + ring::PSEQ).get();
        if tail.get() == before {
            return number.wrapping_sub(number.wrapping_sub(before) & 7);
        }
    }
}

/// Reports one item as done. False: as many are reported as were put; nothing was counted.
pub fn done(m: &Mem, queue: Id) -> bool {
    let word = m.w64(at(m, queue) + ring::DONE);
    loop {
        let old = word.get();
        let put = put(m, queue);
        if old >= put && !planted("reports pass what was put") {
            return false;
        }
        if word.cas(old, old + 1) {
            if old + 1 >= put && !planted("last report wakes nobody") {
                bell::ring_armed(m, at(m, queue) + ring::ARMED_JOIN);
            }
            return true;
        }
    }
}

/// Items put and not reported.
pub fn unfinished(m: &Mem, queue: Id) -> u64 {
    let done = m.w64(at(m, queue) + ring::DONE).get();
    put(m, queue).saturating_sub(done)
}

/// True: nothing is unfinished. False: the slot's bell rings when that may be so.
pub fn is_joined_or_arm(m: &Mem, queue: Id, slot: Slot) -> bool {
    if unfinished(m, queue) == 0 {
        return true;
    }
    bell::arm(m, at(m, queue) + ring::ARMED_JOIN, slot);
    unfinished(m, queue) == 0
}
