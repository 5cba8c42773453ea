//! Records in a queue: a byte ring, many to many, with a lock for each end. One store commits.
//!
//! ```text
//! TAIL = position after the last record | its number mod 8    stored under the push lock: commits a push
//! HEAD = position of the next record    | number taken mod 8  stored under the pop lock: commits a pop
//! PSEQ, CSEQ = records pushed, popped; stored just before TAIL, HEAD
//! record = header, then a body of [ref]* bytes*, or (MOVE) the id of the block that has that body
//! header = kind 4 bits << 60 | refs 16 << 44 | sender 12 << 32 | bytes 32 (SKIP: the offset to go on at)
//! ```
//! Positions are multiples of 8 and only grow; `lap = position / cap`, `offset = position % cap`. What lies between HEAD and
//! TAIL is immutable. PAD: the rest of the lap is unused. SKIP: go on at an offset of the same lap.
//!
//! **Counting exactly over kills.** A pusher killed between PSEQ and TAIL leaves PSEQ one too high. TAIL carries the number
//! mod 8, so the supervisor sees which of PSEQ and PSEQ - 1 belongs to it ([`settle`]), before it opens the lock. CSEQ and
//! HEAD: the same. So `size = PSEQ - CSEQ` is exact whatever was killed where, without reading any record.
//!
//! **Where a record goes** is `place`: if a queue holds little, the tail goes back to offset 0 long before the block's end
//! (at SOFT), so that the same few pages are used again and again. Then a backlog may arise while the head is still in
//! the lap before: the tail, coming up behind the head, skips over the head's lap (WRAP says where that ended) and uses
//! the rest of the block. At least half of an unbounded queue's block can be filled before it is full.
//!
//! **Kills.** Before TAIL is stored nothing was pushed, after it everything: a lock's owner that dies in between leaves
//! only words that the next push writes anew (WRAP counts only once TAIL is a lap ahead of HEAD). A MOVE'd block is judged
//! by its full position against the frozen TAIL or HEAD (`repair.rs`). COMMITTED is raised after the memory is there, and
//! lowered before it is given back.
//!
//! **CLOSED** is `nonce | 1 once closed`. The nonce is 0 but in a pipe, where it tells an end that goes (`end.rs`) that this is still
//! the ring that it was made for.
//!
//! Nothing read here is trusted: a header that contradicts the mapping or the positions is `Corrupt`, and nothing is taken.

mod closing;
mod outside;
mod pop;

pub use closing::{close, end_producer, is_closed, is_producer_closed};
#[cfg(not(loom))]
pub(crate) use outside::check;
pub use outside::{counts, passed};
pub(crate) use outside::{drain, frozen, settle, walk};
pub use pop::{can_pop, next_len, pop, Popped};

use crate::bell::{self, SET_SIZE};
use crate::block::{self, state_word};
use crate::geometry::{Id, Slot, SLOTS, SUPERVISOR};
use crate::lock;
use crate::mem::Mem;
use crate::plant::planted;
use crate::slots;
use crate::tag;
use crate::Error;
use closing::is_closed_for;

const LINE: u64 = if cfg!(loom) { 40 } else { 128 };
// line 0: written when the queue is made
pub const CAP: u64 = 0;
pub const MAX_SIZE: u64 = 8;
pub const INLINE: u64 = 16;
pub const PRODUCERS: u64 = 24;
/// Of a pipe: a block's record takes as much of the ring as its bytes, at most this; 0: 16 bytes. See [`move_size`].
pub const STRETCH: u64 = 32;
// line 1: the push end
pub const TAIL: u64 = LINE;
pub const PSEQ: u64 = LINE + 8;
pub const WRAP: u64 = LINE + 16;
pub const COMMITTED: u64 = LINE + 24;
pub const PUSH_LOCK: u64 = LINE + 32;
// line 2: the pop end
pub const HEAD: u64 = 2 * LINE;
pub const CSEQ: u64 = 2 * LINE + 8;
pub const POP_LOCK: u64 = 2 * LINE + 16;
// then: who waits, who produces
pub const ARMED_POP: u64 = 3 * LINE;
pub const ARMED_PUSH: u64 = 3 * LINE + if cfg!(loom) { SET_SIZE } else { 64 };
pub const CLOSED: u64 = ARMED_PUSH + if cfg!(loom) { SET_SIZE } else { 64 };
pub const ENDED: u64 = CLOSED + 8;
pub const PUT_BY: u64 = CLOSED + 16;
pub const CLOSED_BY: u64 = PUT_BY + SET_SIZE;
// of a joinable queue (`joinable.rs`)
pub const DONE: u64 = CLOSED_BY + SET_SIZE;
pub const ARMED_JOIN: u64 = DONE + 8;
pub const LABEL: u64 = 1024;
/// Where the records begin.
pub const DATA: u64 = if cfg!(loom) {
    ARMED_JOIN + SET_SIZE
} else {
    4096
};
/// For the layout hash.
pub(crate) const LAYOUT: u64 = 2 + LINE * 7 + SOFT * 3;

