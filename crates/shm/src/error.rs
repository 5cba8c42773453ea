//! Every way in which a call of this crate can fail.

use crate::tag::Kind;
use std::fmt;

/// What went wrong: names the argument, what it was, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The budget of the tree, or the machine, has no memory left. Nothing was changed.
    OutOfMemory { wanted: u64, used: u64, budget: u64 },
    /// No block is as large as that.
    TooLarge { wanted: u64, most: u64 },
    /// An argument outside of its range.
    Argument {
        name: &'static str,
        was: String,
        allowed: &'static str,
    },
    /// A number that names no block of this arena.
    BadId { id: u64 },
    /// The block is something else.
    WrongKind { id: u64, expected: Kind, found: u8 },
    /// This heap has no hold on the block.
    NotHeld { id: u64 },
    /// All slots are taken.
    NoFreeSlot,
    /// The slot was taken back before its thread entered it.
    SlotTaken { slot: u32 },
    /// A record in shared memory contradicts itself. Nothing was taken.
    Corrupt { id: u64, what: &'static str },
    /// The descriptor is no arena of this layout and version.
    NotOurs { what: &'static str },
    /// A system call failed.
    Os { call: &'static str, errno: i32 },
    /// Not available on this system.
    Unsupported { what: &'static str },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::OutOfMemory {
                wanted,
                used,
                budget,
            } => write!(
                f,
                "out of shared memory: {wanted} more bytes were asked for, {used} of a budget of {budget} are in use"
            ),
            Error::TooLarge { wanted, most } => {
                write!(f, "{wanted} bytes asked for in one block, at most {most} are possible")
            }
            Error::Argument { name, was, allowed } => {
                write!(f, "argument {name} was {was}, allowed: {allowed}")
            }
            Error::BadId { id } => write!(f, "id was {id:#x}, which names no block of this arena"),
            Error::WrongKind { id, expected, found } => write!(
                f,
                "id {id:#x} names a block of kind {found}, expected {expected:?} ({})",
                *expected as u8
            ),
            Error::NotHeld { id } => write!(f, "block {id:#x} is not held here"),
            Error::NoFreeSlot => write!(f, "no free slot: at most {} threads use one arena", crate::SLOTS - 1),
            Error::SlotTaken { slot } => write!(f, "slot {slot} was taken back before it was entered"),
            Error::Corrupt { id, what } => write!(f, "block {id:#x} is corrupt: {what}"),
            Error::NotOurs { what } => write!(f, "not an arena of this version: {what}"),
            Error::Os { call, errno } => write!(
                f,
                "{call} failed: {}",
                std::io::Error::from_raw_os_error(*errno)
            ),
            Error::Unsupported { what } => write!(f, "not supported on this system: {what}"),
        }
    }
}

impl std::error::Error for Error {}
