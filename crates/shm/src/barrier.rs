//! The barrier: a number of parties that go on together.
//!
//! ```text
//! +0 state u64    +8 parties u32    +12 has an action u32    +16 armed set    +56 default timeout, f64    +64 label 64 B
//! +128 broken generations, u32 × 32: generation g at g mod 32, as g + 1
//! state = generation 32 bits << 32 | phase 4 bits << 28 | arrived 28 bits
//! FILLING g, n      → FILLING g, n + 1      a party arrives, and waits
//! FILLING g, last   → FILLING g + 1, 0      the last one, where there is no action; rings all
//! FILLING g, last   → ACTION g              the last one, which then runs the action
//! ACTION g          → FILLING g + 1, 0      its action is done; rings all
//! FILLING|ACTION g  → RESETTING g           reset() with parties waiting
//! FILLING|ACTION g  → ABORTING g            abort(); a timeout, an abort, a death; an action that threw
//! RESETTING g       → FILLING g + 1, 0      anyone who meets it, after noting g as broken; rings all
//! ABORTING g        → BROKEN g + 1          the same
//! BROKEN g          → FILLING g, 0          reset()
//! ```
//! **Each arrival knows its generation**, and is through once the state has another one. Whether that went well tell the broken
//! generations, which are noted before the generation grows. So nobody has to wait until a cycle has drained, and a party
//! of the next cycle can't take the place of one that has not woken yet. A note is written over by a break 32 generations later
//! at the earliest: a waiter that slept through that takes a broken generation for one that went well.
//!
//! **Nothing hangs.** Every transition is one compare-and-exchange by whoever comes by; a break is finished by anyone who meets
//! it. ACTION is the one state that waits for a certain party, and its death breaks the barrier. A waiter arms, looks, and sleeps
//! on its bell (bell.rs). A timeout breaks generation g or finds that it is over: never both.
//!
//! **Kills.** A process that holds the barrier and dies breaks it, wherever it was: waiting, in the action, elsewhere, or not
//! begun; since which of them are parties nobody knows, and the others must not wait for one that never comes. One that ends in an
//! orderly way (exit code 0, no wait pending; slots.rs) has done its part and breaks nothing. Between two steps of a break:
//! the next one that comes by, at the latest the supervisor, goes on with it.

use crate::bell;
#[cfg(loom)]
use crate::bell::SET_SIZE;
use crate::geometry::Slot;
use crate::mem::Mem;
use crate::plant::planted;
use std::time::Duration;

pub const STATE: u64 = 0;
pub const PARTIES: u64 = 8;
pub const HAS_ACTION: u64 = 12;
pub const ARMED: u64 = 16;
pub const TIMEOUT: u64 = 56;
pub const LABEL: u64 = 64;
pub const LABEL_SIZE: usize = 64;
#[cfg(not(loom))]
const BROKEN_AT: u64 = 128;
#[cfg(loom)]
const BROKEN_AT: u64 = ARMED + SET_SIZE;
const NOTES: u32 = if cfg!(loom) { 2 } else { 32 };
/// Bytes of a barrier's block.
pub const SIZE: u64 = BROKEN_AT + NOTES as u64 * 4;
/// Parties of a barrier at most.
pub const MOST: u32 = (1 << 28) - 2;

const FILLING: u64 = 0;
const ACTION: u64 = 1;
const RESETTING: u64 = 2;
const ABORTING: u64 = 3;
const BROKEN: u64 = 4;

fn state(generation: u32, phase: u64, arrived: u32) -> u64 {
    (generation as u64) << 32 | phase << 28 | arrived as u64
}
fn generation(state: u64) -> u32 {
    (state >> 32) as u32
}
fn phase(state: u64) -> u64 {
    state >> 28 & 0xf
}
fn arrived(state: u64) -> u32 {
    (state & 0xfff_ffff) as u32
}

/// What became of a party that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It waits for the others: see [`outcome`].
    Waits {
        generation: u32,
        index: u32,
    },
    /// It was the last, and all go on.
    Through {
        index: u32,
    },
    /// It was the last, and runs the action: [`finish`] or [`abort`] follow.
    Acts {
        generation: u32,
        index: u32,
    },
    /// The action of the cycle before still runs: not now.
    Busy,
    Broken,
}

