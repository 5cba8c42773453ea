//! Many readers or one writer.
//!
//! ```text
//! +0 a mutex (mutex.rs)    +52 the writer inside, slot + 1, or 0, u32    +64 label 64 B
//! +128 armed set of the writer that waits for readers    +192 for each slot the number of its readers u32
//! reader, fast:  own number + 1; fence; the mutex is 0: inside; else own number - 1, and     (JavaScript)
//! reader, slow:  lock the mutex; own number + 1; release the mutex
//! reader leaves: own number - 1; fence; the mutex is owned: ring who waits for readers      (JavaScript, but for the ring)
//! writer:        lock the mutex; fence; wait until all numbers are 0; writer = slot + 1
//! writer leaves: writer = 0; release the mutex
//! ```
//! The mutex is a turnstile: a writer keeps it while it waits for the readers before it and while it writes, so a
//! waiting writer holds back new readers, and a reader that finds it taken goes through it like anybody. Who gets
//! the mutex within what time says mutex.rs: so nobody starves, reader or writer.
//!
//! **Never both.** A reader stores its number, then loads the mutex; a writer stores the mutex, then loads the numbers; with a
//! fence between: one of them sees the other.
//!
//! **No wake is lost.** The writer that waits for readers arms its bell, looks at the numbers, and sleeps; a reader that leaves
//! stores its number, fences, looks at the mutex, and rings.
//!
//! **Kills.** A reader: the supervisor sets its slot's number to 0 and rings the writer. A writer inside: all are told
//! (OwnerDiedError) until someone calls recover(), which leaves the lock free. One that owned the mutex and was not inside, a
//! reader on its way through among them, has changed nothing: the supervisor opens the mutex, and nobody is told. A writer that
//! has cleared `writer` and not yet released has left.

use crate::bell;
#[cfg(loom)]
use crate::bell::SET_SIZE;
use crate::geometry::{Slot, SLOTS};
use crate::lock::SLICE;
use crate::mem::{fence, Mem};
use crate::mutex::{self, Lock};
use crate::plant::planted;
use std::time::Duration;

#[cfg(not(loom))]
pub const WRITER: u64 = 52;
#[cfg(loom)]
pub const WRITER: u64 = mutex::SIZE;
pub const LABEL: u64 = 64;
pub const LABEL_SIZE: usize = 64;
#[cfg(not(loom))]
const DRAIN: u64 = 128;
#[cfg(loom)]
const DRAIN: u64 = WRITER + 8;
#[cfg(not(loom))]
pub const READERS: u64 = 192;
#[cfg(loom)]
pub const READERS: u64 = DRAIN + SET_SIZE;
/// Bytes of a lock's block.
pub const SIZE: u64 = READERS + SLOTS as u64 * 4;

fn readers(at: u64, slot: Slot) -> u64 {
    at + READERS + slot as u64 * 4
}

fn has_readers(m: &Mem, at: u64) -> bool {
    (0..SLOTS).any(|slot| m.w32(readers(at, slot)).get() != 0)
}

// ---------------------------------------------------------------- readers

/// The fast way in. False: a writer is there, or others wait.
pub fn try_read(m: &Mem, at: u64, slot: Slot) -> bool {
    if planted("a reader looks first") {
        let free = m.w32(at + mutex::WORD).get() == 0;
        if free {
            m.w32(readers(at, slot)).add(1);
        }
        return free;
    }
    m.w32(readers(at, slot)).add(1);
    fence();
    if m.w32(at + mutex::WORD).get() == 0 {
        return true;
    }
    end_read(m, at, slot);
    false
}

/// The mutex is this slot's: the reader goes in, and the turnstile is free for the next.
pub fn read_through(m: &Mem, at: u64, slot: Slot) {
    m.w32(readers(at, slot)).add(1);
    mutex::release(m, at);
}

