//! The truth about a block: one state word, and a set of holders.
//!
//! ```text
//! meta, one line of 64 B:  +0 state   +8 tag   +16 pos   +24 holders: a bit for each slot
//! state = phase 4 bits << 60 | by 12 bits << 48 | version 48 bits
//! FREE     nobody's; holders empty; pos = bytes of its memory that are still committed
//! TAKEN    being made by slot `by`, which alone touches it
//! LIVE     an object; lives while a holder bit is set
//! TRANSIT  a message on its way: a committed (or just being written) record names it, it needs no holder
//! FREEING  being taken apart by slot `by`, which alone touches it
//! ```
//!
//! **Who may write what.** FREE→TAKEN anyone (CAS). TAKEN→LIVE its maker. LIVE→TRANSIT its only holder, under the
//! queue's push lock. TRANSIT→LIVE the taker, under the queue's pop lock. LIVE→FREEING anyone, by CAS, once the block is
//! garbage (below). FREEING→FREE its freer. The supervisor in the place of any of these, after that one's death.
//! A holder bit is set by its slot (or by one that holds the block, for a child that does not run yet), and cleared by its
//! slot, or by the supervisor after its death.
//!
//! **The version** grows with every alloc, with every `hold`, and with every TRANSIT→LIVE; it is never reset. `hold` sets
//! its bit first and bumps the version then.
//!
//! **Garbage (I1).** `(LIVE, version n)` and all holder words empty, the words read one after the other, and the state
//! still `(LIVE, n)` afterwards: then nobody holds the block, and nobody can ever again. Proof: a block can only be handed
//! from X to Y while X holds it, so Y's `hold` (bit, bump) happens before X's drop. A reader that sees X's bit cleared
//! (acquire) therefore finds Y's bump in the state when it does its CAS, which then fails. The reader's CAS to FREEING is
//! the second reading of the state. So several droppers may all find the garbage; one CAS wins.
//! Two droppers in different words: each clears its bit, fences, then reads all words, so at least one sees both clear.
//!
//! **Kills.** After clearing the bit and before the CAS: garbage by I1, found by the supervisor's scan. In TAKEN or
//! FREEING: `by` names the dead, the supervisor takes its place; every step of `finish` can be repeated. TRANSIT: see
//! `repair.rs`. Nothing here waits for anyone, so nothing can hang.

use crate::geometry::{
    high_water, set_bit, Id, Slot, HEADER_BUDGET, HEADER_RETAINED, LARGE, SET_WORDS,
};
use crate::mem::{fence, Mem, W64};
use crate::plant::planted;
use crate::tag::{self, Kind};

pub const FREE: u64 = 0;
pub const TAKEN: u64 = 1;
pub const LIVE: u64 = 2;
pub const TRANSIT: u64 = 3;
pub const FREEING: u64 = 4;

const VERSION_BITS: u32 = 48;
const VERSION: u64 = (1 << VERSION_BITS) - 1;
/// Free blocks of up to this size may keep their memory, so that the next message of that size costs no system call.
pub(crate) const RETAIN_BLOCK: u64 = 4 << 20;
/// Bytes of free blocks that may keep their memory, in the whole tree: so much, and not more than an eighth of the budget.
/// What nobody has used for a while goes too ([`trim`]).
const RETAIN_ALL: u64 = 128 << 20;

pub fn state(phase: u64, by: Slot, version: u64) -> u64 {
    phase << 60 | (by as u64 & 0xfff) << VERSION_BITS | version & VERSION
}
pub fn phase(state: u64) -> u64 {
    state >> 60
}
/// The maker (TAKEN) or freer (FREEING). Meaningless in other phases, where a version may run over into it.
pub fn by(state: u64) -> Slot {
    (state >> VERSION_BITS & 0xfff) as Slot
}
pub fn version(state: u64) -> u64 {
    state & VERSION
}