/// A party comes.
pub fn arrive(m: &Mem, at: u64) -> Arrival {
    let word = m.w64(at + STATE);
    loop {
        let old = word.get();
        let (g, index) = (generation(old), arrived(old));
        match phase(old) {
            FILLING => {
                let last = index + 1 >= m.w32(at + PARTIES).get();
                let acts = last && m.w32(at + HAS_ACTION).get() != 0;
                let (new, arrival) = if acts {
                    let generation = g;
                    (
                        state(g, ACTION, index + 1),
                        Arrival::Acts { generation, index },
                    )
                } else if last {
                    (
                        state(g.wrapping_add(1), FILLING, 0),
                        Arrival::Through { index },
                    )
                } else {
                    let generation = g;
                    (
                        state(g, FILLING, index + 1),
                        Arrival::Waits { generation, index },
                    )
                };
                if word.cas(old, new) {
                    if matches!(arrival, Arrival::Through { .. })
                        && !planted("the last rings nobody")
                    {
                        bell::ring_armed(m, at + ARMED);
                    }
                    return arrival;
                }
            }
            ACTION => return Arrival::Busy,
            RESETTING | ABORTING => go_on(m, at, old),
            _ => return Arrival::Broken,
        }
    }
}

/// The action of generation `g` is done. False: the barrier was broken meanwhile.
pub fn finish(m: &Mem, at: u64, g: u32) -> bool {
    let word = m.w64(at + STATE);
    let old = word.get();
    let done = generation(old) == g
        && phase(old) == ACTION
        && word.cas(old, state(g.wrapping_add(1), FILLING, 0));
    if done {
        bell::ring_armed(m, at + ARMED);
    }
    done
}

/// What became of generation `g`: Some(true) all are through, Some(false) it was broken, None: not over yet.
pub fn outcome(m: &Mem, at: u64, g: u32) -> Option<bool> {
    loop {
        let now = m.w64(at + STATE).get();
        if generation(now) != g {
            let note = m.w32(at + BROKEN_AT + (g % NOTES) as u64 * 4).get();
            return Some(note != g.wrapping_add(1));
        }
        if phase(now) != RESETTING && phase(now) != ABORTING {
            return None;
        }
        go_on(m, at, now);
    }
}

/// The rest of a break, after its first step left the state at `old`. Can be repeated, by anyone.
fn go_on(m: &Mem, at: u64, old: u64) {
    let g = generation(old);
    if !planted("a break is not noted") {
        let note = m.w32(at + BROKEN_AT + (g % NOTES) as u64 * 4);
        loop {
            let was = note.get();
            // a later one, by somebody who was faster
            let newer = was != 0 && was.wrapping_sub(g.wrapping_add(1)) as i32 >= 0;
            if newer || note.cas(was, g.wrapping_add(1)) {
                break;
            }
        }
    }
    let next = match phase(old) {
        RESETTING => FILLING,
        _ => BROKEN,
    };
    m.w64(at + STATE)
        .cas(old, state(g.wrapping_add(1), next, 0));
    bell::ring_armed(m, at + ARMED);
}

/// Breaks the barrier, or, where `only` is given, that generation if it is not over. True: broken here.
pub fn abort(m: &Mem, at: u64, only: Option<u32>) -> bool {
    let word = m.w64(at + STATE);
    loop {
        let old = word.get();
        if only.is_some_and(|g| g != generation(old)) {
            return false;
        }
        match phase(old) {
            FILLING | ACTION => {
                let new = state(generation(old), ABORTING, arrived(old));
                if word.cas(old, new) {
                    go_on(m, at, new);
                    return true;
                }
            }
            BROKEN => return false,
            _ => go_on(m, at, old),
        }
    }
}

/// Back to an empty barrier that is not broken; those that wait are told that it was.
pub fn reset(m: &Mem, at: u64) {
    let word = m.w64(at + STATE);
    loop {
        let old = word.get();
        match phase(old) {
            FILLING if arrived(old) == 0 => return,
            FILLING | ACTION => {
                let new = state(generation(old), RESETTING, arrived(old));
                if word.cas(old, new) {
                    return go_on(m, at, new);
                }
            }
            BROKEN => {
                if word.cas(old, state(generation(old), FILLING, 0)) {
                    return;
                }
            }
            _ => go_on(m, at, old),
        }
    }
}

/// From now on the end of a generation, or of an action, rings `slot`. Look once more after this.
pub fn arm(m: &Mem, at: u64, slot: Slot) {
    bell::arm(m, at + ARMED, slot);
}

/// Blocks until generation `g` is over, for at most a slice of `timeout`. As [`outcome`].
pub fn wait(m: &Mem, at: u64, slot: Slot, g: u32, timeout: Duration) -> Option<bool> {
    let seen = bell::seen(m, slot);
    arm(m, at, slot);
    let now = outcome(m, at, g);
    if now.is_some() {
        return now;
    }
    bell::sleep(m, slot, seen, timeout);
    outcome(m, at, g)
}