/// Blocks the calling thread until it may read.
pub fn read(m: &Mem, at: u64, slot: Slot, timeout: Option<Duration>) -> Lock {
    if try_read(m, at, slot) {
        return Lock::Acquired;
    }
    let end = mutex::lock(m, at, slot, timeout);
    if end == Lock::Acquired {
        read_through(m, at, slot);
    }
    end
}

/// False: this slot does not read.
pub fn end_read(m: &Mem, at: u64, slot: Slot) -> bool {
    let number = m.w32(readers(at, slot));
    loop {
        let old = number.get();
        if old == 0 {
            return false;
        }
        if number.cas(old, old - 1) {
            break;
        }
    }
    fence();
    ring_writer(m, at);
    true
}

/// A reader has left: the writer that waits for it looks again.
pub fn ring_writer(m: &Mem, at: u64) {
    if m.w32(at + mutex::WORD).get() & mutex::OWNER != 0 && !planted("a reader leaves silently") {
        bell::ring_armed(m, at + DRAIN);
    }
}

// ---------------------------------------------------------------- writers

/// The mutex is this slot's, and nobody reads any more: it writes. False: not yet.
pub fn try_enter(m: &Mem, at: u64, slot: Slot) -> bool {
    fence();
    if has_readers(m, at) {
        return false;
    }
    m.w32(at + WRITER).set(slot + 1);
    true
}

/// As [`try_enter`]; if not, the slot's bell rings when a reader leaves.
pub fn try_enter_or_arm(m: &Mem, at: u64, slot: Slot) -> bool {
    bell::arm(m, at + DRAIN, slot);
    try_enter(m, at, slot)
}

/// As [`try_enter`], blocking for at most a slice of `timeout`.
pub fn enter(m: &Mem, at: u64, slot: Slot, timeout: Duration) -> bool {
    let seen = bell::seen(m, slot);
    if try_enter_or_arm(m, at, slot) {
        return true;
    }
    bell::sleep(m, slot, seen, timeout.min(SLICE));
    try_enter(m, at, slot)
}

/// A writer gives up while it waits for the readers.
pub fn leave(m: &Mem, at: u64) {
    mutex::release(m, at);
}

/// False: nobody writes.
pub fn end_write(m: &Mem, at: u64) -> bool {
    if m.w32(at + WRITER).swap(0) == 0 {
        return false;
    }
    mutex::release(m, at)
}

/// After a writer's death: free again. False: it is not abandoned (any more).
pub fn recover(m: &Mem, at: u64, slot: Slot) -> bool {
    mutex::recover(m, at, slot) && mutex::release(m, at)
}

/// The slot reads, writes, or is on its way.
pub fn is_inside(m: &Mem, at: u64, slot: Slot) -> bool {
    m.w32(readers(at, slot)).get() != 0 || mutex::look(m, at).0 == Some(slot)
}

/// The writer inside.
pub fn writer(m: &Mem, at: u64) -> Option<Slot> {
    m.w32(at + WRITER).get().checked_sub(1)
}

