//! The table of slots: who belongs to the tree.
//!
//! ```text
//! +0 state u64 = generation 32 << 32 | claimer 16 << 16 | phase    FREE 0, CLAIMED 1, ALIVE 2, DEAD 3
//! +8 who u64 = generation 16 << 48 | start time 26 << 22 | pid 22     +16 start time u64
//! +24 bell u32   +28 sleep u32   +32 bell's descriptor + 1, u32   +36 flags u32: NEED_POKE 2, ORDERLY 4   +40 parent u32   +44 tid u32
//! +48 name, 64 B of utf8 padded with zeros
//! ```
//! FREE→CLAIMED: a parent, before it starts the thread; the generation grows. CLAIMED→ALIVE: the thread itself.
//! →DEAD: the thread at its orderly end, the parent that saw it die before it entered, or the supervisor. DEAD→FREE: the
//! supervisor, after the repair. So a slot number is never used again while a word may still carry it.
//!
//! **The stale child.** A claimer dies, its claim is taken back, the slot is claimed anew, and only then does the first
//! child get to enter: its CAS of the state fails, since the generation differs. But it has to say who it is *before* that
//! CAS, or a death right after it would go unseen. So pid, start time and generation are one word, and a CAS never puts an
//! older generation over a newer one.
//!
//! **Kills.** Between who and ALIVE: still CLAIMED; the parent abandons it when it sees the death, and the supervisor takes
//! it back when the claimer is dead too. A claimed slot may already hold blocks ([`crate::Heap::pre_hold`]), so it goes
//! through DEAD and the repair as well.

use crate::geometry::{Slot, SLOTS, SLOT_SIZE, SLOT_TABLE, SUPERVISOR};
use crate::mem::Mem;
use crate::plant::planted;
use crate::Error;

pub const FREE: u64 = 0;
pub const CLAIMED: u64 = 1;
pub const ALIVE: u64 = 2;
pub const DEAD: u64 = 3;

/// In the flags: the thread ends as it meant to, with exit code 0 and no wait pending; what it has taken and not given back it
/// leaves on purpose. Not there: it was killed, or failed.
const ORDERLY: u32 = 4;

/// The slot's own thread ends as it meant to.
pub fn set_orderly(m: &Mem, slot: Slot) {
    m.w32(flags(slot)).or(ORDERLY);
}
/// How the dead slot's thread ended.
pub fn is_orderly(m: &Mem, slot: Slot) -> bool {
    m.w32(flags(slot)).get() & ORDERLY != 0
}

/// Somebody could not open the slot's pipe and asks its process to write into it.
pub(crate) const NEED_POKE: u32 = 2;

/// Bytes of a slot's name.
pub(crate) const NAME: usize = 64;

pub(crate) fn at(slot: Slot) -> u64 {
    SLOT_TABLE + (slot % SLOTS) as u64 * SLOT_SIZE
}
pub fn state(slot: Slot) -> u64 {
    at(slot)
}
pub(crate) fn bell(slot: Slot) -> u64 {
    at(slot) + 24
}
pub(crate) fn sleep(slot: Slot) -> u64 {
    at(slot) + 28
}
pub(crate) fn bell_fd(slot: Slot) -> u64 {
    at(slot) + 32
}
pub(crate) fn flags(slot: Slot) -> u64 {
    at(slot) + 36
}

pub fn pack(generation: u32, claimer: Slot, phase: u64) -> u64 {
    (generation as u64) << 32 | (claimer as u64) << 16 | phase
}
pub fn phase(state: u64) -> u64 {
    state & 0xffff
}
pub fn claimer(state: u64) -> Slot {
    (state >> 16 & 0xffff) as Slot
}
pub fn generation(state: u64) -> u32 {
    (state >> 32) as u32
}

const PID: u64 = (1 << 22) - 1;
const START: u64 = (1 << 26) - 1;

/// Who a thread's process is, in one word.
pub fn identity(generation: u32, pid: u32, start: u64) -> u64 {
    (generation as u64 & 0xffff) << 48 | (start & START) << 22 | pid as u64 & PID
}
/// The word as it is now; 0: nobody said yet.
pub fn who(m: &Mem, slot: Slot) -> u64 {
    m.w64(at(slot) + 8).get()
}
pub(crate) fn pid_of(who: u64) -> Option<u32> {
    (who & PID != 0).then_some((who & PID) as u32)
}
pub(crate) fn start_of(who: u64) -> u64 {
    who >> 22 & START
}
/// Start times are kept modulo 2^26: that is enough to tell two processes with one pid apart.
pub(crate) fn same_start(a: u64, b: u64) -> bool {
    a & START == b & START
}

pub(crate) fn is_used(m: &Mem, slot: Slot) -> bool {
    slot == SUPERVISOR || phase(m.w64(state(slot)).get()) != FREE
}

/// Its thread runs, as far as is known.
pub(crate) fn is_alive(m: &Mem, slot: Slot) -> bool {
    phase(m.w64(state(slot)).get()) == ALIVE
}

/// FREE→CLAIMED of any slot but the root's and the supervisor's. `by` is the claimer's slot.
pub fn claim(m: &Mem, by: Slot) -> Result<(Slot, u32), Error> {
    for slot in 1..SUPERVISOR {
        let word = m.w64(state(slot));
        let old = word.get();
        let generation = generation(old).wrapping_add(1);
        if phase(old) == FREE && word.cas(old, pack(generation, by, CLAIMED)) {
            return Ok((slot, generation));
        }
    }
    Err(Error::NoFreeSlot)
}

