//! The mapping of a tree of processes: made once by the root, attached once by every other process.

use crate::mem::Mem;

/// One mapping, shared by all threads of the process.
pub struct Arena {
    #[doc(hidden)]
    pub mem: Mem,
}

#[cfg(loom)]
impl Arena {
    /// A few hundred bytes of loom's atomics.
    pub fn model(geometry: crate::Geometry) -> Arena {
        Arena {
            mem: Mem::model(geometry),
        }
    }
}

#[cfg(not(loom))]
mod real {
    use super::*;
    use crate::bell::{self, BellPipe};
    use crate::geometry::*;
    use crate::os::{Handle, Platform, System};
    use crate::slots::{self, SlotInfo};
    use crate::tag::{self, Kind};
    use crate::{block, Error};
    use std::time::Duration;

    /// How an arena is made.
    #[derive(Debug, Clone, Default)]
    pub struct ArenaOptions {
        /// Bytes of memory that the tree may use; None: 80 % of the machine's or the container's memory.
        pub budget: Option<u64>,
        /// None: the largest geometry that the process's limits allow. For tests: log2 of the bytes of a class's region, and
        /// the number of blocks of the largest class.
        #[doc(hidden)]
        pub geometry: Option<(u32, u64)>,
    }

    impl Arena {
        /// Makes the arena of a new tree. The calling process is its root, the calling thread has slot 0.
        ///
        /// Errors: `Os`, `OutOfMemory`, `Unsupported`; `Argument` for a budget below 1 MiB.
        pub fn create(options: &ArenaOptions) -> Result<Arena, Error> {
            if let Some(budget) = options.budget.filter(|b| *b < 1 << 20) {
                return Err(Error::Argument {
                    name: "budget",
                    was: budget.to_string(),
                    allowed: "at least 1048576 bytes",
                });
            }
            let choices: Vec<Geometry> = match options.geometry {
                Some((shift, top)) => Geometry::sparse(shift, top).into_iter().collect(),
                None => Geometry::choices().collect(),
            };
            let mut refused = Error::Argument {
                name: "geometry",
                was: format!("{:?}", options.geometry),
                allowed: "shift 20..=36, 1..=2^20 large blocks",
            };
            for geometry in choices {
                let made = System::create(geometry.end).and_then(|file| Mem::new(file, geometry));
                match made {
                    Ok(mem) => return Arena { mem }.begin(options),
                    Err(error) => refused = error,
                }
            }
            Err(refused)
        }

        fn begin(self, options: &ArenaOptions) -> Result<Arena, Error> {
            let m = &self.mem;
            System::commit(m.file(), 0, META0)?;
            let mut tree = [0; 16];
            System::random(&mut tree)?;
            let (pid, g) = (System::pid(), m.geometry());
            let start = System::start_time(pid).unwrap_or(0);
            let budget = options
                .budget
                .unwrap_or_else(|| System::memory_limit() / 10 * 8);
            m.put(HEADER_TREE, &tree);
            for (at, value) in [
                (HEADER_LAYOUT, Geometry::layout_hash()),
                (HEADER_VERSION, VERSION),
                (HEADER_ROOT_PID, pid as u64),
                (HEADER_ROOT_START, start),
                (HEADER_BUDGET, budget),
                (HEADER_SHIFT, g.shift as u64),
                (HEADER_TOP, g.top),
                (HEADER_END, g.end),
                (HEADER_MAGIC, MAGIC),
            ] {
                m.w64(at).set(value);
            }
            m.w64(slots::state(0))
                .set(slots::pack(1, 0, slots::CLAIMED));
            self.enter(0, 1, "main")?;
            m.w64(slots::state(SUPERVISOR))
                .set(slots::pack(1, 0, slots::ALIVE));
            m.w64(slots::at(SUPERVISOR) + 8)
                .set(slots::identity(1, pid, start));
            slots::describe(m, SUPERVISOR, 0, 0, start, "supervisor");
            Ok(self)
        }

