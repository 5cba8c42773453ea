//! What one thread holds, and where it found free blocks last.
//!
//! A slot has one bit in a block; a [`Heap`] counts how often its thread wants it. The bit is set when the count leaves
//! zero and cleared when it returns there. Nothing of this is shared, so a death needs no repair of it: the bits tell.
//!
//! **Sent references.** A message names blocks (refs) under the *sender's* hold until the queue's head has passed it: the
//! heap keeps a [`Pin`] for that, which counts as a reference to each ref and to the queue, and lets go in `tidy`. A queue
//! that only its own pins keep alive can be read by nobody any more; `tidy` lets those go too.
//!
//! **Locks.** Who owns a lock in a block, a permit or the like holds the block: `release` of one that this slot owns is put off
//! until somebody has released the lock, or nobody else holds the block.

use crate::arena::Arena;
use crate::block::{self, state_word};
use crate::geometry::{
    committed, high_water, Id, Slot, HEADER_RETAINED, HEADER_REUSED, LARGE, META_SIZE, SLOTS,
};
use crate::mem::Mem;
use crate::tag::{self, Kind};
use crate::{ring, Error};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Ids are numbers already well spread; and loom needs the same order in every run.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(*b as u64);
        }
    }
    fn write_u64(&mut self, n: u64) {
        let x = (self.0 ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = x ^ x >> 32;
    }
}

pub(crate) type IdMap<V> = HashMap<Id, V, BuildHasherDefault<IdHasher>>;

/// Refs of one message, held by their sender until the head of the queue has passed `pos`.
struct Pin {
    queue: Id,
    pos: u64,
    refs: Vec<Id>,
}

/// What is in a block when it is taken.
enum Content<'a> {
    Zeros,
    /// Whatever was there.
    Anything,
    Bytes(&'a [&'a [u8]]),
}

const HINTS: usize = 64;
/// Blocks looked at in one refill, so that a scan is bounded.
const SCAN: u64 = 512;

/// The holds of one slot. Used by the slot's own thread only.
pub struct Heap<'a> {
    arena: &'a Arena,
    slot: Slot,
    counts: IdMap<u32>,
    pins: Vec<Pin>,
    /// Locks and semaphores to be let go as soon as we own nothing of them.
    owned: Vec<Id>,
    /// Queues with announced producers that we have put something into: held until they are closed, so that our end is counted.
    producing: Vec<Id>,
    /// Per class: indexes of blocks that were free when last seen.
    hints: Vec<Vec<u32>>,
    cursors: Vec<u64>,
    calls: u32,
}

impl<'a> Heap<'a> {
    /// For the thread that owns `slot`.
    pub fn new(arena: &'a Arena, slot: Slot) -> Heap<'a> {
        let classes = arena.mem.geometry().classes.len();
        Heap {
            arena,
            slot,
            counts: IdMap::default(),
            pins: Vec::new(),
            owned: Vec::new(),
            producing: Vec::new(),
            hints: vec![Vec::new(); classes],
            cursors: vec![0; classes],
            calls: 0,
        }
    }

    pub fn slot(&self) -> Slot {
        self.slot
    }

    pub fn arena(&self) -> &'a Arena {
        self.arena
    }