/// An unbounded queue whose content is small stays within this many bytes.
const SOFT: u64 = 64 << 10;
/// Memory is committed in steps of this many bytes.
const STEP: u64 = 64 << 10;
/// A drained queue gives its memory back when it has more than this.
const TRIM: u64 = 1 << 20;

const BYTES: u64 = 1;
const MOVE: u64 = 2;
const PAD: u64 = 3;
const SKIP: u64 = 4;
const HEADER: u64 = 8;
/// Most refs in a message.
pub const MAX_REFS: usize = 0xffff;

fn header(kind: u64, refs: usize, sender: Slot, bytes: u64) -> u64 {
    kind << 60 | (refs as u64) << 44 | (sender as u64 & 0xfff) << 32 | bytes
}

fn position(word: u64) -> u64 {
    word & !7
}

/// What is pushed: refs and bytes, or a block that has them.
pub enum Body<'a> {
    Inline(&'a [&'a [u8]]),
    Block(Id),
}

/// Why a push or pop did not happen.
#[derive(Debug)]
pub enum Stop {
    Full,
    Empty,
    Closed,
    /// The buffer is too small; the message has that many bytes. Nothing was taken.
    TooSmall(usize),
    Failed(Error),
}

/// Bytes that a record takes in the ring.
pub fn record_size(refs: usize, bytes: u64) -> u64 {
    (HEADER + 8 * refs as u64 + bytes).next_multiple_of(8)
}
/// Bytes of a MOVE record.
pub const MOVE_SIZE: u64 = HEADER + 8;

/// Bytes of the ring that a record for a block takes. In a pipe it is stretched to the message's own size, up to a limit, so that
/// positions alone say how much is in the pipe, exactly, whatever was killed where.
#[inline]
pub fn move_size(m: &Mem, at: u64, refs: usize, bytes: u64) -> u64 {
    let stretch = m.w64(at + STRETCH).get() & !7;
    record_size(refs, bytes).min(stretch).max(MOVE_SIZE)
}

/// Offset of the queue's block. The id has been checked.
#[inline(always)]
pub(crate) fn base(m: &Mem, queue: Id) -> u64 {
    block::data(m, queue)
}

/// `cap`, which must fit the block whatever the word says.
#[inline(always)]
fn cap(m: &Mem, queue: Id) -> Option<u64> {
    let cap = m.w64(base(m, queue) + CAP).get();
    (cap >= 16 && cap.is_multiple_of(8) && cap <= block::size(m, queue).saturating_sub(DATA))
        .then_some(cap)
}

fn corrupt(queue: Id, what: &'static str) -> Stop {
    Stop::Failed(Error::Corrupt { id: queue.0, what })
}

/// Writes the words that never change. The block is fresh, zeroed, and known to nobody else.
pub fn init(
    m: &Mem,
    queue: Id,
    cap: u64,
    max_size: u64,
    inline: u64,
    producers: u64,
    committed: u64,
) {
    let at = base(m, queue);
    m.w64(at + CAP).set(cap);
    m.w64(at + MAX_SIZE).set(max_size);
    m.w64(at + INLINE).set(inline);
    m.w64(at + PRODUCERS).set(producers);
    m.w64(at + COMMITTED).set(committed);
}

