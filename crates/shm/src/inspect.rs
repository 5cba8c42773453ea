//! A look at a running tree, from any process that is attached to its arena. Nothing is locked, held or changed: what is read
//! may be a moment old, and two objects may be of different moments.

use crate::arena::Arena;
use crate::bell;
use crate::block::{self, data, phase, state_word};
use crate::geometry::{high_water, set_bit, Id, Slot, SLOTS};
use crate::mem::Mem;
use crate::slots::{text, SlotInfo, SlotPhase};
use crate::tag::Kind;
use crate::{barrier, condition, end, event, mutex, ring, rwlock, semaphore};
use crate::{slots, Error, Heap};

/// Where a value has its type's number, and its label.
const VALUE_TYPE: u64 = 8;
const VALUE_LABEL: u64 = 64;
/// Bytes of a value's block.
const VALUE_SIZE: u64 = 128;

/// A zeroed block for a value, held once; JavaScript lays out its first 64 bytes. The label is for `inspect`.
pub fn new_value(heap: &mut Heap, label: &str) -> Result<Id, Error> {
    let id = heap.alloc(VALUE_SIZE, Kind::Value)?;
    let m = heap.mem();
    slots::set_text(m, data(m, id) + VALUE_LABEL, 64, label);
    Ok(id)
}

/// A tree at (about) one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// 32 hexadecimal digits.
    pub tree: String,
    pub root_pid: u32,
    /// Bytes.
    pub budget: u64,
    /// Bytes.
    pub used: u64,
    /// Slots that are not free.
    pub slots: Vec<SlotInfo>,
    /// Blocks that live or are on their way.
    pub objects: Vec<ObjectInfo>,
}

/// One block.
#[derive(Debug, Clone)]
pub struct ObjectInfo {
    pub id: Id,
    pub kind: Kind,
    pub label: String,
    /// Bytes of the block; of a queue, those that have memory.
    pub bytes: u64,
    pub holders: Vec<Slot>,
    /// It is a message that is in a queue.
    pub in_transit: bool,
    pub detail: Detail,
}

/// What is known about objects of some kinds.
#[derive(Debug, Clone)]
pub enum Detail {
    Mutex {
        owner: Option<Slot>,
        /// The owner died and nobody has recovered it.
        died: bool,
        /// Somebody waits.
        waiters: bool,
        /// Slots whose event loops wait.
        armed: Vec<Slot>,
    },
    Queue {
        size: u64,
        /// 0: as many as memory allows.
        max_size: u64,
        closed: bool,
        /// One direction of a pipe.
        pipe: bool,
        /// Items put and not reported as done.
        unfinished: u64,
        /// Items reported as done; 0 where nobody reports.
        done: u64,
        /// Announced producers; 0: none.
        producers: u64,
        /// Slots that wait for a message.
        poppers: Vec<Slot>,
        /// Slots that wait for room.
        pushers: Vec<Slot>,
        /// Who is inside of a push or pop right now.
        push_lock: Option<Slot>,
        pop_lock: Option<Slot>,
    },
    /// A value, or the record of an array with a lock.
    Value {
        /// Its type's number and flags, as JavaScript writes them.
        kind: u32,
    },
    Semaphore {
        value: u32,
        first: u32,
        bounded: bool,
        /// Slots that have a permit, once for each.
        owners: Vec<Slot>,
        waiters: bool,
        armed: Vec<Slot>,
    },
    RwLock {
        writer: Option<Slot>,
        died: bool,
        /// Slots that read, once each.
        readers: Vec<Slot>,
        waiters: bool,
        armed: Vec<Slot>,
    },
    Condition {
        lock: Id,
        /// Slots that wait, and how many waiters each has.
        waiting: Vec<(Slot, u32)>,
    },
    Event {
        set: bool,
        waiters: bool,
        armed: Vec<Slot>,
    },
    Barrier {
        parties: u32,
        waiting: u32,
        broken: bool,
        armed: Vec<Slot>,
    },
    Other,
}

/// Reads the whole tree.
pub fn snapshot(arena: &Arena) -> Snapshot {
    let m = &arena.mem;
    let mut objects = Vec::new();
    for (class, c) in m.geometry().classes.iter().enumerate() {
        let high = m.w64(high_water(class)).get().min(c.count);
        objects.extend((0..high).filter_map(|index| object(m, Id::new(class, index))));
    }
    Snapshot {
        tree: arena.tree_hex(),
        root_pid: arena.root_pid(),
        budget: arena.budget(),
        used: arena.used_bytes(),
        slots: (0..SLOTS)
            .map(|s| arena.slot_info(s))
            .filter(|s| s.phase != SlotPhase::Free)
            .collect(),
        objects,
    }
}