    pub(crate) fn mem(&self) -> &'a Mem {
        &self.arena.mem
    }

    // ---------------------------------------------------------------- taking blocks

    /// A block of at least `bytes` zeroed bytes, with a count of 1.
    ///
    /// Errors: `OutOfMemory`, `TooLarge`.
    pub fn alloc(&mut self, bytes: u64, kind: Kind) -> Result<Id, Error> {
        self.take(bytes, kind, &Content::Zeros)
    }

    /// A zeroed block for an array of `bytes` bytes, which it remembers.
    pub fn alloc_array(&mut self, bytes: u64) -> Result<Id, Error> {
        self.take(bytes, Kind::Array, &Content::Zeros)
    }

    /// As [`Heap::alloc`], with whatever bytes were there.
    pub fn alloc_raw(&mut self, bytes: u64, kind: Kind) -> Result<Id, Error> {
        self.take(bytes, kind, &Content::Anything)
    }

    /// A message's block with the bytes of `parts` in it, one behind the other, with a count of 1. Errors: as `alloc`.
    pub fn alloc_message(&mut self, parts: &[&[u8]]) -> Result<Id, Error> {
        let bytes = parts.iter().map(|part| part.len() as u64).sum();
        self.take(bytes, Kind::Message, &Content::Bytes(parts))
    }

    fn take(&mut self, bytes: u64, kind: Kind, content: &Content) -> Result<Id, Error> {
        let m = self.mem();
        let class = m.geometry().class_for(bytes).ok_or(Error::TooLarge {
            wanted: bytes,
            most: m.geometry().largest(),
        })?;
        let size = m.geometry().classes[class].size;
        loop {
            let Some(index) = self.hints[class].pop() else {
                if !self.refill(class) {
                    self.grow(class)?;
                }
                continue;
            };
            let id = Id::new(class, index as u64);
            let Some(taken) = block::take(m, id, self.slot) else {
                continue;
            };
            let mut tag = match kind {
                Kind::Array => tag::array(bytes),
                kind => tag::of(kind),
            };
            if size >= LARGE {
                match back(m, id, bytes, kind, content) {
                    Ok(backed) if kind == Kind::Message => {
                        tag = tag::with_backed(tag, backed, size);
                    }
                    Ok(_) => (),
                    Err(error) => {
                        block::seize(m, id, taken, self.slot);
                        return Err(error);
                    }
                }
            } else {
                match content {
                    Content::Zeros => m.zero(block::data(m, id), size),
                    Content::Anything => (),
                    Content::Bytes(parts) => m.put_parts(block::data(m, id), parts),
                }
            }
            block::made(m, id, self.slot, taken, tag);
            self.counts.insert(id, 1);
            return Ok(id);
        }
    }

    /// Looks at some blocks behind a cursor that goes round.
    fn refill(&mut self, class: usize) -> bool {
        let m = self.mem();
        let high = m
            .w64(high_water(class))
            .get()
            .min(m.geometry().classes[class].count);
        for _ in 0..high.min(SCAN) {
            let index = self.cursors[class] % high;
            self.cursors[class] = index + 1;
            if block::phase(state_word(m, Id::new(class, index)).get()) == block::FREE {
                self.hints[class].push(index as u32);
                if self.hints[class].len() == HINTS / 2 {
                    break;
                }
            }
        }
        !self.hints[class].is_empty()
    }

    /// Raises the high water mark: first backs the memory (can be repeated), then raises `committed`, then the mark.
    /// Killed in between: backed blocks that nobody uses yet.
    fn grow(&mut self, class: usize) -> Result<(), Error> {
        let m = self.mem();
        let c = &m.geometry().classes[class];
        let high = m.w64(high_water(class)).get();
        let step = if cfg!(loom) || c.size >= LARGE { 1 } else { 16 };
        let want = (high + step).min(c.count);
        if want <= high {
            return Err(Error::OutOfMemory {
                wanted: c.size,
                used: m.used(),
                budget: c.size * c.count,
            });
        }
        let backed = m.w64(committed(class)).get();
        if want > backed {
            let most = (high
                + if cfg!(loom) {
                    1
                } else {
                    (65536 / c.size).max(64)
                })
            .min(c.count);
            m.commit(c.meta + high * META_SIZE, (most - high) * META_SIZE)?;
            if c.size < LARGE {
                m.commit(c.data + high * c.size, (most - high) * c.size)?;
            }
            m.w64(committed(class)).raise(most);
        }
        if m.w64(high_water(class)).cas(high, want) {
            self.hints[class].extend((high..want).rev().map(|i| i as u32));
        }
        Ok(())
    }

    /// Copies bytes out of a block that this heap holds, from `at` on. The block is longer.
    pub fn read(&self, id: Id, at: u64, bytes: &mut [u8]) {
        let m = self.mem();
        assert!(at + bytes.len() as u64 <= block::size(m, id));
        m.read(block::data(m, id) + at, bytes);
    }

    // ---------------------------------------------------------------- counting

    /// Count + 1. Somebody, maybe this heap, holds the block for the duration of the call.
    pub fn retain(&mut self, id: Id) -> Result<(), Error> {
        let m = self.mem();
        m.check(id)?;
        if block::phase(state_word(m, id).get()) != block::LIVE {
            return Err(Error::BadId { id: id.0 });
        }
        let count = self.counts.entry(id).or_insert(0);
        if *count == 0 {
            block::hold(m, id, self.slot);
        }
        *count += 1;
        Ok(())
    }

    /// Count + 1 where another has set our bit already ([`Heap::pre_hold`]).
    pub fn adopt(&mut self, id: Id) -> Result<(), Error> {
        self.mem().check(id)?;
        if !self.counts.contains_key(&id) && !block::is_held_by(self.mem(), id, self.slot) {
            return Err(Error::NotHeld { id: id.0 });
        }
        *self.counts.entry(id).or_insert(0) += 1;
        Ok(())
    }

    /// Count - 1; at zero the hold goes, and with the last hold the block.
    pub fn release(&mut self, id: Id) -> Result<(), Error> {
        let Some(count) = self.counts.get_mut(&id) else {
            return Err(Error::NotHeld { id: id.0 });
        };
        if *count > 1 {
            *count -= 1;
            return Ok(());
        }
        let m = self.mem();
        // what nobody else holds nobody misses
        if crate::primitive::is_owned_by(m, id, self.slot) && !held_only_by(m, id, self.slot) {
            self.owned.push(id);
            return Ok(());
        }
        self.counts.remove(&id);
        self.let_go(id);
        Ok(())
    }

    fn let_go(&mut self, id: Id) {
        if block::drop_hold(self.mem(), id, self.slot, self.slot) {
            let hints = &mut self.hints[id.class()];
            if hints.len() < HINTS {
                hints.push(id.index() as u32);
            }
        }
    }

    /// How often this heap holds the block.
    pub fn count(&self, id: Id) -> u32 {
        self.counts.get(&id).copied().unwrap_or(0)
    }

    /// We hold the block; from now on a claimed slot whose thread does not run yet holds it too. That thread adopts it.
    pub fn pre_hold(&self, id: Id, child: Slot) -> Result<(), Error> {
        if child >= SLOTS {
            return Err(Error::Argument {
                name: "child",
                was: child.to_string(),
                allowed: "a slot number",
            });
        }
        if self.count(id) == 0 {
            return Err(Error::NotHeld { id: id.0 });
        }
        block::hold(self.mem(), id, child);
        Ok(())
    }

    /// A message of ours is in transit: its block is no longer ours.
    pub(crate) fn forget(&mut self, id: Id) {
        self.counts.remove(&id);
    }

    /// Our bit was set under a queue's pop lock; count + 1.
    pub(crate) fn received(&mut self, id: Id) {
        *self.counts.entry(id).or_insert(0) += 1;
    }

    // ---------------------------------------------------------------- what is on its way

    /// `refs` (and the queue) stay held until the head of `queue` has passed `pos`.
    pub(crate) fn pin(&mut self, queue: Id, pos: u64, refs: &[Id]) {
        for id in refs.iter().chain([&queue]) {
            *self.counts.entry(*id).or_insert(0) += 1;
        }
        self.pins.push(Pin {
            queue,
            pos,
            refs: refs.to_vec(),
        });
    }

    /// This slot has put something into a queue with announced producers.
    pub(crate) fn produces(&mut self, queue: Id) {
        if !self.producing.contains(&queue) {
            self.producing.push(queue);
            *self.counts.entry(queue).or_insert(0) += 1;
        }
    }

    /// Sent messages that carry refs and have not been seen taken.
    pub fn pinned(&self) -> usize {
        self.pins.len()
    }

    /// Called by operations now and then.
    #[inline]
    pub(crate) fn tick(&mut self) {
        self.calls = self.calls.wrapping_add(1);
        if self.calls.is_multiple_of(16)
            && !(self.pins.is_empty() && self.owned.is_empty() && self.producing.is_empty())
        {
            self.tidy();
        }
    }

    /// Lets go of what was only kept for a reason that has passed. Worth a call before a long sleep.
    pub fn tidy(&mut self) {
        let m = self.mem();
        let (gone, keep): (Vec<Pin>, Vec<Pin>) = std::mem::take(&mut self.pins)
            .into_iter()
            .partition(|p| ring::passed(m, p.queue, p.pos));
        self.pins = keep;
        gone.into_iter().for_each(|p| self.unpin(p));
        self.unpin_unreachable();
        for id in std::mem::take(&mut self.owned) {
            let _ = self.release(id);
        }
        let (closed, open) = std::mem::take(&mut self.producing)
            .into_iter()
            .partition(|q| ring::is_closed(m, *q));
        self.producing = open;
        for id in Vec::<Id>::into_iter(closed) {
            let _ = self.release(id);
        }
    }

    fn unpin(&mut self, pin: Pin) {
        for id in pin.refs.iter().chain([&pin.queue]) {
            let _ = self.release(*id);
        }
    }

    /// A queue held by nobody but us, and by us only for the sake of messages in it, can never be read again.
    fn unpin_unreachable(&mut self) {
        let m = self.mem();
        let mut queues: Vec<Id> = self.pins.iter().map(|p| p.queue).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            let own = self.pins.iter().filter(|p| p.queue == queue);
            let reasons: usize = own
                .map(|p| 1 + p.refs.iter().filter(|r| **r == queue).count())
                .sum();
            if self.count(queue) as usize != reasons || !held_only_by(m, queue, self.slot) {
                continue;
            }
            let (gone, keep) = std::mem::take(&mut self.pins)
                .into_iter()
                .partition(|p| p.queue == queue);
            self.pins = keep;
            Vec::<Pin>::into_iter(gone).for_each(|p| self.unpin(p));
        }
    }

    /// What this heap holds, with its counts.
    pub fn held(&self) -> impl Iterator<Item = (Id, u32)> + '_ {
        self.counts.iter().map(|(id, n)| (*id, *n))
    }
}

