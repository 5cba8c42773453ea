//! What a JavaScript engine has compiled of a program, kept by one process of the tree for those that start later.
//!
//! ```text
//! header: 0, or the id of a block + 1; the block: +0 bytes u64   +8 hash u64   +16 the bytes
//! ```
//! **Who may write what.** The maker its block, before the word; the word whoever finds it 0. It is never changed again.
//! **Kills.** One before the word is written leaves a block that repair frees. Once the maker is dead its block may be
//! another's, and change while it is copied: then the hash of the copy is not the one that stands there, and there is nothing.
//! Nobody waits for any of it.

use std::hash::{DefaultHasher, Hasher};

use crate::arena::Arena;
use crate::geometry::{Id, HEADER_CODE};
use crate::heap::Heap;
use crate::tag::Kind;
use crate::Error;

const HASH: u64 = 8;
const BODY: u64 = 16;
/// More is not read.
const MOST: u64 = 16 << 20;

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Keeps `bytes` for as long as this thread holds blocks. False: some are kept already, or these are too many.
///
/// Errors: `OutOfMemory`.
pub fn keep(heap: &mut Heap, bytes: &[u8]) -> Result<bool, Error> {
    let length = bytes.len() as u64;
    if length > MOST || heap.mem().w64(HEADER_CODE).get() != 0 {
        return Ok(false);
    }
    let block = heap.alloc_raw(BODY + length, Kind::Other)?;
    let m = heap.mem();
    let at = crate::block::data(m, block);
    m.w64(at).set(length);
    m.w64(at + HASH).set(hash(bytes));
    m.put(at + BODY, bytes);
    let kept = m.w64(HEADER_CODE).cas(0, block.as_u64() + 1);
    if !kept {
        heap.release(block)?;
    }
    Ok(kept)
}

/// A copy of what is kept.
pub fn kept(arena: &Arena) -> Option<Vec<u8>> {
    let m = &arena.mem;
    let block = Id::from_u64(m.w64(HEADER_CODE).get().checked_sub(1)?);
    let (at, size) = arena.range(block).ok()?;
    let length = m.w64(at).get();
    if length > MOST || size < BODY || length > size - BODY {
        return None;
    }
    let mut bytes = vec![0; length as usize];
    m.read(at + BODY, &mut bytes);
    (hash(&bytes) == m.w64(at + HASH).get()).then_some(bytes)
}
