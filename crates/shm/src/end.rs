//! Ends: blocks that are held while somebody has the thing that they stand for, and that tell when nobody has it any more.
//!
//! ```text
//! end     +0 nonce u64, even   +8, +16 targets: block id + 1, or 0   +64 label 64 B
//! target  a word that holds nonce | 1 once the end is gone: CLOSED of a ring (`ring.rs`), word 0 of a shared value (`shared.rs`)
//! ```
//! An end of a pipe has the rings that it reads and writes as its targets; the wish to keep a shared value has that value's block.
//! Who has an end holds its block: a process by an object of its own, a message on its way by its sender's pin, a child that does
//! not run yet by a `pre_hold`. So all counting, in transit and over deaths, is that of every block (`block.rs`, `heap.rs`,
//! `repair.rs`), and *the end is gone* means *its block is being freed*. Nothing here counts.
//!
//! **Who may write what.** The maker writes nonce and targets before the end is handed out; they never change. Whoever frees the
//! block (FREEING) calls [`tell`]: for each target CAS `nonce → nonce | 1`, fence, ring those who wait.
//!
//! **Order at a reader.** Everything that the end's holders pushed was committed before they dropped it, the drop is seen by the
//! freer (`block.rs`, I1), and the CAS follows. So who finds CLOSED, and then an empty ring, has had everything: `ring::pop`
//! looks at CLOSED first and at the ring once more.
//!
//! **A target that is something else by now.** The freer needs not hold the target (the supervisor frees what it finds as
//! garbage, while the last dropper lets go of the rings), so the ring may be freed, and its memory used again, at any line of `tell`.
//! Therefore it writes one word only, by a CAS from the nonce: 63 random bits that no other object has there; and it rings
//! the members of the armed sets without clearing them. A ring too many wakes somebody for nothing.
//!
//! **Kills.** A dropper before its CAS to FREEING: garbage, found by the supervisor's scan. A freer anywhere in `tell`: the block is
//! FREEING by the dead, the supervisor does it again; both steps can be repeated. Between CAS and ring: every death rings
//! every bell. `tell` waits for nobody.

use crate::bell;
use crate::block::{self, data, phase, state_word};
use crate::geometry::{Id, SET_BITS};
use crate::mem::{fence, Mem};
use crate::plant::planted;
use crate::ring;
use crate::tag::Kind;

const NONCE: u64 = 0;
const TARGETS: u64 = 8;
pub const LABEL: u64 = 64;
pub const LABEL_SIZE: usize = 64;
/// Bytes of an end's block.
pub const SIZE: u64 = if cfg!(loom) { 24 } else { 128 };
pub(crate) const LAYOUT: u64 = 1;

/// The block is fresh and known to nobody else.
pub fn init(m: &Mem, end: Id, nonce: u64, targets: [Option<Id>; 2]) {
    let at = data(m, end);
    for (i, target) in targets.iter().enumerate() {
        m.w64(at + TARGETS + 8 * i as u64)
            .set(target.map_or(0, |id| id.0 + 1));
    }
    m.w64(at + NONCE).set(nonce);
}

/// What the end closes.
pub fn targets(m: &Mem, end: Id) -> [Option<Id>; 2] {
    let at = data(m, end) + TARGETS;
    std::array::from_fn(|i| m.w64(at + 8 * i as u64).get().checked_sub(1).map(Id))
}