        /// Maps the arena of the tree that this process was started in.
        ///
        /// Errors: `NotOurs` if the file is something else, or of another version; `Os`.
        pub fn attach(file: Handle) -> Result<Arena, Error> {
            let mut head = [0u8; 128];
            System::peek(&file, &mut head)?;
            let word = |at: u64| {
                let at = at as usize;
                u64::from_le_bytes(std::array::from_fn(|i| head[at + i]))
            };
            let not = |what| Err(Error::NotOurs { what });
            if word(HEADER_MAGIC) != MAGIC {
                return not("no magic number at its start");
            }
            if word(HEADER_VERSION) != VERSION {
                return not("its version is another");
            }
            if word(HEADER_LAYOUT) != Geometry::layout_hash() {
                return not("its layout is another");
            }
            let shift = u32::try_from(word(HEADER_SHIFT)).unwrap_or(0);
            let Some(geometry) = Geometry::sparse(shift, word(HEADER_TOP)) else {
                return not("its geometry is out of range");
            };
            if geometry.end != word(HEADER_END) || System::length(&file)? != geometry.end {
                return not("its length does not fit its geometry");
            }
            Ok(Arena {
                mem: Mem::new(file, geometry)?,
            })
        }

        /// The file behind the mapping, close-on-exec. Whoever gets it can use everything in the tree.
        pub fn handle(&self) -> &Handle {
            self.mem.file()
        }

        /// As [`Arena::handle`].
        #[cfg(unix)]
        pub fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
            std::os::fd::AsFd::as_fd(self.mem.file())
        }

        /// 128 random bits that name the tree.
        pub fn tree(&self) -> [u8; 16] {
            let mut tree = [0; 16];
            self.mem.read(HEADER_TREE, &mut tree);
            tree
        }

        /// [`Arena::tree`] as 32 hexadecimal digits.
        pub fn tree_hex(&self) -> String {
            self.tree().iter().map(|b| format!("{b:02x}")).collect()
        }

        pub fn root_pid(&self) -> u32 {
            self.mem.w64(HEADER_ROOT_PID).get() as u32
        }

        /// When the root process started, in units of the system.
        pub fn root_start_time(&self) -> u64 {
            self.mem.w64(HEADER_ROOT_START).get()
        }

        /// Bytes of memory behind the mapping now.
        pub fn used_bytes(&self) -> u64 {
            self.mem.used()
        }

        /// Bytes of memory that the tree may use.
        pub fn budget(&self) -> u64 {
            self.mem.w64(HEADER_BUDGET).get()
        }

        /// A process of the tree uses named memory: from now on what the dead leave of it is swept.
        pub fn note_named(&self) {
            self.mem.w64(HEADER_NAMED).set(1);
        }

        /// Start of the mapping in this process.
        pub fn base(&self) -> *mut u8 {
            self.mem.base()
        }

        /// Bytes of the mapping.
        #[allow(clippy::len_without_is_empty)]
        pub fn len(&self) -> u64 {
            self.mem.len()
        }

        /// Where the bytes of a block are: offset from the start of the mapping, and how many.
        pub fn range(&self, id: Id) -> Result<(u64, u64), Error> {
            self.mem.check(id)?;
            Ok((block::data(&self.mem, id), block::size(&self.mem, id)))
        }

        /// Bytes of an array. Errors: `BadId`, `WrongKind`.
        pub fn array_bytes(&self, id: Id) -> Result<u64, Error> {
            let (_, size) = self.range(id)?;
            match self.kind(id)? {
                Kind::Array => Ok(tag::bytes(block::tag_word(&self.mem, id).get()).min(size)),
                found => Err(Error::WrongKind {
                    id: id.as_u64(),
                    expected: Kind::Array,
                    found: found as u8,
                }),
            }
        }

        /// What the block is. Errors: `BadId`, also for a block that does not live.
        pub fn kind(&self, id: Id) -> Result<Kind, Error> {
            self.mem.check(id)?;
            let lives = block::phase(block::state_word(&self.mem, id).get()) == block::LIVE;
            let kind = Kind::from_number(block::kind_number(&self.mem, id)).filter(|_| lives);
            kind.ok_or(Error::BadId { id: id.as_u64() })
        }

        /// Copies bytes into a block. The caller has them for itself, by whatever lock. Errors: `BadId`, `TooLarge`.
        pub fn write(&self, id: Id, offset: u64, bytes: &[u8]) -> Result<(), Error> {
            let at = self.part(id, offset, bytes.len() as u64)?;
            self.mem.put(at, bytes);
            Ok(())
        }

        /// Copies bytes out of a block. Errors: `BadId`, `TooLarge`.
        pub fn read(&self, id: Id, offset: u64, bytes: &mut [u8]) -> Result<(), Error> {
            let at = self.part(id, offset, bytes.len() as u64)?;
            self.mem.read(at, bytes);
            Ok(())
        }

