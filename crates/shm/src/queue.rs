//! What users see as a queue: one block, a ring in it (`ring.rs`), and waiting.
//!
//! Small messages lie in the ring. Larger ones are a block of their own which changes hands (MOVE): `[ref]* bytes*`. In a
//! bounded queue a record takes at most its share of the ring, so `max_size` messages always fit, whatever their size.
//! An unbounded queue is a block of the largest class, of which only what is used has memory.

use crate::arena::Arena;
use crate::block;
use crate::geometry::{Id, Slot};
use crate::heap::Heap;
use crate::ring::{self, Body, Stop};
use crate::tag::Kind;
use crate::{bell, joinable, lock, slots, Error};
use std::time::{Duration, Instant};

/// Payloads above this go into a block of their own.
const MOST_INLINE: u64 = 16 << 10;
/// Bytes of ring that a bounded queue wants for each message, within limits.
const SHARE: u64 = 1024;
const LABEL_SIZE: usize = 64;

/// Bytes of the block of one direction of a pipe.
const PIPE: u64 = 512 << 10;
/// What a message in a pipe counts at most, in bytes of its ring.
const PIPE_STRETCH: u64 = 64 << 10;

/// How a queue is made.
#[derive(Debug, Clone, Default)]
pub struct QueueOptions<'a> {
    /// Messages that fit; 0: as many as memory allows.
    pub max_size: u64,
    /// The queue closes when so many producers have closed it or ended; 0: none announced, the first `close` closes it.
    pub producers: u32,
    /// For `inspect`; cut at 64 bytes.
    pub label: &'a str,
}

/// Why a call on a queue did not do what it should. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueError {
    Full,
    Empty,
    /// Push: nobody, or not this producer, may put any more. Pop: and everything has been taken.
    Closed,
    TimedOut,
    /// The next message has `bytes` bytes; nothing was taken.
    TooSmall {
        bytes: usize,
    },
    Failed(Error),
}

impl std::fmt::Display for QueueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            QueueError::Full => write!(f, "the queue is full"),
            QueueError::Empty => write!(f, "the queue is empty"),
            QueueError::Closed => write!(f, "the queue is closed"),
            QueueError::TimedOut => write!(f, "the timeout passed"),
            QueueError::TooSmall { bytes } => {
                write!(f, "the buffer is too small: the message has {bytes} bytes")
            }
            QueueError::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for QueueError {}

impl From<Error> for QueueError {
    fn from(error: Error) -> QueueError {
        QueueError::Failed(error)
    }
}

impl From<Stop> for QueueError {
    fn from(stop: Stop) -> QueueError {
        match stop {
            Stop::Full => QueueError::Full,
            Stop::Empty => QueueError::Empty,
            Stop::Closed => QueueError::Closed,
            Stop::TooSmall(bytes) => QueueError::TooSmall { bytes },
            Stop::Failed(error) => QueueError::Failed(error),
        }
    }
}

/// A message that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// So many bytes, in the buffer.
    Bytes(usize),
    /// `bytes` bytes from `at` on in a block that the caller holds.
    Block { id: Id, at: u64, bytes: usize },
}

/// A queue in the arena: a checked view, valid as long as the block is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    id: Id,
    /// Bytes of the largest record in the ring.
    inline: u64,
    max_size: u64,
    producers: bool,
    pipe: bool,
}

impl Queue {
    /// Makes one, empty and open, held once by `heap`.
    ///
    /// Errors: `OutOfMemory`; `Argument` for a `max_size` of more than the largest block has room for.
    pub fn new(heap: &mut Heap, options: &QueueOptions) -> Result<Id, Error> {
        let m = heap.mem();
        let largest = m.geometry().largest();
        let max = options.max_size;
        let wanted = if max == 0 {
            largest
        } else {
            let least = (max.saturating_add(2)).saturating_mul(2 * ring::MOVE_SIZE);
            if least > largest - ring::DATA {
                return Err(Error::Argument {
                    name: "max_size",
                    was: max.to_string(),
                    allowed: "0 (as many as memory allows), or what fits into the largest block at 32 B each (33,554,302 for 1 GiB)",
                });
            }
            ring::DATA
                + least.max((max.saturating_add(2).saturating_mul(SHARE)).clamp(8 << 10, 256 << 10))
        };
        let id = heap.alloc(wanted, Kind::Queue)?;
        let cap = block::size(m, id) - ring::DATA;
        let inline = if max == 0 {
            ring::record_size(0, MOST_INLINE).min(cap / 4)
        } else {
            ((cap / (max + 2)) & !7).min(ring::record_size(0, MOST_INLINE))
        };
        ring::init(m, id, cap, max, inline, options.producers as u64, 0);
        slots::set_text(
            m,
            block::data(m, id) + ring::LABEL,
            LABEL_SIZE,
            options.label,
        );
        Ok(id)
    }

