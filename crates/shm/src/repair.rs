//! What the supervisor does for a dead slot: its process is gone (never earlier), or its thread has left.
//!
//! **Order.**
//! ```text
//! A  look at what the dead held: note what its locks froze in queues; pin the refs of its messages that are on their way
//! B  judge every block; drop the dead's bits on all but those with locks inside
//! C  count ended producers; settle and open the locks in queues; repair the other primitives, each as its file says; wake
//! D  drop the dead's bits on those
//! E  let pins go that have passed; ring every bell
//! F  free the slot
//! ```
//! Locks of the dead stay shut until everything that they froze has been judged (B before C): a message in transit is judged
//! by comparing its position with TAIL or HEAD, and with the lock open these move. Nothing else opens a dead slot's locks.
//!
//! **No scanning hold.** Of what it finds by scanning, the supervisor only touches blocks through the dead slot's own bit,
//! which nobody but it clears: who owns a lock in a block, or works in a queue, or has put refs into one, holds that block.
//!
//! **Pins (A).** A committed message of the dead names refs under the dead's bits. While these are still set the supervisor
//! holds each ref, and the queue, itself: its own heap's pins, as a live sender has them (heap.rs).
//!
//! **The judgement (B)** of a block in state
//! - TAKEN or FREEING by the dead: its work is finished for it.
//! - TRANSIT, sent by the dead, whose push lock of that queue is the dead's, at a position not before TAIL: never committed;
//!   freed. (Before TAIL, or lock not held: the message is in the queue and stays.)
//! - TRANSIT with the dead's bit, the pop lock the dead's: position not before HEAD: not taken, the bit goes, the message
//!   stays; before HEAD: taken, dies with its taker.
//! - LIVE: the dead's bit goes; freed if that was the last. Also freed: what is garbage by I1, since the dead may have cleared
//!   its bit already.
//!
//! Positions are full 64-bit numbers, and a message's tag names its queue. A queue freed since then has taken its messages
//! with it (`ring::drain`), and an uncommitted one implies that the dead still holds the queue: so no tag speaks of an
//! earlier queue in the same block.
//!
//! The supervisor never waits for a lock. If it dies, so does the root, and with it the tree.

use crate::arena::Arena;
use crate::block::{self, phase, state_word};
use crate::geometry::{high_water, Id, Slot, HEADER_RETAINED, SUPERVISOR};
use crate::heap::{Heap, IdMap};
use crate::mem::Mem;
use crate::plant::planted;
use crate::primitive::{self, Death};
use crate::tag::{self, Kind};
use crate::{bell, ring, slots};

/// The supervisor's own holds, kept from repair to repair.
pub struct Repair<'a> {
    heap: Heap<'a>,
}

/// (TAIL, HEAD) of a queue, each if its lock is the dead's.
type Frozen = (Option<u64>, Option<u64>);