/// The end's block is being freed. May be done twice.
pub(crate) fn tell(m: &Mem, end: Id) {
    if planted("end tells nobody") {
        return;
    }
    let nonce = m.w64(data(m, end) + NONCE).get();
    if nonce == 0 {
        return;
    }
    for target in targets(m, end).into_iter().flatten() {
        if m.check(target).is_err() || phase(state_word(m, target).get()) != block::LIVE {
            continue;
        }
        let kind = block::kind_number(m, target);
        if kind == Kind::Queue as u8 {
            let at = data(m, target);
            if set_gone(m, at + ring::CLOSED, nonce) && !planted("end wakes nobody") {
                bell::ring_members(m, at + ring::ARMED_POP);
                bell::ring_members(m, at + ring::ARMED_PUSH);
            }
        } else if kind == Kind::Shared as u8 && set_gone(m, data(m, target), nonce) {
            for (i, mut bits) in block::holder_words(m, target).into_iter().enumerate() {
                while bits != 0 {
                    bell::ring(m, i as u32 * SET_BITS + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
    }
}

/// False: the word is no longer of the thing that the end was made for.
fn set_gone(m: &Mem, word: u64, nonce: u64) -> bool {
    let word = m.w64(word);
    if planted("end is told without a nonce") {
        word.or(1);
    }
    let gone = word.cas(nonce, nonce | 1) || word.get() == nonce | 1;
    fence();
    gone
}

#[cfg(not(loom))]
mod view {
    use super::*;
    use crate::arena::Arena;
    use crate::heap::Heap;
    use crate::os::{Platform, System};
    use crate::queue::Queue;
    use crate::{slots, Error};

    /// A random nonce: even, and not 0.
    pub(crate) fn nonce() -> Result<u64, Error> {
        let mut bytes = [0; 8];
        System::random(&mut bytes)?;
        Ok((u64::from_le_bytes(bytes) | 1 << 63) & !1)
    }

    /// Makes an end with these targets, held once by `heap`.
    pub(crate) fn make(
        heap: &mut Heap,
        nonce: u64,
        targets: [Option<Id>; 2],
        label: &str,
    ) -> Result<Id, Error> {
        let id = heap.alloc(SIZE, Kind::End)?;
        let m = heap.mem();
        slots::set_text(m, data(m, id) + LABEL, LABEL_SIZE, label);
        init(m, id, nonce, targets);
        Ok(id)
    }

    /// One end of a pipe. Who has it holds its block and both rings.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct PipeEnd {
        pub id: Id,
        /// The ring that it reads.
        pub reads: Option<Id>,
        /// The ring that it writes.
        pub writes: Option<Id>,
    }

    impl PipeEnd {
        /// Makes a pipe: both its ends, each with a count of 1 on all of its blocks. `duplex`: both ends read and write; else the first
        /// one reads and the second one writes. The label is for `inspect`; it is cut at 64 bytes.
        ///
        /// Errors: `OutOfMemory`; nothing is left then.
        pub fn pair(heap: &mut Heap, duplex: bool, label: &str) -> Result<[PipeEnd; 2], Error> {
            let mut made = Vec::new();
            let pair = PipeEnd::make_pair(heap, duplex, label, &mut made);
            if pair.is_err() {
                for id in made.into_iter().rev() {
                    let _ = heap.release(id);
                }
            }
            pair
        }

        fn make_pair(
            heap: &mut Heap,
            duplex: bool,
            label: &str,
            made: &mut Vec<Id>,
        ) -> Result<[PipeEnd; 2], Error> {
            let nonce = nonce()?;
            let mut ring = |heap: &mut Heap| -> Result<Id, Error> {
                let id = Queue::new_pipe(heap, nonce, label)?;
                made.push(id);
                Ok(id)
            };
            let there = ring(heap)?;
            let back = if duplex { Some(ring(heap)?) } else { None };
            for (reads, writes) in [(Some(there), back), (back, Some(there))] {
                made.push(make(heap, nonce, [reads, writes], label)?);
            }
            let ends = [made[made.len() - 2], made[made.len() - 1]];
            for ring in [Some(there), back].into_iter().flatten() {
                heap.retain(ring)?;
            }
            Ok([
                PipeEnd {
                    id: ends[0],
                    reads: Some(there),
                    writes: back,
                },
                PipeEnd {
                    id: ends[1],
                    reads: back,
                    writes: Some(there),
                },
            ])
        }

        /// Checks that `id` names an end of a pipe. Errors: `BadId`, `WrongKind`.
        pub fn open(arena: &Arena, id: Id) -> Result<PipeEnd, Error> {
            let found = arena.kind(id)?;
            if found != Kind::End {
                return Err(Error::WrongKind {
                    id: id.as_u64(),
                    expected: Kind::End,
                    found: found as u8,
                });
            }
            let [reads, writes] = targets(&arena.mem, id);
            for ring in [reads, writes].into_iter().flatten() {
                ring::check(&arena.mem, ring)?;
            }
            Ok(PipeEnd { id, reads, writes })
        }
    }
}
#[cfg(not(loom))]
pub use view::PipeEnd;
#[cfg(not(loom))]
pub(crate) use view::{make, nonce};