/// Offset of the block's meta line. The id has been checked.
#[inline(always)]
fn meta(m: &Mem, id: Id) -> u64 {
    m.geometry().classes[id.class()].meta + id.index() * crate::geometry::META_SIZE
}
#[inline(always)]
pub fn state_word(m: &Mem, id: Id) -> W64<'_> {
    m.w64(meta(m, id))
}
#[inline(always)]
pub fn tag_word(m: &Mem, id: Id) -> W64<'_> {
    m.w64(meta(m, id) + 8)
}
#[inline(always)]
pub fn pos_word(m: &Mem, id: Id) -> W64<'_> {
    m.w64(meta(m, id) + 16)
}
/// Offset of the holder set.
#[inline(always)]
fn holders(m: &Mem, id: Id) -> u64 {
    meta(m, id) + 24
}
/// Offset of the block's bytes.
#[inline(always)]
pub fn data(m: &Mem, id: Id) -> u64 {
    let class = &m.geometry().classes[id.class()];
    class.data + id.index() * class.size
}
/// Bytes of the block.
#[inline(always)]
pub fn size(m: &Mem, id: Id) -> u64 {
    m.geometry().classes[id.class()].size
}

pub fn is_held_by(m: &Mem, id: Id, slot: Slot) -> bool {
    let (word, bit) = set_bit(slot);
    m.w64(holders(m, id) + word).get() & bit != 0
}
/// Words of the holder set, read one after the other.
pub fn holder_words(m: &Mem, id: Id) -> [u64; SET_WORDS as usize] {
    let at = holders(m, id);
    std::array::from_fn(|i| m.w64(at + i as u64 * 8).get())
}
fn no_holders(m: &Mem, id: Id) -> bool {
    if planted("drop reads one word") {
        return m.w64(holders(m, id)).get() == 0;
    }
    let at = holders(m, id);
    (0..SET_WORDS).all(|i| m.w64(at + i * 8).get() == 0)
}

/// FREE→TAKEN. None: somebody else has it. Then `made` (or `finish`) must follow.
pub fn take(m: &Mem, id: Id, slot: Slot) -> Option<u64> {
    let word = state_word(m, id);
    let old = word.get();
    let new = state(TAKEN, slot, version(old) + 1);
    (phase(old) == FREE && word.cas(old, new)).then_some(new)
}

/// TAKEN→LIVE, held by the maker alone.
pub fn made(m: &Mem, id: Id, slot: Slot, taken: u64, tag: u64) {
    tag_word(m, id).set(tag);
    pos_word(m, id).set(0);
    let (word, bit) = set_bit(slot);
    if planted("live before held") {
        state_word(m, id).set(state(LIVE, 0, version(taken)));
    }
    m.w64(holders(m, id) + word).set(bit);
    state_word(m, id).set(state(LIVE, 0, version(taken)));
}

/// The caller knows that another hold (a holder's bit, TRANSIT, a pin of the supervisor) keeps the block for the duration.
#[inline]
pub fn hold(m: &Mem, id: Id, slot: Slot) {
    let (word, bit) = set_bit(slot);
    m.w64(holders(m, id) + word).or(bit);
    if !planted("hold bumps no version") {
        state_word(m, id).add(1);
    }
}

/// Clears the slot's bit, no more. The block may be garbage then.
pub(crate) fn clear_bit(m: &Mem, id: Id, slot: Slot) {
    let (word, bit) = set_bit(slot);
    m.w64(holders(m, id) + word).and(!bit);
}

/// Takes `slot`'s hold away; whoever finds that it was the last frees the block, as `by`. True: freed here.
/// Can be repeated.
pub fn drop_hold(m: &Mem, id: Id, slot: Slot, by: Slot) -> bool {
    clear_bit(m, id, slot);
    fence();
    free_garbage(m, id, by)
}

/// Frees the block if it is garbage by I1. Anyone may do that at any time.
pub fn free_garbage(m: &Mem, id: Id, by: Slot) -> bool {
    let word = state_word(m, id);
    loop {
        let old = word.get();
        if phase(old) != LIVE || !no_holders(m, id) {
            return false;
        }
        let freeing = state(FREEING, by, version(old));
        if word.cas(old, freeing) {
            finish(m, id, freeing);
            return true;
        }
    }
}

