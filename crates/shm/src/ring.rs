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

use crate::bell::{self, SET_SIZE};
use crate::block::{self, state_word};
use crate::geometry::{Id, Slot, SLOTS, SUPERVISOR};
use crate::lock;
use crate::mem::Mem;
use crate::plant::planted;
use crate::slots;
use crate::tag::{self, Kind};
use crate::Error;

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

// ---------------------------------------------------------------- pop

/// A record as its header and the positions say it is; checked against the ring.
struct Record {
    /// Position.
    pos: u64,
    /// Position after it.
    next: u64,
    kind: u64,
    sender: Slot,
    refs: usize,
    bytes: u64,
    /// Offset of the body: in the ring, or in the block.
    body: u64,
    /// The block of a MOVE.
    block: Option<Id>,
}

enum Found {
    Record(Record),
    /// Only a PAD or SKIP: empty, and the head may go there.
    Empty(u64),
    Corrupt(&'static str),
}

/// The record at `pos`, PADs and SKIPs followed. `pos <= tail`.
#[inline]
fn find(m: &Mem, queue: Id, at: u64, cap: u64, mut pos: u64, tail: u64) -> Found {
    for _ in 0..4 {
        if pos == tail {
            return Found::Empty(pos);
        }
        if pos > tail || tail - pos > 2 * cap {
            return Found::Corrupt("its positions contradict each other");
        }
        let offset = pos % cap;
        let word = m.w64(at + DATA + offset).get();
        let (kind, refs) = (word >> 60, (word >> 44 & 0xffff) as usize);
        let (sender, bytes) = ((word >> 32 & 0xfff) as Slot, word & 0xffff_ffff);
        match kind {
            PAD => pos += cap - offset,
            SKIP => {
                if bytes <= offset || bytes >= cap || bytes % 8 != 0 {
                    return Found::Corrupt("a skip leads nowhere");
                }
                pos += bytes - offset;
            }
            BYTES | MOVE => {
                let size = if kind == BYTES {
                    record_size(refs, bytes)
                } else {
                    move_size(m, at, refs, bytes)
                };
                if size > cap - offset || size > tail - pos {
                    return Found::Corrupt("a record is longer than what was pushed");
                }
                let mut record = Record {
                    pos,
                    next: pos + size,
                    kind,
                    sender,
                    refs,
                    bytes,
                    body: at + DATA + offset + HEADER,
                    block: None,
                };
                if kind == MOVE {
                    let id = Id(m.w64(record.body).get());
                    if m.check(id).is_err()
                        || 8 * refs as u64 + bytes > block::size(m, id)
                        || id == queue
                    {
                        return Found::Corrupt("a message names a block that can't be its body");
                    }
                    record.body = block::data(m, id);
                    record.block = Some(id);
                }
                return Found::Record(record);
            }
            _ => return Found::Corrupt("a record of unknown kind"),
        }
    }
    Found::Corrupt("skips without end")
}

/// What was taken.
pub struct Popped {
    pub pos: u64,
    /// Bytes of the payload.
    pub bytes: usize,
    /// The payload is in this block, behind the refs; it is held by the taker alone. Inline payloads are in the buffer.
    pub block: Option<Id>,
}

/// Takes the next record. Its refs are appended to `refs`; `hold` is called for each before the commit, and must see to it
/// that the slot's bit is set. The body of a MOVE may be longer than the buffer: up to `most` bytes.
#[allow(clippy::too_many_arguments)]
pub fn pop(
    m: &Mem,
    queue: Id,
    slot: Slot,
    buffer: &mut [u8],
    most: usize,
    refs: &mut Vec<Id>,
    hold: impl Fn(Id),
) -> Result<Popped, Stop> {
    let at = base(m, queue);
    let Some(cap) = cap(m, queue) else {
        return Err(corrupt(queue, "its capacity does not fit its block"));
    };
    if !has_records(m, at) {
        // read in this order: what was pushed before the close is seen
        let closed = m.w64(at + CLOSED).get() & 1 != 0;
        if !has_records(m, at) || closed && planted("end of file without a second look") {
            return Err(if closed { Stop::Closed } else { Stop::Empty });
        }
    }
    lock::lock(m, at + POP_LOCK, slot);
    let done = pop_locked(m, queue, at, cap, slot, buffer, most, refs, hold);
    lock::unlock(m, at + POP_LOCK);
    if done.is_ok() {
        bell::ring_armed(m, at + ARMED_PUSH);
        if m.w64(at + COMMITTED).get() > TRIM
            && m.w64(at + MAX_SIZE).get() == 0
            && !has_records(m, at)
        {
            trim(m, at, cap, slot);
        }
    }
    done
}

#[inline]
fn has_records(m: &Mem, at: u64) -> bool {
    position(m.w64(at + TAIL).get()) != position(m.w64(at + HEAD).get())
}

#[allow(clippy::too_many_arguments)]
#[inline]
fn pop_locked(
    m: &Mem,
    queue: Id,
    at: u64,
    cap: u64,
    slot: Slot,
    buffer: &mut [u8],
    most: usize,
    refs: &mut Vec<Id>,
    hold: impl Fn(Id),
) -> Result<Popped, Stop> {
    let head = m.w64(at + HEAD).get();
    let tail = position(m.w64(at + TAIL).get());
    let record = match find(m, queue, at, cap, position(head), tail) {
        Found::Record(record) => record,
        Found::Corrupt(what) => return Err(corrupt(queue, what)),
        Found::Empty(pos) => {
            if pos != position(head) {
                m.w64(at + HEAD).set(pos | head & 7);
            }
            // once more after the look at CLOSED: a last record may have come between
            let closed = m.w64(at + CLOSED).get() & 1 != 0;
            let empty = position(m.w64(at + TAIL).get()) == pos;
            return Err(if closed && empty {
                Stop::Closed
            } else {
                Stop::Empty
            });
        }
    };
    let bytes = record.bytes as usize;
    let room = if record.block.is_some() {
        most.max(buffer.len())
    } else {
        buffer.len()
    };
    if bytes > room {
        return Err(Stop::TooSmall(bytes));
    }
    if let Some(id) = record.block {
        let state = state_word(m, id).get();
        let mine = block::tag_word(m, id).get();
        if block::phase(state) != block::TRANSIT
            || tag::queue(mine) != queue
            || block::pos_word(m, id).get() != record.pos
        {
            return Err(corrupt(
                queue,
                "a message names a block that is not in transit",
            ));
        }
    }
    let first = refs.len();
    for i in 0..record.refs as u64 {
        let id = Id(m.w64(record.body + i * 8).get());
        if m.check(id).is_err() || block::phase(state_word(m, id).get()) != block::LIVE {
            refs.truncate(first);
            return Err(corrupt(queue, "a message names a block that does not live"));
        }
        refs.push(id);
    }
    for id in &refs[first..] {
        hold(*id);
    }
    if record.kind == BYTES {
        m.read(record.body + 8 * record.refs as u64, &mut buffer[..bytes]);
    }
    if let Some(id) = record.block {
        block::receive(m, id, slot);
    }
    let number = m.w64(at + CSEQ).get().wrapping_add(1);
    m.w64(at + CSEQ).set(number);
    m.w64(at + HEAD).set(record.next | number & 7);
    if let Some(id) = record.block {
        block::received(m, id);
    }
    if record.refs > 0 && !planted("taker does not tell the sender") {
        // it may let go of them now; those of a dead sender are the supervisor's
        let sender = record.sender % SLOTS;
        bell::ring(m, sender);
        if !slots::is_alive(m, sender) {
            bell::ring(m, SUPERVISOR);
        }
    }
    Ok(Popped {
        pos: record.pos,
        bytes,
        block: record.block,
    })
}

/// The queue is empty and has much memory: back to the start, and give it back. If someone is inside, another time.
///
/// Both locks are held, and no message is on its way, so nothing is to be judged if it is killed here: the PAD is a commit
/// of its own, COMMITTED goes down before the memory does, and `settle` punches what is beyond it.
#[cold]
fn trim(m: &Mem, at: u64, cap: u64, slot: Slot) {
    if !lock::try_lock(m, at + PUSH_LOCK, slot) {
        return;
    }
    if lock::try_lock(m, at + POP_LOCK, slot) {
        let (tail, head) = (m.w64(at + TAIL).get(), m.w64(at + HEAD).get());
        let (pos, offset) = (position(tail), position(tail) % cap);
        if position(head) == pos && offset < cap {
            let mut next = pos;
            if offset != 0 && offset + HEADER <= m.w64(at + COMMITTED).get() {
                next = pos + cap - offset;
                m.w64(at + DATA + offset).set(header(PAD, 0, slot, 0));
                m.w64(at + WRAP).set(offset);
                m.w64(at + TAIL).set(next | tail & 7);
                m.w64(at + HEAD).set(next | head & 7);
            }
            let have = m.w64(at + COMMITTED).get().min(cap);
            if next.is_multiple_of(cap) && have > SOFT {
                m.w64(at + COMMITTED).set(SOFT);
                m.punch(at + DATA + SOFT, have - SOFT);
            }
        }
        lock::unlock(m, at + POP_LOCK);
    }
    lock::unlock(m, at + PUSH_LOCK);
    // whoever found a lock taken by us waits for it in the ordinary way
}

/// Bytes of the next payload, without a lock: a hint.
pub fn next_len(m: &Mem, queue: Id) -> Option<usize> {
    let at = base(m, queue);
    let head = position(m.w64(at + HEAD).get());
    match find(
        m,
        queue,
        at,
        cap(m, queue)?,
        head,
        position(m.w64(at + TAIL).get()),
    ) {
        Found::Record(record) => Some(record.bytes as usize),
        _ => None,
    }
}

/// A pop would find a record, or that the queue is closed.
pub fn can_pop(m: &Mem, queue: Id) -> bool {
    let at = base(m, queue);
    has_records(m, at) || m.w64(at + CLOSED).get() & 1 != 0
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

// ---------------------------------------------------------------- closing

/// Nobody may put any more.
pub fn is_closed(m: &Mem, queue: Id) -> bool {
    m.w64(base(m, queue) + CLOSED).get() & 1 != 0
}

/// Closed, or closed by this producer.
#[inline]
fn is_closed_for(m: &Mem, at: u64, slot: Slot) -> bool {
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

// ---------------------------------------------------------------- for heap, supervisor, inspect

/// Whether the head has passed the record at `pos`.
pub fn passed(m: &Mem, queue: Id, pos: u64) -> bool {
    planted("pin lets go at once") || position(m.w64(base(m, queue) + HEAD).get()) > pos
}

/// (pushed, popped).
pub fn counts(m: &Mem, queue: Id) -> (u64, u64) {
    let at = base(m, queue);
    let popped = m.w64(at + CSEQ).get();
    (m.w64(at + PSEQ).get(), popped)
}

/// Supervisor: what the dead owner of a lock has frozen: (tail, head), each if its lock is the dead slot's.
pub(crate) fn frozen(m: &Mem, queue: Id, dead: Slot) -> (Option<u64>, Option<u64>) {
    let at = base(m, queue);
    let of = |lock: u64, word: u64| {
        (lock::owner(m, at + lock) == Some(dead)).then(|| position(m.w64(at + word).get()))
    };
    (of(PUSH_LOCK, TAIL), of(POP_LOCK, HEAD))
}

/// Supervisor: puts right what the dead owner of a lock left half done, then opens. Everything frozen has been judged.
pub(crate) fn settle(m: &Mem, queue: Id, dead: Slot) {
    let at = base(m, queue);
    let (push, pop) = frozen(m, queue, dead);
    for (died, count, commit) in [(push, PSEQ, TAIL), (pop, CSEQ, HEAD)] {
        let (number, word) = (m.w64(at + count).get(), m.w64(at + commit).get());
        if died.is_some() && number & 7 != word & 7 && !planted("numbers are not settled") {
            m.w64(at + count).set(number.wrapping_sub(1));
        }
    }
    if push.is_some() {
        if let Some(cap) = cap(m, queue) {
            let have = m.w64(at + COMMITTED).get();
            if have < cap && have.is_multiple_of(4096) && !cfg!(loom) {
                m.punch(at + DATA + have, cap - have);
            }
        }
    }
    lock::open(m, at + PUSH_LOCK, dead);
    lock::open(m, at + POP_LOCK, dead);
}

/// A committed record, seen from outside.
pub(crate) struct Seen {
    pub pos: u64,
    pub sender: Slot,
    pub refs: Vec<Id>,
    pub block: Option<Id>,
}

/// All committed records, without a lock: a record is good if the head had not passed it after it was read. What has been
/// passed meanwhile is left out. Ends at a record that makes no sense.
pub(crate) fn walk(m: &Mem, queue: Id, mut f: impl FnMut(Seen)) {
    let at = base(m, queue);
    let Some(cap) = cap(m, queue) else { return };
    let mut pos = position(m.w64(at + HEAD).get());
    let tail = position(m.w64(at + TAIL).get());
    while pos < tail {
        let found = find(m, queue, at, cap, pos, tail);
        let seen = match &found {
            Found::Record(r) => Some((
                Seen {
                    pos: r.pos,
                    sender: r.sender,
                    refs: (0..r.refs as u64)
                        .map(|i| Id(m.w64(r.body + i * 8).get()))
                        .collect(),
                    block: r.block,
                },
                r.next,
            )),
            _ => None,
        };
        crate::mem::fence();
        let head = position(m.w64(at + HEAD).get());
        if head > pos {
            pos = head;
            continue;
        }
        let Some((seen, next)) = seen else { return };
        f(seen);
        pos = next;
    }
}

/// The queue's block is being freed by `by`: the messages in it, which nobody can take any more, go too. May be done twice.
pub(crate) fn drain(m: &Mem, queue: Id, by: Slot) {
    let mut bodies = Vec::new();
    walk(m, queue, |seen| {
        bodies.extend(
            seen.block
                .map(|id| (id, tag::transit(seen.sender, queue), seen.pos)),
        )
    });
    for (id, tag, pos) in bodies {
        let state = state_word(m, id).get();
        if block::phase(state) == block::TRANSIT
            && tag::route(block::tag_word(m, id).get()) == tag
            && block::pos_word(m, id).get() == pos
        {
            block::seize(m, id, state, by);
        }
    }
}

/// Kind and id agree.
pub(crate) fn check(m: &Mem, id: Id) -> Result<(), Error> {
    m.check(id)?;
    let found = block::kind_number(m, id);
    if found != Kind::Queue as u8 || cap(m, id).is_none() {
        return Err(Error::WrongKind {
            id: id.0,
            expected: Kind::Queue,
            found,
        });
    }
    Ok(())
}