/// Makes a fresh ring one direction of a pipe. `nonce` is even.
pub fn init_pipe(m: &Mem, queue: Id, stretch: u64, nonce: u64) {
    let at = base(m, queue);
    m.w64(at + STRETCH).set(stretch);
    m.w64(at + CLOSED).set(nonce);
}

/// One direction of a pipe.
pub fn is_pipe(m: &Mem, queue: Id) -> bool {
    m.w64(base(m, queue) + CLOSED).get() & !1 != 0
}

// ---------------------------------------------------------------- where a record goes

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) struct Place {
    /// Position of the record.
    pub at: u64,
    /// A PAD or SKIP to be written at the old tail: (offset, kind, target offset).
    pub jump: Option<(u64, u64, u64)>,
    /// New value of WRAP.
    pub wrap: Option<u64>,
}

/// None: no room. Laps tell a full ring from an empty one. `wrap`: offset at which the tail left the lap before.
pub(crate) fn place(
    tail: u64,
    head: u64,
    need: u64,
    cap: u64,
    soft: u64,
    wrap: u64,
) -> Option<Place> {
    let (tail_lap, tail_at) = (tail / cap, tail % cap);
    let (head_lap, head_at) = (head / cap, head % cap);
    let here = |at: u64| Place {
        at: tail,
        jump: None,
        // the end of the block is reached without a PAD
        wrap: (at + need == cap).then_some(cap),
    };
    if tail_lap == head_lap {
        // back to the start if that is worth it, or needed; a header's room stays free for a later SKIP
        let back = need + HEADER <= head_at;
        let worth = tail_at + need > soft && head_at >= tail_at / 2;
        if tail_at + need <= cap && !(back && worth) {
            return Some(here(tail_at));
        }
        return back.then_some(Place {
            at: (tail_lap + 1) * cap,
            jump: Some((tail_at, PAD, 0)),
            wrap: Some(tail_at),
        });
    }
    if tail_lap != head_lap + 1 {
        return None;
    }
    if tail_at > head_at {
        // beyond the head's lap already
        return (tail_at + need <= cap).then(|| here(tail_at));
    }
    if tail_at + need + HEADER <= head_at {
        return Some(here(tail_at));
    }
    let target = wrap.checked_add(HEADER)?;
    if tail_at + HEADER > head_at || wrap < head_at || target + need > cap {
        return None;
    }
    Some(Place {
        at: tail_lap * cap + target,
        jump: Some((tail_at, SKIP, target)),
        wrap: (target + need == cap).then_some(cap),
    })
}

// ---------------------------------------------------------------- push

/// Puts a record in, without waiting for room. The position of the record, which is what a pin waits for.
///
/// A `Block` must be held by `slot` alone, and is nobody's afterwards; on an error it is still the slot's.
pub fn push(
    m: &Mem,
    queue: Id,
    slot: Slot,
    refs: &[Id],
    bytes: u64,
    body: Body,
) -> Result<u64, Stop> {
    let at = base(m, queue);
    let Some(cap) = cap(m, queue) else {
        return Err(corrupt(queue, "its capacity does not fit its block"));
    };
    lock::lock(m, at + PUSH_LOCK, slot);
    let done = push_locked(m, queue, at, cap, slot, refs, bytes, body);
    lock::unlock(m, at + PUSH_LOCK);
    if done.is_ok() && !planted("push rings nobody") {
        bell::ring_armed(m, at + ARMED_POP);
    }
    done
}