/// LIVE→TRANSIT by the only holder, whose bit goes. Under the push lock of the queue; then the record is written and
/// committed. From TRANSIT on the tag and the position tell the supervisor what became of it.
pub fn send(m: &Mem, id: Id, slot: Slot, queue: Id, pos: u64) {
    let backed = tag_word(m, id).get() ^ tag::route(tag_word(m, id).get());
    tag_word(m, id).set(tag::transit(slot, queue) | backed);
    pos_word(m, id).set(pos);
    let word = state_word(m, id);
    let old = word.get();
    if planted("bit cleared before transit") {
        clear_bit(m, id, slot);
    }
    word.set(state(TRANSIT, 0, version(old)));
    clear_bit(m, id, slot);
}

/// Before the pop is committed: the taker holds the block too. Under the pop lock.
pub fn receive(m: &Mem, id: Id, slot: Slot) {
    let (word, bit) = set_bit(slot);
    m.w64(holders(m, id) + word).or(bit);
}

/// TRANSIT→LIVE, after the pop was committed. Under the pop lock.
pub fn received(m: &Mem, id: Id) {
    let word = state_word(m, id);
    let old = word.get();
    if phase(old) == TRANSIT {
        word.cas(old, state(LIVE, 0, version(old) + 1));
    }
}

/// A block that is (TRANSIT | TAKEN | FREEING) in state `old`, whose owner is dead or which nobody can reach any more:
/// frees it as `by`. False: its state was something else.
pub fn seize(m: &Mem, id: Id, old: u64, by: Slot) -> bool {
    let freeing = state(FREEING, by, version(old));
    if !state_word(m, id).cas(old, freeing) {
        return false;
    }
    let at = holders(m, id);
    for i in 0..SET_WORDS {
        m.w64(at + i * 8).set(0);
    }
    finish(m, id, freeing);
    true
}

/// FREEING→FREE. Done by the freer, or by the supervisor after its death; every step may be done twice.
fn finish(m: &Mem, id: Id, freeing: u64) {
    let tag = tag_word(m, id).get();
    if tag::kind_number(tag) == Kind::Queue as u8 {
        crate::ring::drain(m, id, by(freeing));
    } else if tag::kind_number(tag) == Kind::End as u8 {
        crate::end::tell(m, id);
    }
    tag_word(m, id).set(0);
    let size = size(m, id);
    if size >= LARGE {
        let retained = m.w64(HEADER_RETAINED);
        let backed = tag::backed(tag, size);
        let most = RETAIN_ALL.min(m.w64(HEADER_BUDGET).get() / 8);
        let keep = tag::kind_number(tag) == Kind::Message as u8
            && size <= RETAIN_BLOCK
            && retained.get() + backed <= most;
        if keep {
            retained.add(backed);
            pos_word(m, id).set(backed);
        } else {
            m.punch(data(m, id), size);
            pos_word(m, id).set(0);
        }
    } else {
        pos_word(m, id).set(0);
    }
    state_word(m, id).set(state(FREE, 0, version(freeing)));
}

/// Supervisor: gives back the memory that free blocks have kept.
pub(crate) fn trim(m: &Mem, by: Slot) {
    for (class, c) in m.geometry().classes.iter().enumerate() {
        if c.size < LARGE || c.size > RETAIN_BLOCK {
            continue;
        }
        for index in 0..m.w64(high_water(class)).get().min(c.count) {
            let id = Id::new(class, index);
            if pos_word(m, id).get() == 0 {
                continue;
            }
            if let Some(taken) = take(m, id, by) {
                m.w64(HEADER_RETAINED).sub(pos_word(m, id).get());
                pos_word(m, id).set(0);
                seize(m, id, taken, by);
            }
        }
    }
}

/// Where the block's bytes begin, if it is of that kind and has so many at least.
#[cfg(not(loom))]
pub fn open(m: &Mem, id: Id, kind: Kind, size_: u64) -> Result<u64, crate::Error> {
    m.check(id)?;
    let found = kind_number(m, id);
    if found != kind as u8 || size(m, id) < size_ {
        return Err(crate::Error::WrongKind {
            id: id.as_u64(),
            expected: kind,
            found,
        });
    }
    Ok(data(m, id))
}

/// The kind number in the tag.
pub fn kind_number(m: &Mem, id: Id) -> u8 {
    tag::kind_number(tag_word(m, id).get())
}
