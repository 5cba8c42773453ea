//! The tag word of a block: what kind of object it is, and, for a message in transit, who sent it through which queue.
//!
//! Layout of a message's: `kind 8 bits << 56 | steps 4 bits << 52 | sender slot 12 bits << 40 | queue id 40 bits`; `steps` + 1
//! sixteenths of a large block (or pages, where those are larger) have memory. Of an array's: `kind 8 bits << 56 | bytes 40 bits`.
//! Others leave the low 56 bits zero.

use crate::geometry::Id;
use crate::Slot;

/// What a block is. The number is part of the shared layout: append only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Bytes of no known meaning.
    Raw = 0,
    /// The body of a large message: held by one slot, or in transit.
    Message = 1,
    /// A [`crate::Mutex`].
    Mutex = 2,
    /// A [`crate::Queue`].
    Queue = 3,
    /// A task channel; its records are laid out by JavaScript.
    Channel = 4,
    Array = 5,
    Value = 6,
    /// A [`crate::Semaphore`].
    Semaphore = 7,
    /// A [`crate::Mutex`] that its owner may take again.
    RLock = 8,
    /// A [`crate::RwLock`].
    RwLock = 9,
    /// A [`crate::Condition`].
    Condition = 10,
    /// A [`crate::Event`].
    Event = 11,
    /// A [`crate::Barrier`].
    Barrier = 12,
    Table = 13,
    Other = 14,
    /// Held while somebody has what it stands for: one end of a pipe, a shared value (`end.rs`).
    End = 15,
    /// The bytes of a shared value.
    Shared = 16,
}

impl Kind {
    const ALL: [Kind; 17] = [
        Kind::Raw,
        Kind::Message,
        Kind::Mutex,
        Kind::Queue,
        Kind::Channel,
        Kind::Array,
        Kind::Value,
        Kind::Semaphore,
        Kind::RLock,
        Kind::RwLock,
        Kind::Condition,
        Kind::Event,
        Kind::Barrier,
        Kind::Table,
        Kind::Other,
        Kind::End,
        Kind::Shared,
    ];

    /// The kind with that number.
    pub fn from_number(number: u8) -> Option<Kind> {
        Kind::ALL.get(number as usize).copied()
    }

    /// What threads wait for, own a part of, or are inside of: repair keeps the dead slot's hold on it until it is usable again.
    pub(crate) fn is_repaired(number: u8) -> bool {
        matches!(
            Kind::from_number(number),
            Some(
                Kind::Mutex
                    | Kind::Queue
                    | Kind::Semaphore
                    | Kind::RLock
                    | Kind::RwLock
                    | Kind::Condition
                    | Kind::Event
                    | Kind::Barrier
            )
        )
    }
}

const BYTES: u64 = (1 << 40) - 1;

pub(crate) fn of(kind: Kind) -> u64 {
    (kind as u64) << 56
}

/// The tag of an array of so many bytes, which need not be all of its block.
pub(crate) fn array(bytes: u64) -> u64 {
    of(Kind::Array) | bytes & BYTES
}

/// Bytes of an array.
pub(crate) fn bytes(tag: u64) -> u64 {
    tag & BYTES
}

pub(crate) fn kind_number(tag: u64) -> u8 {
    (tag >> 56) as u8
}

/// The tag of a message that `sender` is putting into `queue`.
pub(crate) fn transit(sender: Slot, queue: Id) -> u64 {
    of(Kind::Message) | (sender as u64 & 0xfff) << 40 | queue.0 & 0xff_ffff_ffff
}

const STEPS: u64 = 0xf << 52;

/// Bytes of a step of a block of `size` bytes.
fn step(size: u64) -> u64 {
    (size / 16).max(4096)
}

/// The whole steps that `bytes` (at least 1) take, in bytes.
pub(crate) fn whole_steps(bytes: u64, size: u64) -> u64 {
    bytes.max(1).next_multiple_of(step(size)).min(size)
}

/// The tag of a message of which `backed` bytes, in whole steps, have memory.
pub(crate) fn with_backed(tag: u64, backed: u64, size: u64) -> u64 {
    tag & !STEPS | (backed / step(size)).saturating_sub(1).min(15) << 52
}

/// Bytes that have memory, of a large block with this tag.
pub(crate) fn backed(tag: u64, size: u64) -> u64 {
    (((tag & STEPS) >> 52) + 1) * step(size)
}

/// What a tag says but for how much memory there is.
pub(crate) fn route(tag: u64) -> u64 {
    tag & !STEPS
}

pub(crate) fn sender(tag: u64) -> Slot {
    (tag >> 40 & 0xfff) as Slot
}

pub(crate) fn queue(tag: u64) -> Id {
    Id(tag & 0xff_ffff_ffff)
}
