//! Where everything is. Places follow from a few numbers in the header and never change.
//!
//! ```text
//! 0        header: identity, budget, geometry            (HEADER_*)
//! 1024     per class 64 B: high water, committed          (CLASS_WORDS)
//! 4096     slot table: 128 B for each of 320 slots        (SLOT_TABLE)
//!          liveness: 64 B for each slot                     (LIVENESS)
//! META0    per class: one line of 64 B for each block     (block.rs)
//! ...      per class: the blocks
//! ```
//! Classes are the powers of two from 64 B on; each has its own sparse region, so blocks never split, join or move.
//! Under loom the same arithmetic runs over a few hundred bytes.

/// A slot: one thread of one process.
pub type Slot = u32;

/// Words of 64 bits in a set of slots.
#[cfg(not(loom))]
pub const SET_WORDS: u64 = 5;
/// Slots in one word of a set.
#[cfg(not(loom))]
pub const SET_BITS: u32 = 64;
// Two words of two: the models put A and B into different words, so that races across words are explored.
#[cfg(loom)]
pub const SET_WORDS: u64 = 2;
#[cfg(loom)]
pub const SET_BITS: u32 = 2;

/// Slots of a tree, the supervisor's own among them.
pub const SLOTS: u32 = SET_WORDS as u32 * SET_BITS;
/// The slot with which the supervisor holds blocks. Never claimed.
pub const SUPERVISOR: Slot = SLOTS - 1;

/// Word and bit of a slot in a set.
#[inline(always)]
pub(crate) fn set_bit(slot: Slot) -> (u64, u64) {
    ((slot / SET_BITS) as u64 * 8, 1 << (slot % SET_BITS))
}

pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"mltproc\x01");
pub(crate) const VERSION: u64 = 1;

pub(crate) const HEADER_MAGIC: u64 = 0;
pub(crate) const HEADER_LAYOUT: u64 = 8;
pub(crate) const HEADER_VERSION: u64 = 16;
pub(crate) const HEADER_TREE: u64 = 24;
pub(crate) const HEADER_ROOT_PID: u64 = 40;
pub(crate) const HEADER_ROOT_START: u64 = 48;
pub(crate) const HEADER_BUDGET: u64 = 56;
pub(crate) const HEADER_SHIFT: u64 = 64;
pub(crate) const HEADER_TOP: u64 = 72;
pub(crate) const HEADER_END: u64 = 80;
/// Bytes of free blocks that keep their memory; a hint, put right by every repair.
pub(crate) const HEADER_RETAINED: u64 = if cfg!(loom) { 0 } else { 128 };
/// How often such a block was taken.
pub(crate) const HEADER_REUSED: u64 = if cfg!(loom) { 0 } else { 136 };
/// 1 once a process of the tree has used named memory.
#[cfg(not(loom))]
pub(crate) const HEADER_NAMED: u64 = 144;
/// Where compiled code is kept (code.rs).
#[cfg(not(loom))]
pub(crate) const HEADER_CODE: u64 = 152;

#[cfg(not(loom))]
const CLASS_WORDS: u64 = 1024;
#[cfg(loom)]
const CLASS_WORDS: u64 = 8;
#[cfg(not(loom))]
const CLASS_STRIDE: u64 = 64;
#[cfg(loom)]
const CLASS_STRIDE: u64 = 16;
#[cfg(not(loom))]
pub(crate) const SLOT_TABLE: u64 = 4096;
#[cfg(loom)]
pub(crate) const SLOT_TABLE: u64 = CLASS_WORDS + 4 * CLASS_STRIDE;
#[cfg(not(loom))]
pub(crate) const SLOT_SIZE: u64 = 128;
#[cfg(loom)]
pub(crate) const SLOT_SIZE: u64 = 48;
/// A liveness word for each slot (liveness.rs).
pub(crate) const LIVENESS: u64 = SLOT_TABLE + SLOTS as u64 * SLOT_SIZE;
pub(crate) const LIVENESS_SIZE: u64 = if cfg!(loom) { 16 } else { 64 };
/// End of the header region, which is committed when the arena is made.
pub(crate) const META0: u64 =
    (LIVENESS + SLOTS as u64 * LIVENESS_SIZE).next_multiple_of(if cfg!(loom) { 8 } else { 4096 });

/// Bytes of a block's meta line.
pub(crate) const META_SIZE: u64 = if cfg!(loom) { 24 + 8 * SET_WORDS } else { 64 };
/// From this size on a block's memory is committed when it is taken, and given back when it is freed.
pub(crate) const LARGE: u64 = 4096;

/// Offset of the high water mark of a class: blocks `0..high` have been used.
pub(crate) fn high_water(class: usize) -> u64 {
    CLASS_WORDS + class as u64 * CLASS_STRIDE
}

/// Offset of the number of blocks of a class whose meta (and, for small ones, data) is committed.
pub(crate) fn committed(class: usize) -> u64 {
    high_water(class) + 8
}