/// Slots that read, with the number of their readers.
pub fn reading(m: &Mem, at: u64) -> Vec<(Slot, u32)> {
    (0..SLOTS)
        .map(|slot| (slot, m.w32(readers(at, slot)).get()))
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// Supervisor: `slot` of process `pid` is dead.
pub fn after_death(m: &Mem, at: u64, slot: Slot, pid: u32) {
    if !planted("a dead reader reads on") {
        m.w32(readers(at, slot)).set(0);
    }
    let wrote = writer(m, at) == Some(slot);
    if wrote {
        m.w32(at + WRITER).set(0);
    }
    mutex::end_of(m, at, slot, pid, wrote || planted("all deaths are told"));
    fence();
    bell::ring_armed(m, at + DRAIN);
}

#[cfg(not(loom))]
mod view {
    use super::*;
    use crate::arena::Arena;
    use crate::geometry::Id;
    use crate::heap::Heap;
    use crate::mutex::AsyncLock;
    use crate::tag::Kind;
    use crate::{block, slots, Error};

    /// A lock in the arena: a checked view, valid as long as the block is held.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct RwLock {
        at: u64,
    }

    impl RwLock {
        /// Makes one, free, held once by `heap`. The label is for `inspect`; it is cut at 64 bytes.
        pub fn new(heap: &mut Heap, label: &str) -> Result<Id, Error> {
            let id = heap.alloc(SIZE, Kind::RwLock)?;
            let m = heap.mem();
            slots::set_text(m, block::data(m, id) + LABEL, LABEL_SIZE, label);
            Ok(id)
        }

        /// Checks that `id` names such a lock.
        pub fn open(arena: &Arena, id: Id) -> Result<RwLock, Error> {
            let at = block::open(&arena.mem, id, Kind::RwLock, SIZE)?;
            Ok(RwLock { at })
        }

        /// Blocks the thread until it may read. None waits for ever.
        pub fn read(&self, arena: &Arena, slot: Slot, timeout: Option<Duration>) -> Lock {
            read(&arena.mem, self.at, slot, timeout)
        }

        /// Reads, else arms the slot's bell. `waited` as in [`crate::Mutex::try_lock_or_arm`].
        pub fn try_read_or_arm(&self, arena: &Arena, slot: Slot, waited: Duration) -> AsyncLock {
            let m = &arena.mem;
            if waited.is_zero() && try_read(m, self.at, slot) {
                return AsyncLock::Acquired;
            }
            let end = mutex::try_lock_or_arm(m, self.at, slot, waited);
            if end == AsyncLock::Acquired {
                read_through(m, self.at, slot);
            }
            end
        }

        /// False: this slot does not read.
        pub fn end_read(&self, arena: &Arena, slot: Slot) -> bool {
            end_read(&arena.mem, self.at, slot)
        }

        /// A reader has left by other means (JavaScript's).
        pub fn ring_writer(&self, arena: &Arena) {
            ring_writer(&arena.mem, self.at)
        }

        /// A writer's first step: blocks the thread until it has the mutex.
        pub fn begin_write(&self, arena: &Arena, slot: Slot, timeout: Option<Duration>) -> Lock {
            mutex::lock(&arena.mem, self.at, slot, timeout)
        }

        /// As [`RwLock::begin_write`], for event loops.
        pub fn try_begin_write_or_arm(
            &self,
            arena: &Arena,
            slot: Slot,
            waited: Duration,
        ) -> AsyncLock {
            mutex::try_lock_or_arm(&arena.mem, self.at, slot, waited)
        }

        /// The second step: blocks until nobody reads any more, for at most `timeout` and 200 ms.
        pub fn enter(&self, arena: &Arena, slot: Slot, timeout: Duration) -> bool {
            enter(&arena.mem, self.at, slot, timeout)
        }

        /// As [`RwLock::enter`], for event loops.
        pub fn try_enter_or_arm(&self, arena: &Arena, slot: Slot) -> bool {
            try_enter_or_arm(&arena.mem, self.at, slot)
        }

        /// A writer gives up between its first step and its second.
        pub fn leave(&self, arena: &Arena) {
            leave(&arena.mem, self.at)
        }

        /// A waiter of an event loop gives up before it had the mutex.
        pub fn give_up(&self, arena: &Arena) {
            mutex::give_up(&arena.mem, self.at)
        }

        /// False: nobody writes.
        pub fn end_write(&self, arena: &Arena) -> bool {
            end_write(&arena.mem, self.at)
        }

        /// After a writer's death: the lock is free again. False: it is not abandoned (any more).
        pub fn recover(&self, arena: &Arena, slot: Slot) -> bool {
            recover(&arena.mem, self.at, slot)
        }
    }
}
#[cfg(not(loom))]
pub use view::RwLock;