/// (waiting, broken)
pub fn look(m: &Mem, at: u64) -> (u32, bool) {
    let now = m.w64(at + STATE).get();
    match phase(now) {
        FILLING => (arrived(now), false),
        ACTION | RESETTING => (0, false),
        _ => (0, true),
    }
}

/// Supervisor, after the death of a slot that held it.
pub fn after_death(m: &Mem, at: u64, orderly: bool) {
    let now = m.w64(at + STATE).get();
    if (!orderly && !planted("a dead party is not missed")) || phase(now) == ABORTING {
        abort(m, at, None);
    } else if phase(now) == RESETTING {
        go_on(m, at, now);
    }
    bell::ring_armed(m, at + ARMED);
}

#[cfg(not(loom))]
mod view {
    use super::*;
    use crate::arena::Arena;
    use crate::geometry::Id;
    use crate::heap::Heap;
    use crate::tag::Kind;
    use crate::{block, slots, Error};

    /// How a barrier is made.
    #[derive(Debug, Clone)]
    pub struct BarrierOptions<'a> {
        /// 1..=2^28 - 2.
        pub parties: u32,
        /// The last party to arrive runs something before all go on.
        pub has_action: bool,
        /// For those who wait, in milliseconds; kept for them, not looked at here.
        pub timeout: f64,
        /// For `inspect`; cut at 64 bytes.
        pub label: &'a str,
    }

    /// A barrier in the arena: a checked view, valid as long as the block is held.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Barrier {
        at: u64,
    }

    impl Barrier {
        /// Makes one, held once by `heap`. Errors: `Argument` for the number of parties; `OutOfMemory`.
        pub fn new(heap: &mut Heap, options: &BarrierOptions) -> Result<Id, Error> {
            if !(1..=MOST).contains(&options.parties) {
                return Err(Error::Argument {
                    name: "parties",
                    was: options.parties.to_string(),
                    allowed: "1..=268435454",
                });
            }
            let id = heap.alloc(SIZE, Kind::Barrier)?;
            let m = heap.mem();
            let at = block::data(m, id);
            m.w32(at + PARTIES).set(options.parties);
            m.w32(at + HAS_ACTION).set(options.has_action as u32);
            m.w64(at + TIMEOUT).set(options.timeout.to_bits());
            slots::set_text(m, at + LABEL, LABEL_SIZE, options.label);
            Ok(id)
        }

        /// Checks that `id` names a barrier.
        pub fn open(arena: &Arena, id: Id) -> Result<Barrier, Error> {
            let at = block::open(&arena.mem, id, Kind::Barrier, SIZE)?;
            Ok(Barrier { at })
        }

        pub fn parties(&self, arena: &Arena) -> u32 {
            arena.mem.w32(self.at + PARTIES).get()
        }

        /// As it was given to [`Barrier::new`].
        pub fn timeout(&self, arena: &Arena) -> f64 {
            f64::from_bits(arena.mem.w64(self.at + TIMEOUT).get())
        }

        /// A party comes. Does not wait.
        pub fn arrive(&self, arena: &Arena) -> Arrival {
            arrive(&arena.mem, self.at)
        }

        /// The action is done; all go on. False: the barrier was broken meanwhile.
        pub fn finish(&self, arena: &Arena, generation: u32) -> bool {
            finish(&arena.mem, self.at, generation)
        }

        /// Some(true): all are through; Some(false): broken; None: not over yet.
        pub fn outcome(&self, arena: &Arena, generation: u32) -> Option<bool> {
            outcome(&arena.mem, self.at, generation)
        }

        /// Blocks the thread until the generation is over, for at most `timeout` and 200 ms. As [`Barrier::outcome`].
        pub fn wait(
            &self,
            arena: &Arena,
            slot: Slot,
            generation: u32,
            timeout: Duration,
        ) -> Option<bool> {
            wait(&arena.mem, self.at, slot, generation, timeout)
        }

        /// The slot's bell rings at the next change; look once more after this.
        pub fn arm(&self, arena: &Arena, slot: Slot) {
            arm(&arena.mem, self.at, slot)
        }

        /// Breaks it, or only that generation if it is not over. True: broken here.
        pub fn abort(&self, arena: &Arena, only: Option<u32>) -> bool {
            abort(&arena.mem, self.at, only)
        }

        pub fn reset(&self, arena: &Arena) {
            reset(&arena.mem, self.at)
        }

        /// (parties that wait now, whether it is broken)
        pub fn look(&self, arena: &Arena) -> (u32, bool) {
            look(&arena.mem, self.at)
        }
    }
}
#[cfg(not(loom))]
pub use view::{Barrier, BarrierOptions};