/// No other slot holds it, and so none can begin to (block.rs, I1: the version tells of a hand-over meanwhile).
fn held_only_by(m: &Mem, id: Id, slot: Slot) -> bool {
    let before = state_word(m, id).get();
    let (word, bit) = crate::geometry::set_bit(slot);
    let alone = block::holder_words(m, id)
        .iter()
        .enumerate()
        .all(|(i, w)| *w == if i as u64 * 8 == word { bit } else { 0 });
    crate::mem::fence();
    alone && block::phase(before) == block::LIVE && state_word(m, id).get() == before
}

/// Sees to the memory of a large block, and its content. What a free block kept is used again. The bytes that have memory.
fn back(m: &Mem, id: Id, bytes: u64, kind: Kind, content: &Content) -> Result<u64, Error> {
    let (at, size) = (block::data(m, id), block::size(m, id));
    let kept = block::pos_word(m, id).get().min(size);
    if kept > 0 {
        m.w64(HEADER_RETAINED).sub(kept);
        m.w64(HEADER_REUSED).add(1);
        block::pos_word(m, id).set(0);
    }
    let want = match kind {
        // it commits as it grows
        Kind::Queue => 4096,
        // what it has is kept when it is freed
        Kind::Message => tag::whole_steps(bytes, size).max(kept),
        _ => bytes.next_multiple_of(4096).min(size),
    };
    let mut backed = kept;
    if let Content::Bytes(parts) = content {
        backed = put(m, at, kept, parts)?;
    }
    if backed < want {
        m.commit(at + backed, want - backed)?;
    } else if backed > want {
        m.punch(at + want, backed - want);
    }
    if matches!(content, Content::Zeros) && kept > 0 {
        m.zero(at, kept.min(want));
    }
    Ok(want)
}

/// Copies `parts` to `at`, where the first `kept` bytes (whole pages) have memory. The bytes that have memory then.
fn put(m: &Mem, at: u64, kept: u64, parts: &[&[u8]]) -> Result<u64, Error> {
    let mut done = 0;
    let mut rest: Vec<&[u8]> = Vec::new();
    for part in parts {
        let (here, beyond) = part.split_at(part.len().min((kept - done) as usize));
        m.put(at + done, here);
        done += here.len() as u64;
        if !beyond.is_empty() {
            rest.push(beyond);
        }
    }
    if rest.is_empty() {
        return Ok(kept);
    }
    m.write(at + done, &rest)?;
    let written = rest.iter().map(|part| part.len() as u64).sum::<u64>();
    Ok((done + written).next_multiple_of(4096))
}