    /// Makes one direction of a pipe, empty, held once by `heap`: a ring that is full by bytes. It holds at least 64 KiB of messages; an
    /// empty one takes any message. `nonce` as `end.rs` says.
    pub(crate) fn new_pipe(heap: &mut Heap, nonce: u64, label: &str) -> Result<Id, Error> {
        let id = heap.alloc(PIPE, Kind::Queue)?;
        let m = heap.mem();
        let cap = block::size(m, id) - ring::DATA;
        let inline = ring::record_size(0, MOST_INLINE).min(cap / 4);
        ring::init(m, id, cap, 0, inline, 0, 0);
        ring::init_pipe(m, id, PIPE_STRETCH.min(cap / 4), nonce);
        slots::set_text(m, block::data(m, id) + ring::LABEL, LABEL_SIZE, label);
        Ok(id)
    }

    /// Checks that `id` names a queue.
    pub fn open(arena: &Arena, id: Id) -> Result<Queue, Error> {
        let m = &arena.mem;
        ring::check(m, id)?;
        let word = |offset| m.w64(block::data(m, id) + offset).get();
        Ok(Queue {
            id,
            inline: word(ring::INLINE),
            max_size: word(ring::MAX_SIZE),
            producers: word(ring::PRODUCERS) != 0,
            pipe: ring::is_pipe(m, id),
        })
    }

    pub fn id(&self) -> Id {
        self.id
    }

    /// Puts a message in: the bytes of `parts` one behind the other, and the blocks that it names. Does not wait.
    ///
    /// This heap must hold every ref; it keeps them until the message is taken.
    /// Errors: `Full`, `Closed`, `Failed`: `OutOfMemory`, `NotHeld`, `TooLarge`, `Argument` (more than 65,535 refs).
    pub fn push(&self, heap: &mut Heap, parts: &[&[u8]], refs: &[Id]) -> Result<(), QueueError> {
        heap.tick();
        if refs.len() > ring::MAX_REFS {
            return Err(QueueError::Failed(Error::Argument {
                name: "refs",
                was: refs.len().to_string(),
                allowed: "at most 65535 in one message",
            }));
        }
        for id in refs {
            if heap.count(*id) == 0 {
                return Err(QueueError::Failed(Error::NotHeld { id: id.as_u64() }));
            }
        }
        let m = heap.mem();
        let bytes: u64 = parts.iter().map(|p| p.len() as u64).sum();
        let pos = if ring::record_size(refs.len(), bytes) <= self.inline {
            ring::push(m, self.id, heap.slot(), refs, bytes, Body::Inline(parts))?
        } else {
            self.push_block(heap, parts, refs, bytes)?
        };
        if !refs.is_empty() {
            heap.pin(self.id, pos, refs);
        }
        if self.producers {
            heap.produces(self.id);
        }
        Ok(())
    }

    #[cold]
    fn push_block(
        &self,
        heap: &mut Heap,
        parts: &[&[u8]],
        refs: &[Id],
        bytes: u64,
    ) -> Result<u64, QueueError> {
        let m = heap.mem();
        if bytes > u32::MAX as u64 {
            return Err(QueueError::Failed(Error::TooLarge {
                wanted: bytes,
                most: m.geometry().largest(),
            }));
        }
        // not copied for nothing
        if ring::is_producer_closed(m, self.id, heap.slot()) {
            return Err(QueueError::Closed);
        }
        if self.max_size != 0 && self.size(heap.arena()) >= self.max_size {
            return Err(QueueError::Full);
        }
        let head: Vec<u8> = refs
            .iter()
            .flat_map(|id| id.as_u64().to_ne_bytes())
            .collect();
        let mut all = vec![&head[..]];
        all.extend(parts);
        let body = heap.alloc_message(&all)?;
        match ring::push(m, self.id, heap.slot(), refs, bytes, Body::Block(body)) {
            Ok(pos) => {
                heap.forget(body);
                Ok(pos)
            }
            Err(stop) => {
                let _ = heap.release(body);
                Err(stop.into())
            }
        }
    }