fn object(m: &Mem, id: Id) -> Option<ObjectInfo> {
    let phase = phase(state_word(m, id).get());
    if phase != block::LIVE && phase != block::TRANSIT {
        return None;
    }
    let kind = Kind::from_number(block::kind_number(m, id)).unwrap_or(Kind::Other);
    let at = data(m, id);
    let words = block::holder_words(m, id);
    let mut info = ObjectInfo {
        id,
        kind,
        label: String::new(),
        bytes: block::size(m, id),
        holders: (0..SLOTS)
            .filter(|s| {
                let (word, bit) = set_bit(*s);
                words[word as usize / 8] & bit != 0
            })
            .collect(),
        in_transit: phase == block::TRANSIT,
        detail: Detail::Other,
    };
    match kind {
        Kind::Mutex | Kind::RLock => {
            let (owner, died, waiters) = mutex::look(m, at);
            info.label = text(m, at + mutex::LABEL, mutex::LABEL_SIZE);
            info.detail = Detail::Mutex {
                owner,
                died,
                waiters,
                armed: bell::members(m, at + mutex::ARMED),
            };
        }
        Kind::Queue => {
            let word = |offset| m.w64(at + offset).get();
            let (pushed, popped) = ring::counts(m, id);
            info.label = text(m, at + ring::LABEL, 64);
            info.bytes = ring::DATA + word(ring::COMMITTED);
            info.detail = Detail::Queue {
                size: pushed.saturating_sub(popped),
                max_size: word(ring::MAX_SIZE),
                closed: ring::is_closed(m, id),
                pipe: ring::is_pipe(m, id),
                unfinished: crate::joinable::unfinished(m, id),
                done: word(ring::DONE),
                producers: word(ring::PRODUCERS),
                poppers: bell::members(m, at + ring::ARMED_POP),
                pushers: bell::members(m, at + ring::ARMED_PUSH),
                push_lock: crate::lock::owner(m, at + ring::PUSH_LOCK),
                pop_lock: crate::lock::owner(m, at + ring::POP_LOCK),
            };
        }
        Kind::End => info.label = text(m, at + end::LABEL, end::LABEL_SIZE),
        Kind::Value => {
            info.label = text(m, at + VALUE_LABEL, 64);
            info.detail = Detail::Value {
                kind: m.w32(at + VALUE_TYPE).get(),
            };
        }
        Kind::Array => info.bytes = crate::tag::bytes(block::tag_word(m, id).get()).min(info.bytes),
        Kind::Semaphore => {
            info.label = text(m, at + semaphore::LABEL, semaphore::LABEL_SIZE);
            info.detail = Detail::Semaphore {
                value: semaphore::value(m, at),
                first: m.w32(at + semaphore::FIRST).get(),
                bounded: m.w32(at + semaphore::FLAGS).get() & semaphore::BOUNDED != 0,
                owners: semaphore::owners(m, at),
                waiters: m.w32(at + semaphore::GATE).get() & semaphore::WAITERS != 0,
                armed: bell::members(m, at + semaphore::ARMED),
            };
        }
        Kind::RwLock => {
            let (_, died, waiters) = mutex::look(m, at);
            info.label = text(m, at + rwlock::LABEL, rwlock::LABEL_SIZE);
            info.detail = Detail::RwLock {
                writer: rwlock::writer(m, at),
                died,
                readers: rwlock::reading(m, at)
                    .iter()
                    .map(|(slot, _)| *slot)
                    .collect(),
                waiters,
                armed: bell::members(m, at + mutex::ARMED),
            };
        }
        Kind::Condition => {
            info.label = text(m, at + condition::LABEL, condition::LABEL_SIZE);
            info.detail = Detail::Condition {
                lock: Id::from_u64(m.w64(at + condition::LOCK).get()),
                waiting: condition::waiters(m, at),
            };
        }
        Kind::Event => {
            info.label = text(m, at + event::LABEL, event::LABEL_SIZE);
            info.detail = Detail::Event {
                set: event::is_set(m, at),
                waiters: event::has_waiters(m, at),
                armed: bell::members(m, at + event::ARMED),
            };
        }
        Kind::Barrier => {
            let (waiting, broken) = barrier::look(m, at);
            info.label = text(m, at + barrier::LABEL, barrier::LABEL_SIZE);
            info.detail = Detail::Barrier {
                parties: m.w32(at + barrier::PARTIES).get(),
                waiting,
                broken,
                armed: bell::members(m, at + barrier::ARMED),
            };
        }
        _ => (),
    }
    Some(info)
}