        fn part(&self, id: Id, offset: u64, bytes: u64) -> Result<u64, Error> {
            let (at, size) = self.range(id)?;
            match offset.checked_add(bytes) {
                Some(end) if end <= size => Ok(at + offset),
                _ => Err(Error::TooLarge {
                    wanted: offset.saturating_add(bytes),
                    most: size,
                }),
            }
        }

        // ------------------------------------------------------------ slots

        /// A slot and its generation for a thread or process that `by` is about to start. Errors: `NoFreeSlot`.
        pub fn claim(&self, by: Slot) -> Result<(Slot, u32), Error> {
            slots::claim(&self.mem, by)
        }

        /// The calling thread begins to live in the slot that was claimed for it. Errors: `SlotTaken`; the thread ends then.
        pub fn enter(&self, slot: Slot, generation: u32, name: &str) -> Result<(), Error> {
            if slot >= SUPERVISOR {
                return Err(Error::Argument {
                    name: "slot",
                    was: slot.to_string(),
                    allowed: "0..=318",
                });
            }
            let m = &self.mem;
            let pid = System::pid();
            let start = System::start_time(pid).unwrap_or(0);
            let parent = slots::claimer(m.w64(slots::state(slot)).get());
            slots::enter(m, slot, generation, slots::identity(generation, pid, start))?;
            slots::describe(m, slot, parent, System::tid(), start, name);
            bell::ring(m, SUPERVISOR);
            Ok(())
        }

        /// The calling thread ends in an orderly way; everything that its slot holds is let go. Its last call.
        pub fn leave(&self, slot: Slot) {
            let generation = slots::generation(self.mem.w64(slots::state(slot)).get());
            self.end_slot(slot, generation);
        }

        /// The thread or process that the slot was claimed for is dead, or was never started.
        pub fn abandon(&self, slot: Slot, generation: u32) {
            self.end_slot(slot, generation);
        }

        fn end_slot(&self, slot: Slot, generation: u32) {
            if slot >= SUPERVISOR {
                return;
            }
            if slots::bury(&self.mem, slot, generation) {
                bell::ring(&self.mem, SUPERVISOR);
            }
            bell::forget_pipe(&self.mem, slot);
        }

        /// The claimer does not want the child any more. True: it has not entered, and will be refused; false: it has.
        pub fn take_back(&self, slot: Slot, generation: u32) -> bool {
            let taken = slot < SUPERVISOR && slots::take_back(&self.mem, slot, generation);
            if taken {
                bell::ring(&self.mem, SUPERVISOR);
            }
            taken
        }

        /// The slot's own thread ends as it meant to: permits that it has taken stay taken, and no barrier misses it.
        pub fn set_orderly(&self, slot: Slot) {
            slots::set_orderly(&self.mem, slot)
        }

        pub fn slot_info(&self, slot: Slot) -> SlotInfo {
            slots::info(&self.mem, slot)
        }

        /// Whether the slot is still this thread's.
        pub fn is_alive(&self, slot: Slot, generation: u32) -> bool {
            let state = self.mem.w64(slots::state(slot)).get();
            slots::generation(state) == generation && slots::phase(state) == slots::ALIVE
        }

        /// A new name for `inspect`, cut at 64 bytes.
        pub fn set_slot_name(&self, slot: Slot, name: &str) {
            slots::set_text(&self.mem, slots::at(slot) + 48, slots::NAME, name);
        }

        // ------------------------------------------------------------ bells

        /// How often the slot's bell has rung: read it, look at everything, then sleep.
        #[inline]
        pub fn bell_seen(&self, slot: Slot) -> u32 {
            bell::seen(&self.mem, slot)
        }

        /// Wakes the slot's thread, wherever it sleeps.
        #[inline]
        pub fn ring(&self, slot: Slot) {
            if slot < SLOTS {
                bell::ring(&self.mem, slot)
            }
        }

        /// Blocks the slot's own thread until its bell differs from `seen`, for at most `timeout` and 200 ms. True: it does.
        pub fn sleep(&self, slot: Slot, seen: u32, timeout: Duration) -> bool {
            bell::sleep(&self.mem, slot, seen, timeout)
        }

        /// The pipe for the slot's event loop.
        pub fn bell_pipe(&'static self, slot: Slot) -> Result<BellPipe, Error> {
            BellPipe::open(self, slot)
        }
    }
}
#[cfg(not(loom))]
pub use real::ArenaOptions;