#[allow(clippy::too_many_arguments)]
#[inline]
fn push_locked(
    m: &Mem,
    queue: Id,
    at: u64,
    cap: u64,
    slot: Slot,
    refs: &[Id],
    bytes: u64,
    body: Body,
) -> Result<u64, Stop> {
    if is_closed_for(m, at, slot) {
        return Err(Stop::Closed);
    }
    let pushed = m.w64(at + PSEQ).get();
    let max_size = m.w64(at + MAX_SIZE).get();
    if max_size != 0 && pushed.wrapping_sub(m.w64(at + CSEQ).get()) >= max_size {
        return Err(Stop::Full);
    }
    let need = match body {
        Body::Inline(_) => record_size(refs.len(), bytes),
        Body::Block(_) => move_size(m, at, refs.len(), bytes),
    };
    let tail = position(m.w64(at + TAIL).get());
    let head = position(m.w64(at + HEAD).get());
    let soft = if max_size == 0 { SOFT } else { cap };
    let wrap = m.w64(at + WRAP).get();
    let Some(place) = place(tail, head, need, cap, soft, wrap) else {
        return Err(Stop::Full);
    };
    let offset = place.at % cap;
    let reach = place.jump.map_or(0, |j| j.0 + HEADER).max(offset + need);
    if reach > m.w64(at + COMMITTED).get() {
        grow(m, at, cap, reach).map_err(Stop::Failed)?;
    }
    produced(m, at, slot);
    if let Some((from, kind, target)) = place.jump {
        m.w64(at + DATA + from).set(header(kind, 0, slot, target));
    }
    if let Some(wrap) = place.wrap {
        m.w64(at + WRAP).set(wrap);
    }
    if planted("commit before payload") {
        m.w64(at + TAIL).set((place.at + need) | (pushed + 1) & 7);
    }
    let record = at + DATA + offset;
    let mut end = record + HEADER;
    match body {
        Body::Inline(parts) => {
            m.w64(record).set(header(BYTES, refs.len(), slot, bytes));
            for id in refs {
                m.w64(end).set(id.0);
                end += 8;
            }
            m.put_parts(end, parts);
        }
        Body::Block(id) => {
            m.w64(record).set(header(MOVE, refs.len(), slot, bytes));
            m.w64(end).set(id.0);
            block::send(m, id, slot, queue, place.at);
        }
    }
    let number = pushed.wrapping_add(1);
    m.w64(at + PSEQ).set(number);
    m.w64(at + TAIL).set((place.at + need) | number & 7);
    Ok(place.at)
}

/// Remembers that `slot` has put something, where its end is counted.
#[inline]
fn produced(m: &Mem, at: u64, slot: Slot) {
    if m.w64(at + PRODUCERS).get() == 0 {
        return;
    }
    let (word, bit) = crate::geometry::set_bit(slot);
    let word = m.w64(at + PUT_BY + word);
    if word.get() & bit == 0 {
        word.or(bit);
    }
}

/// Commits memory for records up to the offset `reach`. Under the push lock.
#[cold]
fn grow(m: &Mem, at: u64, cap: u64, reach: u64) -> Result<(), Error> {
    let have = m.w64(at + COMMITTED).get().min(cap);
    // a backlog grows by a quarter, so that a large one costs few calls
    let want = (reach.next_multiple_of(STEP))
        .max((have + have / 4).min(have + (8 << 20)) & !(STEP - 1))
        .min(cap);
    if m.commit(at + DATA + have, want - have).is_err() {
        let least = reach.next_multiple_of(4096).min(cap);
        m.commit(at + DATA + have, least.saturating_sub(have).max(1))?;
        m.w64(at + COMMITTED).set(least);
        return Ok(());
    }
    m.w64(at + COMMITTED).set(want);
    Ok(())
}

/// A push of a record of `need` bytes would find room, or that the queue is closed. In a bounded queue every record has room.
pub fn can_push(m: &Mem, queue: Id, slot: Slot, need: u64) -> bool {
    let at = base(m, queue);
    if is_closed_for(m, at, slot) {
        return true;
    }
    // read in this order, so that the difference is never too small
    let max_size = m.w64(at + MAX_SIZE).get();
    let (pushed, popped) = counts(m, queue);
    if max_size != 0 {
        return pushed.wrapping_sub(popped) < max_size && head_settled(m, at);
    }
    let word = |offset: u64| m.w64(at + offset).get();
    let Some(cap) = cap(m, queue) else {
        return true;
    };
    let head = position(word(HEAD));
    let tail = position(word(TAIL)).max(head);
    place(tail, head, need.min(cap), cap, SOFT, word(WRAP)).is_some()
}

/// The head belongs to the number taken: the room of what was counted as taken is free.
fn head_settled(m: &Mem, at: u64) -> bool {
    m.w64(at + CSEQ).get() & 7 == m.w64(at + HEAD).get() & 7
}