impl<'a> Repair<'a> {
    pub fn new(arena: &'a Arena) -> Repair<'a> {
        Repair {
            heap: Heap::new(arena, SUPERVISOR),
        }
    }

    /// Repairs everything for `dead`, whose slot is DEAD, and frees the slot. `pid` is what those who find its mutexes
    /// abandoned are told.
    pub fn slot(&mut self, dead: Slot, pid: u32) {
        let m = self.heap.mem();
        let death = Death {
            slot: dead,
            pid,
            orderly: slots::is_orderly(m, dead),
        };
        let mut frozen: IdMap<Frozen> = IdMap::default();
        let mut locks: Vec<(Id, u8)> = Vec::new();
        // A
        each(m, |id| {
            if phase(state_word(m, id).get()) != block::LIVE || !block::is_held_by(m, id, dead) {
                return;
            }
            let kind = block::kind_number(m, id);
            if Kind::is_repaired(kind) {
                locks.push((id, kind));
            }
            if kind == Kind::Queue as u8 {
                frozen.insert(id, ring::frozen(m, id, dead));
                self.pin_messages(id, dead);
            }
        });
        if planted("locks open before the judgement") {
            locks
                .iter()
                .for_each(|(id, kind)| primitive::repair(m, *id, *kind, death));
        }
        // B
        let mut retained = 0;
        each(m, |id| {
            judge(m, id, dead, &frozen);
            if phase(state_word(m, id).get()) == block::FREE {
                retained += block::pos_word(m, id).get();
            }
        });
        // a dead thread may have counted and not yet kept, or the reverse; a hint, so that being a little off is harmless
        m.w64(HEADER_RETAINED).set(retained);
        // C
        for (id, kind) in &locks {
            if *kind == Kind::Queue as u8 {
                ring::end_producer(m, *id, dead);
            }
            primitive::repair(m, *id, *kind, death);
        }
        // D
        for (id, _) in &locks {
            block::drop_hold(m, *id, dead, SUPERVISOR);
        }
        // E
        self.heap.tidy();
        bell::ring_everyone(m);
        // F
        slots::free(m, dead);
    }

    /// Lets go of refs whose message was taken. Also called now and then.
    pub fn tidy(&mut self) {
        self.heap.tidy();
    }

    /// Messages of dead senders, with refs, that are still on their way.
    pub fn pinned(&self) -> usize {
        self.heap.pinned()
    }

    /// The dead's bit keeps the queue, and its bits keep the refs, until step B.
    fn pin_messages(&mut self, queue: Id, dead: Slot) {
        if planted("refs of the dead are not pinned") {
            return;
        }
        let m = self.heap.mem();
        let mut found = Vec::new();
        ring::walk(m, queue, |seen| {
            if seen.sender == dead && !seen.refs.is_empty() {
                found.push((seen.pos, seen.refs));
            }
        });
        for (pos, mut refs) in found {
            // a ref that the dead does not hold was garbage from the start, or the message has been taken meanwhile
            refs.retain(|id| m.check(*id).is_ok() && block::is_held_by(m, *id, dead));
            for id in refs.iter().chain([&queue]) {
                if self.heap.count(*id) == 0 {
                    block::hold(m, *id, SUPERVISOR);
                }
            }
            self.heap.pin(queue, pos, &refs);
        }
    }
}

fn judge(m: &Mem, id: Id, dead: Slot, frozen: &IdMap<Frozen>) {
    let state = state_word(m, id).get();
    match phase(state) {
        block::TAKEN | block::FREEING if block::by(state) == dead => {
            block::seize(m, id, state, SUPERVISOR);
        }
        block::LIVE => {
            if !block::is_held_by(m, id, dead) {
                if !planted("garbage is not looked for") {
                    block::free_garbage(m, id, SUPERVISOR);
                }
            } else if !Kind::is_repaired(block::kind_number(m, id)) {
                block::drop_hold(m, id, dead, SUPERVISOR);
            }
        }
        block::TRANSIT => judge_transit(m, id, state, dead, frozen),
        _ => (),
    }
}

fn judge_transit(m: &Mem, id: Id, state: u64, dead: Slot, frozen: &IdMap<Frozen>) {
    let (tag, pos) = (block::tag_word(m, id).get(), block::pos_word(m, id).get());
    let taking = block::is_held_by(m, id, dead);
    let sent = tag::sender(tag) == dead;
    if !taking && !sent {
        return;
    }
    crate::mem::fence();
    if state_word(m, id).get() != state {
        // a live taker has it: no concern of the dead
        return;
    }
    let (tail, head) = frozen.get(&tag::queue(tag)).copied().unwrap_or_default();
    if sent && tail.is_some_and(|tail| pos >= tail) {
        block::seize(m, id, state, SUPERVISOR);
    } else if taking {
        match head {
            Some(head) if pos < head => {
                block::seize(m, id, state, SUPERVISOR);
            }
            _ => block::clear_bit(m, id, dead),
        }
    }
}

fn each(m: &Mem, mut f: impl FnMut(Id)) {
    for (class, c) in m.geometry().classes.iter().enumerate() {
        for index in 0..m.w64(high_water(class)).get().min(c.count) {
            f(Id::new(class, index));
        }
    }
}
