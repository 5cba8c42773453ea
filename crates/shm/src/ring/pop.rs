//! The pop end of a ring: records as they are found, taken, and the room that a drained ring gives back.

use super::*;

/// A record as its header and the positions say it is; checked against the ring.
pub(super) struct Record {
    /// Position.
    pub(super) pos: u64,
    /// Position after it.
    pub(super) next: u64,
    pub(super) kind: u64,
    pub(super) sender: Slot,
    pub(super) refs: usize,
    pub(super) bytes: u64,
    /// Offset of the body: in the ring, or in the block.
    pub(super) body: u64,
    /// The block of a MOVE.
    pub(super) block: Option<Id>,
}

pub(super) enum Found {
    Record(Record),
    /// Only a PAD or SKIP: empty, and the head may go there.
    Empty(u64),
    Corrupt(&'static str),
}

/// The record at `pos`, PADs and SKIPs followed. `pos <= tail`.
#[inline]
pub(super) fn find(m: &Mem, queue: Id, at: u64, cap: u64, mut pos: u64, tail: u64) -> Found {
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