    /// As [`Queue::push`], but waits for room. None waits for ever. Errors: also `TimedOut`.
    pub fn push_wait(
        &self,
        heap: &mut Heap,
        parts: &[&[u8]],
        refs: &[Id],
        timeout: Option<Duration>,
    ) -> Result<(), QueueError> {
        let mut end = Deadline::new(timeout);
        let bytes = parts.iter().map(|p| p.len() as u64).sum();
        let need = self.need(heap.arena(), refs.len(), bytes);
        loop {
            match self.push(heap, parts, refs) {
                Err(QueueError::Full) => (),
                done => return done,
            }
            let (arena, slot) = (heap.arena(), heap.slot());
            let seen = bell::seen(&arena.mem, slot);
            if self.arm_push(arena, slot, need) {
                continue;
            }
            let left = end.left().ok_or(QueueError::TimedOut)?;
            heap.tidy();
            bell::sleep(&arena.mem, slot, seen, left);
        }
    }

    /// Takes the next message: its bytes into `buffer`, the blocks that it names into `refs` (cleared before), each with a
    /// count of 1 more. The number of bytes. Does not wait.
    ///
    /// Errors: `Empty`, `Closed` (and everything taken), `TooSmall`, `Failed(Corrupt)`; nothing was taken then.
    pub fn pop(
        &self,
        heap: &mut Heap,
        buffer: &mut [u8],
        refs: &mut Vec<Id>,
    ) -> Result<usize, QueueError> {
        match self.take(heap, buffer, 0, refs)? {
            Taken::Bytes(bytes) => Ok(bytes),
            Taken::Block { id, at, bytes } => {
                let m = heap.mem();
                m.read(block::data(m, id) + at, &mut buffer[..bytes]);
                let _ = heap.release(id);
                Ok(bytes)
            }
        }
    }

    /// As [`Queue::pop`], but a message that has a block of its own is left there: the block is the caller's, with a count of 1.
    /// One of at most `most` bytes, or that fits the buffer.
    pub fn take(
        &self,
        heap: &mut Heap,
        buffer: &mut [u8],
        most: usize,
        refs: &mut Vec<Id>,
    ) -> Result<Taken, QueueError> {
        heap.tick();
        refs.clear();
        let (m, slot) = (heap.mem(), heap.slot());
        let popped = {
            let counts = &*heap;
            let hold = |id: Id| {
                if counts.count(id) == 0 {
                    block::hold(m, id, slot);
                }
            };
            ring::pop(m, self.id, slot, buffer, most, refs, hold)?
        };
        for id in refs.iter() {
            heap.received(*id);
        }
        Ok(match popped.block {
            None => Taken::Bytes(popped.bytes),
            Some(id) => {
                heap.received(id);
                Taken::Block {
                    id,
                    at: 8 * refs.len() as u64,
                    bytes: popped.bytes,
                }
            }
        })
    }

    /// As [`Queue::pop`], but waits for a message. None waits for ever. Errors: also `TimedOut`.
    pub fn pop_wait(
        &self,
        heap: &mut Heap,
        buffer: &mut [u8],
        refs: &mut Vec<Id>,
        timeout: Option<Duration>,
    ) -> Result<usize, QueueError> {
        self.wait_for(heap, timeout, |heap| self.pop(heap, buffer, refs))
    }

    /// As [`Queue::take`], but waits for a message. None waits for ever. Errors: also `TimedOut`.
    pub fn take_wait(
        &self,
        heap: &mut Heap,
        buffer: &mut [u8],
        most: usize,
        refs: &mut Vec<Id>,
        timeout: Option<Duration>,
    ) -> Result<Taken, QueueError> {
        self.wait_for(heap, timeout, |heap| self.take(heap, buffer, most, refs))
    }