/// Names a block: `class << 32 | index`, below 2^37, so a JavaScript number.
///
/// Any number may be made an `Id`; each use checks it against the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) u64);

impl Id {
    /// Takes anything: each use of the id checks it.
    pub fn from_u64(raw: u64) -> Id {
        Id(raw)
    }

    pub fn as_u64(self) -> u64 {
        self.0
    }

    #[doc(hidden)]
    pub fn new(class: usize, index: u64) -> Id {
        Id((class as u64) << 32 | index)
    }

    pub(crate) fn class(self) -> usize {
        (self.0 >> 32) as usize
    }

    pub(crate) fn index(self) -> u64 {
        self.0 & 0xffff_ffff
    }
}

/// Blocks of one size.
#[derive(Debug, Clone)]
pub struct Class {
    /// Bytes of a block.
    pub size: u64,
    /// Blocks.
    pub count: u64,
    /// Offset of the first block's meta line.
    pub(crate) meta: u64,
    /// Offset of the first block.
    pub(crate) data: u64,
}

/// The places of all classes.
#[derive(Debug, Clone)]
pub struct Geometry {
    pub(crate) classes: Vec<Class>,
    pub(crate) end: u64,
    /// log2 of the bytes of a class's region; 0 for a hand-made geometry.
    pub(crate) shift: u32,
    /// Blocks of the largest class.
    pub(crate) top: u64,
}

/// Where regions begin: at multiples of this many bytes, so that no block of up to that size crosses one.
const REGION: u64 = 1 << 20;

impl Geometry {
    /// From `(size, count)` of each class, ascending; `align` is a power of two.
    pub fn new(list: &[(u64, u64)], align: u64) -> Geometry {
        let mut at = META0;
        let mut classes = Vec::with_capacity(list.len());
        for &(size, count) in list {
            classes.push(Class {
                size,
                count,
                meta: at,
                data: 0,
            });
            at = (at + count * META_SIZE).next_multiple_of(align);
        }
        for class in &mut classes {
            class.data = at;
            at = (at + class.size * class.count).next_multiple_of(align);
        }
        Geometry {
            classes,
            end: at,
            shift: 0,
            top: 0,
        }
    }

    /// 64 B to at most 1 GiB, a region of `1 << shift` bytes for each class, `top` blocks of the largest.
    /// `shift` 20..=36, `top` 1..=2^20; None outside of that.
    pub fn sparse(shift: u32, top: u64) -> Option<Geometry> {
        if !(20..=36).contains(&shift) || !(1..=1 << 20).contains(&top) {
            return None;
        }
        let last = 30.min(shift - 2);
        let list: Vec<_> = (6..=last)
            .map(|s| (1u64 << s, if s == last { top } else { 1u64 << (shift - s) }))
            .collect();
        let mut geometry = Geometry::new(&list, REGION);
        geometry.shift = shift;
        geometry.top = top;
        Some(geometry)
    }

    /// What to try, in this order: 2.9 TiB of addresses down to 1.2 GiB.
    pub(crate) fn choices() -> impl Iterator<Item = Geometry> {
        [
            (35, 2048),
            (35, 256),
            (34, 64),
            (32, 32),
            (30, 32),
            (28, 16),
            (26, 16),
        ]
        .into_iter()
        .filter_map(|(shift, top)| Geometry::sparse(shift, top))
    }

    /// The smallest class whose blocks have that many bytes.
    pub(crate) fn class_for(&self, bytes: u64) -> Option<usize> {
        if self.shift != 0 {
            let class =
                (bytes.max(1).next_power_of_two().trailing_zeros() as usize).saturating_sub(6);
            return (bytes <= 1 << 40 && class < self.classes.len()).then_some(class);
        }
        self.classes.iter().position(|c| c.size >= bytes)
    }

    /// Bytes of the largest block.
    pub(crate) fn largest(&self) -> u64 {
        self.classes.last().map_or(0, |c| c.size)
    }

    /// Two builds with the same hash agree about every offset in this crate.
    pub(crate) fn layout_hash() -> u64 {
        let words = [
            VERSION,
            META_SIZE,
            SLOT_TABLE,
            SLOT_SIZE,
            LIVENESS_SIZE,
            SLOTS as u64,
            CLASS_WORDS,
            CLASS_STRIDE,
            LARGE,
            REGION,
            crate::ring::DATA,
            crate::ring::LAYOUT,
            crate::mutex::LAYOUT,
            crate::end::LAYOUT,
            crate::barrier::SIZE,
            crate::condition::SIZE,
            crate::event::SIZE,
            crate::rwlock::SIZE,
            crate::semaphore::WORDS,
        ];
        words
            .iter()
            .flat_map(|w| w.to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325, |h, b| {
                (h ^ b as u64).wrapping_mul(0x100_0000_01b3)
            })
    }
}
