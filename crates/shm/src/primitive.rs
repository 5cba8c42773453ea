//! The primitives by their kind: what the heap and the supervisor ask of any of them.

use crate::block::{data, kind_number};
use crate::geometry::{Id, Slot};
use crate::mem::Mem;
use crate::tag::Kind;
use crate::{barrier, condition, event, mutex, ring, rwlock, semaphore};

/// Whether the slot owns something of it, so that it has to hold the block.
pub(crate) fn is_owned_by(m: &Mem, id: Id, slot: Slot) -> bool {
    let at = data(m, id);
    match Kind::from_number(kind_number(m, id)) {
        Some(Kind::Mutex | Kind::RLock) => mutex::look(m, at).0 == Some(slot),
        Some(Kind::Semaphore) => semaphore::is_owner(m, at, slot),
        Some(Kind::RwLock) => rwlock::is_inside(m, at, slot),
        _ => false,
    }
}

/// How a thread ended that is repaired for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Death {
    pub slot: Slot,
    pub pid: u32,
    /// It said that it would end, and left nothing undone (slots.rs).
    pub orderly: bool,
}

/// Supervisor: makes the object usable again after the death of a slot that held it, and wakes who waits for it.
pub(crate) fn repair(m: &Mem, id: Id, kind: u8, death: Death) {
    let at = data(m, id);
    let Death { slot, pid, orderly } = death;
    match Kind::from_number(kind) {
        Some(Kind::Queue) => ring::settle(m, id, slot),
        Some(Kind::Mutex | Kind::RLock) => mutex::end_of(m, at, slot, pid, true),
        Some(Kind::Semaphore) => semaphore::after_death(m, at, slot, orderly),
        Some(Kind::RwLock) => rwlock::after_death(m, at, slot, pid),
        Some(Kind::Condition) => condition::after_death(m, at, slot),
        Some(Kind::Event) => event::wake_after_death(m, at),
        Some(Kind::Barrier) => barrier::after_death(m, at, orderly),
        _ => (),
    }
}