    #[inline]
    fn wait_for<R>(
        &self,
        heap: &mut Heap,
        timeout: Option<Duration>,
        mut attempt: impl FnMut(&mut Heap) -> Result<R, QueueError>,
    ) -> Result<R, QueueError> {
        let mut end = Deadline::new(timeout);
        loop {
            match attempt(heap) {
                Err(QueueError::Empty) => (),
                done => return done,
            }
            let (arena, slot) = (heap.arena(), heap.slot());
            let seen = bell::seen(&arena.mem, slot);
            if self.arm_pop(arena, slot) {
                continue;
            }
            let left = end.left().ok_or(QueueError::TimedOut)?;
            if heap.pinned() > 0 {
                heap.tidy();
            }
            bell::sleep(&arena.mem, slot, seen, left);
        }
    }

    /// Bytes of the next message. A hint: another may take it first.
    pub fn next_len(&self, heap: &Heap) -> Option<usize> {
        ring::next_len(heap.mem(), self.id)
    }

    /// True: there is a message, or the queue is closed; look again now. False: the bell rings when there is.
    /// Read [`Arena::bell_seen`] before.
    pub fn arm_pop(&self, arena: &Arena, slot: Slot) -> bool {
        let m = &arena.mem;
        bell::arm(m, block::data(m, self.id) + ring::ARMED_POP, slot);
        ring::can_pop(m, self.id)
    }

    /// Bytes of the ring that a message takes.
    pub fn need(&self, arena: &Arena, refs: usize, bytes: u64) -> u64 {
        let record = ring::record_size(refs, bytes);
        if record <= self.inline {
            return record;
        }
        ring::move_size(&arena.mem, block::data(&arena.mem, self.id), refs, bytes)
    }

    /// True: there is room for a message that takes `need` bytes, or the queue is closed; look again now. False: the bell rings
    /// when there may be.
    pub fn arm_push(&self, arena: &Arena, slot: Slot, need: u64) -> bool {
        let m = &arena.mem;
        bell::arm(m, block::data(m, self.id) + ring::ARMED_PUSH, slot);
        ring::can_push(m, self.id, slot, need)
    }

    /// No more puts: of this producer where producers were announced, else of anyone.
    pub fn close(&self, heap: &mut Heap) {
        if self.producers {
            heap.produces(self.id);
        }
        ring::close(heap.mem(), self.id, heap.slot());
        heap.tidy();
    }

    /// Reports one message as done. False: as many are reported as were put.
    pub fn task_done(&self, arena: &Arena) -> bool {
        joinable::done(&arena.mem, self.id)
    }

    /// True: all messages that were put are reported as done. False: the bell rings when that may be so.
    pub fn is_joined_or_arm(&self, arena: &Arena, slot: Slot) -> bool {
        joinable::is_joined_or_arm(&arena.mem, self.id, slot)
    }

    /// Messages in it now.
    pub fn size(&self, arena: &Arena) -> u64 {
        let (pushed, popped) = ring::counts(&arena.mem, self.id);
        pushed.saturating_sub(popped)
    }

    /// 0: as many as memory allows.
    pub fn max_size(&self) -> u64 {
        self.max_size
    }

    /// Nobody can put any more.
    pub fn is_closed(&self, arena: &Arena) -> bool {
        ring::is_closed(&arena.mem, self.id)
    }

    /// This producer, or nobody, can put any more.
    pub fn is_producer_closed(&self, arena: &Arena, slot: Slot) -> bool {
        ring::is_producer_closed(&arena.mem, self.id, slot)
    }
}

/// The clock is read for the first time when there is something to wait for.
struct Deadline {
    timeout: Option<Duration>,
    begun: Option<Instant>,
}

impl Deadline {
    fn new(timeout: Option<Duration>) -> Deadline {
        Deadline {
            timeout,
            begun: None,
        }
    }

    /// What is left, cut to a slice; None: it has passed.
    fn left(&mut self) -> Option<Duration> {
        let Some(timeout) = self.timeout else {
            return Some(lock::SLICE);
        };
        let passed = self.begun.get_or_insert_with(Instant::now).elapsed();
        let left = timeout.saturating_sub(passed);
        (!left.is_zero()).then(|| left.min(lock::SLICE))
    }
}
