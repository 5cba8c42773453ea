//! Closing a ring: at once, by one producer, or by the last of them.

use super::*;

/// Nobody may put any more.
pub fn is_closed(m: &Mem, queue: Id) -> bool {
    m.w64(base(m, queue) + CLOSED).get() & 1 != 0
}

/// Closed, or closed by this producer.
#[inline]
pub(super) fn is_closed_for(m: &Mem, at: u64, slot: Slot) -> bool {
    if m.w64(at + CLOSED).get() & 1 != 0 {
        return true;
    }
    m.w64(at + PRODUCERS).get() != 0 && {
        let (word, bit) = crate::geometry::set_bit(slot);
        m.w64(at + CLOSED_BY + word).get() & bit != 0
    }
}

pub fn is_producer_closed(m: &Mem, queue: Id, slot: Slot) -> bool {
    is_closed_for(m, base(m, queue), slot)
}

/// Producers that will put no more.
fn finished(m: &Mem, at: u64) -> u64 {
    let bits: u64 = (0..SET_SIZE / 8)
        .map(|i| m.w64(at + CLOSED_BY + i * 8).get().count_ones() as u64)
        .sum();
    bits + m.w64(at + ENDED).get()
}

/// Sets CLOSED if it is time, and wakes all. CLOSED never goes back.
fn close_if_finished(m: &Mem, at: u64) {
    let producers = m.w64(at + PRODUCERS).get();
    if producers == 0 || finished(m, at) >= producers {
        m.w64(at + CLOSED).or(1);
    }
    if m.w64(at + CLOSED).get() & 1 != 0 && !planted("close wakes nobody") {
        bell::ring_armed(m, at + ARMED_POP);
        bell::ring_armed(m, at + ARMED_PUSH);
    }
}

/// This producer puts no more (announced producers), or nobody does. Under the push lock: a push that has looked at CLOSED
/// commits before it is set, so what a consumer finds after CLOSED is all there will ever be.
pub fn close(m: &Mem, queue: Id, slot: Slot) {
    let at = base(m, queue);
    lock::lock(m, at + PUSH_LOCK, slot);
    if m.w64(at + PRODUCERS).get() != 0 {
        let (word, bit) = crate::geometry::set_bit(slot);
        m.w64(at + CLOSED_BY + word).or(bit);
    }
    let done = m.w64(at + PRODUCERS).get();
    if done == 0 || finished(m, at) >= done {
        m.w64(at + CLOSED).or(1);
    }
    lock::unlock(m, at + PUSH_LOCK);
    close_if_finished(m, at);
}

/// Supervisor: `slot` is dead. One that has put or closed counts as ended: its bits first, then the number, so that no
/// producer is ever counted twice; CLOSED, once set, stays. (If the supervisor dies, so does the tree.)
pub fn end_producer(m: &Mem, queue: Id, slot: Slot) {
    let at = base(m, queue);
    if m.w64(at + PRODUCERS).get() == 0 {
        return;
    }
    let (word, bit) = crate::geometry::set_bit(slot);
    let put = m.w64(at + PUT_BY + word).and(!bit) & bit;
    let closed = m.w64(at + CLOSED_BY + word).and(!bit) & bit;
    if put | closed != 0 && !planted("dead producer is not counted") {
        m.w64(at + ENDED).add(1);
    }
    close_if_finished(m, at);
}