/// CLAIMED→ALIVE, by the thread that the slot was claimed for. `identity` as [`identity`] makes it.
pub fn enter(m: &Mem, slot: Slot, generation_: u32, identity: u64) -> Result<(), Error> {
    let taken = Err(Error::SlotTaken { slot });
    let word = m.w64(at(slot) + 8);
    loop {
        let old = word.get();
        let newer = ((old >> 48) as u16).wrapping_sub(generation_ as u16) as i16 > 0;
        if old != 0 && newer && !planted("stale child overwrites") {
            return taken;
        }
        if word.cas(old, identity) {
            break;
        }
    }
    let word = m.w64(state(slot));
    let old = word.get();
    if generation(old) != generation_ || phase(old) != CLAIMED {
        return taken;
    }
    if word.cas(old, pack(generation_, claimer(old), ALIVE)) {
        Ok(())
    } else {
        taken
    }
}

/// CLAIMED or ALIVE→DEAD, if it is still this generation. True: the supervisor has work.
pub fn bury(m: &Mem, slot: Slot, generation_: u32) -> bool {
    let word = m.w64(state(slot));
    loop {
        let old = word.get();
        if generation(old) != generation_ || !(phase(old) == CLAIMED || phase(old) == ALIVE) {
            return false;
        }
        if word.cas(old, pack(generation_, claimer(old), DEAD)) {
            return true;
        }
    }
}

/// CLAIMED→DEAD, if it is still this generation: the claimer does not want the child any more. False: the child has entered
/// (or it is over). One that enters at the same moment wins or loses by the CAS.
pub fn take_back(m: &Mem, slot: Slot, generation_: u32) -> bool {
    let word = m.w64(state(slot));
    let old = word.get();
    generation(old) == generation_
        && phase(old) == CLAIMED
        && word.cas(old, pack(generation_, claimer(old), DEAD))
}

/// Supervisor: `dead` is dead; slots that it claimed for children that have not entered die too (their children are ended
/// with their parent). One that enters at the same moment wins or loses by the CAS.
pub fn take_back_claims(m: &Mem, dead: Slot) -> bool {
    let mut any = false;
    for slot in 1..SUPERVISOR {
        let old = m.w64(state(slot)).get();
        if phase(old) == CLAIMED && claimer(old) == dead {
            any |= m
                .w64(state(slot))
                .cas(old, pack(generation(old), dead, DEAD));
        }
    }
    any
}

/// Supervisor, after the repair: DEAD→FREE.
pub fn free(m: &Mem, slot: Slot) {
    let word = m.w64(state(slot));
    let old = word.get();
    if phase(old) == DEAD {
        m.w32(flags(slot)).and(!ORDERLY);
        word.cas(old, pack(generation(old), 0, FREE));
    }
}

#[cfg(not(loom))]
mod table {
    use super::*;

    /// What a slot says about its thread.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SlotInfo {
        pub slot: Slot,
        pub phase: SlotPhase,
        pub generation: u32,
        /// 0: not known (yet).
        pub pid: u32,
        pub tid: u32,
        /// The slot that started it.
        pub parent: Slot,
        pub name: String,
    }

    /// Where a slot is in its life.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SlotPhase {
        Free,
        /// Taken for a thread that has not begun.
        Claimed,
        Alive,
        /// Ended, not yet repaired.
        Dead,
    }

    pub(crate) fn info(m: &Mem, slot: Slot) -> SlotInfo {
        let state = m.w64(state(slot)).get();
        let phase = match phase(state) {
            CLAIMED => SlotPhase::Claimed,
            ALIVE => SlotPhase::Alive,
            DEAD => SlotPhase::Dead,
            _ => SlotPhase::Free,
        };
        let known = matches!(phase, SlotPhase::Alive | SlotPhase::Dead);
        SlotInfo {
            slot,
            phase,
            generation: generation(state),
            pid: if known {
                pid_of(who(m, slot)).unwrap_or(0)
            } else {
                0
            },
            tid: m.w32(at(slot) + 44).get(),
            parent: m.w32(at(slot) + 40).get(),
            name: text(m, at(slot) + 48, NAME),
        }
    }

    /// What the thread says about itself once it is ALIVE. For people; nothing rests on it.
    pub(crate) fn describe(m: &Mem, slot: Slot, parent: Slot, tid: u32, start: u64, name: &str) {
        m.w64(at(slot) + 16).set(start);
        m.w32(at(slot) + 40).set(parent);
        m.w32(at(slot) + 44).set(tid);
        m.w32(flags(slot)).set(0);
        m.w32(bell_fd(slot)).set(0);
        m.w32(sleep(slot)).set(0);
        set_text(m, at(slot) + 48, NAME, name);
    }

    /// Utf8 padded with zeros, cut where a character ends.
    pub(crate) fn set_text(m: &Mem, offset: u64, room: usize, text: &str) {
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = vec![0; room];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        m.put(offset, &bytes);
    }

    pub(crate) fn text(m: &Mem, offset: u64, room: usize) -> String {
        let mut bytes = vec![0; room];
        m.read(offset, &mut bytes);
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(room);
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }
}
#[cfg(not(loom))]
pub use table::*;
