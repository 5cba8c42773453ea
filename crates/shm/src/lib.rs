//! One mapping shared by a tree of processes: allocator, mutexes, queues, waiting and waking, all usable after a SIGKILL
//! anywhere. See README.md for the surface and the protocol; each file's header for its part of it.
//!
//! The root makes an [`Arena`] and starts a [`Supervisor`]; children attach by descriptor, and each of their threads enters
//! the [`Slot`] claimed for it and holds blocks through a [`Heap`] of its own.

// A model uses the protocol, and leaves out the table, the header and the text.
#![cfg_attr(loom, allow(dead_code))]
// A word's add and sub are atomic, and not operators. What is made in the arena is named by its Id, not by a value of its type.
#![allow(clippy::should_implement_trait, clippy::new_ret_no_self)]

#[doc(hidden)]
pub mod arena;
#[doc(hidden)]
pub mod barrier;
#[doc(hidden)]
pub mod bell;
#[doc(hidden)]
pub mod block;
#[doc(hidden)]
pub mod condition;
#[doc(hidden)]
pub mod end;
mod error;
#[doc(hidden)]
pub mod event;
#[doc(hidden)]
pub mod geometry;
#[doc(hidden)]
pub mod heap;
#[doc(hidden)]
pub mod joinable;
#[doc(hidden)]
pub mod liveness;
#[doc(hidden)]
pub mod lock;
#[doc(hidden)]
pub mod mem;
#[doc(hidden)]
pub mod mutex;
mod plant;
mod primitive;
#[cfg(not(loom))]
#[doc(hidden)]
pub mod queue;
#[doc(hidden)]
pub mod repair;
#[doc(hidden)]
pub mod ring;
#[doc(hidden)]
pub mod rwlock;
#[doc(hidden)]
pub mod semaphore;
#[doc(hidden)]
pub mod slots;
mod tag;

#[cfg(not(loom))]
pub mod code;
#[cfg(not(loom))]
pub mod inspect;
#[cfg(not(loom))]
pub mod named;
#[cfg(not(loom))]
mod os;
#[cfg(not(loom))]
mod shared;
#[cfg(not(loom))]
mod supervisor;

pub use arena::Arena;
pub use error::Error;
pub use geometry::{Geometry, Id, Slot, SLOTS, SUPERVISOR};
pub use heap::Heap;
pub use mutex::{AsyncLock, Lock, OwnerDied};
pub use tag::Kind;

#[cfg(not(loom))]
pub use {
    arena::ArenaOptions,
    barrier::{Arrival, Barrier, BarrierOptions},
    bell::BellPipe,
    condition::Condition,
    end::PipeEnd,
    event::Event,
    liveness::DeathWatch,
    mutex::Mutex,
    named::NamedMemory,
    os::Handle,
    queue::{Queue, QueueError, QueueOptions, Taken},
    rwlock::RwLock,
    semaphore::{Permit, Refused, Semaphore, Try},
    shared::SharedValue,
    slots::{SlotInfo, SlotPhase},
    supervisor::Supervisor,
};
