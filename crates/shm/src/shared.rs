//! A value that is encoded once for all: a block with its bytes, and an end that says whether anybody still wants it.
//!
//! ```text
//! +0 nonce, | 1 once its end is gone (end.rs)   +8 refs u64   +16 bytes u64   +24 [ref]* bytes*
//! ```
//! Who wants the value holds the end, the block and its refs: an object in JavaScript, a message on its way. A process that has
//! decoded it once keeps what it decoded, and the block, but not the end: so that a second task finds it, and still the end goes
//! when nobody wants the value. Then word 0 says so, and the holders of the block are rung; each forgets what it decoded and lets go.
//!
//! **Who may write what.** The maker, all of it, before the end is handed out; then only `end::tell` word 0.
//! **Kills.** A process that dies lets go of the end and the block like of any. A keeper that is not rung (it was dead, or its bell was rung in
//! vain) finds word 0 at its next bell: every death rings all.

use crate::arena::Arena;
use crate::block::data;
use crate::end;
use crate::geometry::Id;
use crate::heap::Heap;
use crate::tag::Kind;
use crate::{ring, Error};

const REFS: u64 = 8;
const BYTES: u64 = 16;
const BODY: u64 = 24;

/// A shared value: a checked view, valid as long as the blocks are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedValue {
    /// Held by those who want the value.
    pub end: Id,
    /// Has the bytes.
    pub block: Id,
    /// Blocks that the value names.
    pub refs: Vec<Id>,
    /// Where its bytes begin, from the start of the mapping.
    pub offset: u64,
    pub bytes: u64,
}

impl SharedValue {
    /// Makes one; end and block are held once by `heap`, which must hold every ref.
    ///
    /// Errors: `OutOfMemory`, `TooLarge`, `NotHeld`; nothing is left then.
    pub fn new(
        heap: &mut Heap,
        bytes: &[u8],
        refs: &[Id],
        label: &str,
    ) -> Result<SharedValue, Error> {
        if let Some(id) = refs.iter().find(|id| heap.count(**id) == 0) {
            return Err(Error::NotHeld { id: id.as_u64() });
        }
        let nonce = end::nonce()?;
        let head = BODY + 8 * refs.len() as u64;
        let block = heap.alloc_raw(head + bytes.len() as u64, Kind::Shared)?;
        let m = heap.mem();
        let at = data(m, block);
        m.w64(at).set(nonce);
        m.w64(at + REFS).set(refs.len() as u64);
        m.w64(at + BYTES).set(bytes.len() as u64);
        for (i, id) in refs.iter().enumerate() {
            m.w64(at + BODY + 8 * i as u64).set(id.as_u64());
        }
        m.put(at + head, bytes);
        match end::make(heap, nonce, [Some(block), None], label) {
            Ok(end) => Ok(SharedValue {
                end,
                block,
                refs: refs.to_vec(),
                offset: at + head,
                bytes: bytes.len() as u64,
            }),
            Err(error) => {
                let _ = heap.release(block);
                Err(error)
            }
        }
    }

    /// The value whose end `id` names. Errors: `BadId`, `WrongKind`, `Corrupt`.
    pub fn open(arena: &Arena, id: Id) -> Result<SharedValue, Error> {
        let wrong = |id: Id, expected, found| Error::WrongKind {
            id: id.as_u64(),
            expected,
            found,
        };
        let found = arena.kind(id)?;
        let block = match (found, end::targets(&arena.mem, id)[0]) {
            (Kind::End, Some(block)) => block,
            _ => return Err(wrong(id, Kind::End, found as u8)),
        };
        let (at, size) = arena.range(block)?;
        let found = arena.kind(block)?;
        if found != Kind::Shared {
            return Err(wrong(block, Kind::Shared, found as u8));
        }
        let word = |offset: u64| arena.mem.w64(at + offset).get();
        let (refs, bytes) = (word(REFS), word(BYTES));
        let fits =
            refs <= ring::MAX_REFS as u64 && bytes <= size && BODY + 8 * refs + bytes <= size;
        if !fits {
            return Err(Error::Corrupt {
                id: block.as_u64(),
                what: "a shared value is longer than its block",
            });
        }
        Ok(SharedValue {
            end: id,
            block,
            refs: (0..refs).map(|i| Id(word(BODY + 8 * i))).collect(),
            offset: at + BODY + 8 * refs,
            bytes,
        })
    }

    /// Nobody wants the value of this block any more. The block is held.
    pub fn is_gone(arena: &Arena, block: Id) -> Result<bool, Error> {
        let (at, _) = arena.range(block)?;
        Ok(arena.mem.w64(at).get() & 1 != 0)
    }
}
